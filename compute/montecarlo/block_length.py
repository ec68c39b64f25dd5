"""The mean block length of the stationary bootstrap that suits a series, by Politis and White.

References
----------
Politis and White (2004), Automatic block-length selection for the dependent bootstrap. Econometric Reviews 23(1).
Patton, Politis and White (2009), Correction to it. Econometric Reviews 28(4).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel()
def _autocovariances(deviations: NDArray[np.float64], covariances: NDArray[np.float64]) -> None:
    """Fill `covariances` with the autocovariances at lags 0, 1, ..., divided by the number of observations."""
    count = len(deviations)
    for lag in range(len(covariances)):
        total = 0.0
        for i in range(lag, count):
            total += deviations[i] * deviations[i - lag]
        covariances[lag] = total / count


def politis_white_block_length(series: NDArray[np.float64]) -> float:
    """Return the mean block length for the stationary bootstrap of a series.

    The flat-top kernel's bandwidth is twice the smallest lag after which max(5, sqrt(log10 n)) autocorrelations in a
    row stay below 2 sqrt(log10(n) / n); the length is at most min(3 sqrt(n), n / 3).

    Parameters
    ----------
    series
        Finite observations in the order of time, shape (observations,), at least 10.

    Returns
    -------
    float
        From 1, to two decimals, so that rounding in a mathematics library cannot change it.

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(size=1000)
    >>> politis_white_block_length(noise) < 5
    True
    >>> politis_white_block_length(np.cumsum(noise)) > 50
    True
    """
    count = len(series)
    deviations = np.ascontiguousarray(series - math.fsum(series) / count)
    run = max(5, math.ceil(math.sqrt(math.log10(count))))
    lag_max = min(math.ceil(math.sqrt(count)) + run, count - 1)
    covariances = np.empty(lag_max + 1)
    _autocovariances(deviations, covariances)
    if not covariances[0] > 0.0:
        return 1.0
    small = np.abs(covariances[1:] / covariances[0]) < 2.0 * math.sqrt(math.log10(count) / count)
    significant = lag_max
    for lag in range(lag_max - run + 1):
        if small[lag : lag + run].all():
            significant = lag
            break
    bandwidth = min(2 * max(significant, 1), lag_max)
    slope, spectrum = 0.0, float(covariances[0])
    for lag in range(1, bandwidth + 1):
        taper = min(1.0, 2.0 * (1.0 - lag / bandwidth))
        slope += 2.0 * taper * lag * float(covariances[lag])
        spectrum += 2.0 * taper * float(covariances[lag])
    if slope == 0.0 or spectrum == 0.0:
        return 1.0
    length: float = abs(slope / spectrum) ** (2.0 / 3.0) * count ** (1.0 / 3.0)
    return round(max(1.0, min(length, 3.0 * math.sqrt(count), count / 3.0)), 2)

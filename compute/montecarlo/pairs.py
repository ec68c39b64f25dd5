"""Errors of estimates from antithetic paths, which come in pairs 2i, 2i + 1 that depend on each other.

Treating the paths as independent would overstate the error, or understate it where the two move together. Every
estimate here is asymptotically the mean of its influence over the paths (the value itself for a mean, the indicator of
falling below for a quantile or a probability, the shortfall for an expected shortfall), so its variance is that of
independent paths times 1 + the correlation of the influence within pairs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo.moments import moments_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


def pair_factor(influence: NDArray[np.float64]) -> float:
    """Return the factor on a standard error: the root of 1 + the correlation within pairs; 1 when nothing varies.

    Parameters
    ----------
    influence
        Shape (paths,) in path order, an even number of them.

    Examples
    --------
    >>> pair_factor(np.array([1.0, 1.0, 3.0, 3.0]))
    1.4142135623730951
    >>> pair_factor(np.array([1.0, -1.0, 3.0, -3.0]))
    0.0
    """
    every = moments_of(influence)
    if not every.standard_deviation > 0.0:
        return 1.0
    pairs = influence.reshape(-1, 2)
    half = moments_of(np.ascontiguousarray(0.5 * (pairs[:, 0] + pairs[:, 1])))
    if half.count < 2:
        return 1.0
    # Variances with ddof 0, so that perfect correlation gives exactly its factor.
    whole = every.standard_deviation**2 * (every.count - 1) / every.count
    paired = half.standard_deviation**2 * (half.count - 1) / half.count
    return math.sqrt(2.0 * paired / whole)


def indicator_factor(below: NDArray[np.bool_]) -> float:
    """Return the factor for an indicator, from counts alone; see `pair_factor`."""
    count = len(below)
    share = int(np.count_nonzero(below)) / count
    if share in {0.0, 1.0}:
        return 1.0
    both = int(np.count_nonzero(below[0::2] & below[1::2])) / (count // 2)
    return math.sqrt(max(1.0 + (both - share * share) / (share * (1.0 - share)), 0.0))

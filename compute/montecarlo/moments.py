"""Central moments of an array with one fixed order of summation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCK: Final = 1024


@kernel()
def _block_sums(values: NDArray[np.float64], centre: float, sums: NDArray[np.float64]) -> None:
    """Set `sums`, shape (4, blocks), to the sums of the first four powers of ``values - centre``, block by block."""
    for block in range(sums.shape[1]):
        s1, s2, s3, s4 = 0.0, 0.0, 0.0, 0.0
        for i in range(block * _BLOCK, min((block + 1) * _BLOCK, len(values))):
            deviation = values[i] - centre
            square = deviation * deviation
            s1 += deviation
            s2 += square
            s3 += square * deviation
            s4 += square * square
        sums[0, block], sums[1, block], sums[2, block], sums[3, block] = s1, s2, s3, s4


def power_sums(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums of the first four powers of a finite, contiguous array, in a fixed order; shape (4,)."""
    sums = np.empty((4, -(-len(values) // _BLOCK)))
    _block_sums(values, 0.0, sums)
    return np.array([math.fsum(row) for row in sums])


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean, standard deviation (ddof 1, NaN for a single value), skewness, and kurtosis, 3 when normal."""

    count: int
    mean: float
    standard_deviation: float
    skewness: float
    kurtosis: float


def moments_of(values: NDArray[np.float64]) -> Moments:
    """Return the moments of a non-empty, finite, contiguous array; the same bits wherever it is computed.

    The order of summation is fixed: within blocks one by one, and over the blocks exactly.

    Examples
    --------
    >>> moments_of(np.array([1.0, 2.0, 3.0, 6.0]))
    Moments(count=4, mean=3.0, standard_deviation=2.160246899469287, skewness=0.6872431934890912, kurtosis=2.0)
    """
    count = len(values)
    sums = np.empty((4, -(-count // _BLOCK)))
    rough = float(values[0])
    _block_sums(values, rough, sums)
    mean = rough + math.fsum(sums[0]) / count
    _block_sums(values, mean, sums)
    m2, m3, m4 = (math.fsum(row) / count for row in sums[1:])
    if count < 2:
        return Moments(count, mean, math.nan, math.nan, math.nan)
    deviation = math.sqrt(m2 * count / (count - 1))
    if m2 == 0.0:
        return Moments(count, mean, 0.0, math.nan, math.nan)
    return Moments(count, mean, deviation, m3 / (m2 * math.sqrt(m2)), m4 / (m2 * m2))

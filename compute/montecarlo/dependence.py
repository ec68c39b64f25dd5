"""Errors of estimates from paths that depend on each other: antithetic pairs, and points of scrambled sequences.

Treating such paths as independent would overstate the error, or understate it where they move together. Every estimate
here is asymptotically the mean of its influence over the paths (the value itself for a mean, the indicator of falling
below for a quantile or a probability, the shortfall for an expected shortfall), so its error is that of independent
paths times a factor which the influence alone decides:

* pairs 2i, 2i + 1: the root of 1 + the correlation within pairs;
* scrambles, path p in number p % 32: what the means of the 32 scrambles, which are independent, say of the error of
  their own mean, over what as many independent paths would have.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import special

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.moments import moments_of
from riskwave.compute.montecarlo.sobol import SCRAMBLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_PLACE_DEVIATION: Final = math.sqrt(0.5)
"""Standard deviation, in ranks, of the middle of two neighbours around a quantile: none is known better than that."""


@dataclass(frozen=True, slots=True)
class Dependence:
    """How the paths of a simulation depend on each other.

    Parameters
    ----------
    label
        What the errors come from, for the method of an estimate; empty for independent paths.
    group
        Consecutive paths that are used whole or not at all: a pair, or one point of every scramble.
    """

    label: str
    group: int

    def factor(self, influence: NDArray[np.float64]) -> float:
        """Return the factor on a standard error; `influence`, shape (paths,), is in path order."""
        if self.group == 1:
            return 1.0
        return pair_factor(influence) if self.group == 2 else scramble_factor(influence)

    def indicator_factor(self, below: NDArray[np.bool_]) -> float:
        """Return the factor for an indicator; see `factor`.

        Counts that cancel, or differ by a path at most, do not say that nothing is left of the error: a factor is never
        smaller than what the middle of two neighbouring paths is known by.
        """
        share = int(np.count_nonzero(below)) / len(below)
        if self.group == 1 or share in {0.0, 1.0}:
            return 1.0
        found = indicator_factor(below) if self.group == 2 else scramble_indicator_factor(below)
        return max(found, _PLACE_DEVIATION / math.sqrt(len(below) * share * (1.0 - share)))

    def degrees_of_freedom(self, count: int) -> int:
        """Return those of the error of a mean of `count` paths."""
        return SCRAMBLES - 1 if self.group == SCRAMBLES else count // self.group - 1

    def rank_widening(self, confidence: float) -> float:
        """Return by how much an interval of ranks is wider because its factor is itself an estimate from scrambles."""
        if self.group != SCRAMBLES:
            return 1.0
        level = 0.5 + 0.5 * confidence
        return float(special.stdtrit(SCRAMBLES - 1, level) / special.ndtri(level))


INDEPENDENT_PATHS: Final = Dependence("", 1)
ANTITHETIC_PAIRS: Final = Dependence("pair means", 2)
SOBOL_SCRAMBLES: Final = Dependence("means of scrambles", SCRAMBLES)

DEPENDENCES: Final[Mapping[str, Dependence]] = {
    "independent": INDEPENDENT_PATHS,
    "antithetic": ANTITHETIC_PAIRS,
    "sobol": SOBOL_SCRAMBLES,
}
"""By the name of the sampling."""


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


@kernel()
def _scramble_sums(values: NDArray[np.float64], centre: float, sums: NDArray[np.float64]) -> None:
    """Set `sums`, shape (scrambles,), to those of ``values - centre``, in path order."""
    sums[:] = 0.0
    for first in range(0, len(values), len(sums)):
        for scramble in range(len(sums)):
            sums[scramble] += values[first + scramble] - centre


def scramble_factor(influence: NDArray[np.float64]) -> float:
    """Return the factor on a standard error that the means of the scrambles say; 1 when nothing varies.

    Parameters
    ----------
    influence
        Shape (paths,) in path order, a multiple of 32 of them: one of each scramble after the other.

    Examples
    --------
    >>> points = np.random.default_rng(1).random((100, 32))
    >>> 0.7 < scramble_factor(points.ravel()) < 1.3
    True
    >>> scramble_factor((points - points.mean(axis=0)).ravel()) < 1e-6
    True
    """
    every = moments_of(influence)
    if not every.standard_deviation > 0.0:
        return 1.0
    sums = np.empty(SCRAMBLES)
    _scramble_sums(influence, every.mean, sums)
    return _factor(sums, every.standard_deviation**2, every.count)


def scramble_indicator_factor(below: NDArray[np.bool_]) -> float:
    """Return the factor for an indicator, from counts alone; see `scramble_factor`."""
    count = len(below)
    counts = np.count_nonzero(below.reshape(-1, SCRAMBLES), axis=0)
    share = int(counts.sum()) / count
    if share in {0.0, 1.0}:
        return 1.0
    return _factor(counts - share * (count // SCRAMBLES), share * (1.0 - share), count)


def _factor(sums: NDArray[np.float64], variance: float, count: int) -> float:
    """Return the root of the variance of a mean that the scrambles' sums of deviations say over independent paths'."""
    mean = math.fsum(sums) / SCRAMBLES
    spread = math.fsum((value - mean) ** 2 for value in sums)
    return math.sqrt(spread * SCRAMBLES / ((SCRAMBLES - 1) * count * variance))

"""From the paths of a simulation to its statistics, each with its error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import special

from riskwave.compute.estimates import (
    Estimate,
    expected_shortfall_estimate,
    mean_estimate,
    mean_standard_error,
    order_statistic_ranks,
    positive_estimate,
    probability_estimate,
    quantile_standard_error,
    standard_deviation_standard_error,
    student_estimate,
)
from riskwave.compute.montecarlo.dependence import INDEPENDENT_PATHS, Dependence
from riskwave.compute.montecarlo.moments import Moments, moments_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

QUANTILE_PROBABILITIES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""The quantiles that every distribution is summarised by."""

TAIL_PROBABILITIES: Final = (0.05, 0.01)
"""The tails for which every result has quantile and expected shortfall."""

HISTOGRAM_BINS_MAX: Final = 200

_UNDEFINED = Estimate(math.nan, method="undefined for every path")


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile at a probability (a fraction), with its interval."""

    probability: float
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Tail:
    """Quantile and mean of the values at or below it, for one probability; a loss is negative."""

    probability: float
    value_at_risk: Estimate
    expected_shortfall: Estimate


@dataclass(frozen=True, eq=False, slots=True)
class Histogram:
    """Counts in bins of equal width; one more edge than counts, and the last bin includes its right edge."""

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class DistributionSummary:
    """The distribution of one number over the paths.

    Parameters
    ----------
    name
        returns, volatilities, max_drawdowns or sharpe_ratios.
    count, undefined_count
        Paths with and without the number; those without are left out of everything else.
    mean, standard_deviation
        With their errors.
    minimum, maximum
        Smallest and largest value; NaN when there is none.
    quantiles
        At `QUANTILE_PROBABILITIES` and the probabilities that were asked for, ascending.
    tails
        At `TAIL_PROBABILITIES` and the probabilities that were asked for, in that order.
    histogram
        Counts in bins.
    """

    name: str
    count: int
    undefined_count: int
    mean: Estimate
    standard_deviation: Estimate
    minimum: float
    maximum: float
    quantiles: tuple[Quantile, ...]
    tails: tuple[Tail, ...]
    histogram: Histogram


def quantile_of_sorted(ordered: NDArray[np.float64], probability: float) -> float:
    """Return the quantile by linear interpolation (type 7, NumPy's default) without sorting again."""
    position = (len(ordered) - 1) * probability
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    low, high = float(ordered[below]), float(ordered[above])
    return low + (high - low) * (position - below)


def quantile_of(
    ordered: NDArray[np.float64], probability: float, confidence: float, factor: float = 1.0, widening: float = 1.0
) -> Estimate:
    """Return a quantile with its order-statistic interval.

    Parameters
    ----------
    ordered
        Values in ascending order, shape (values,).
    probability, confidence
        Fractions.
    factor
        On the standard error, for paths that depend on each other.
    widening
        On the interval's ranks besides, where the factor is itself uncertain.
    """
    count = len(ordered)
    lower, upper = interval_ranks(count, probability, confidence, factor * widening)
    return Estimate(
        quantile_of_sorted(ordered, probability),
        quantile_standard_error(ordered, probability) * factor if count > 1 else math.nan,
        float(ordered[lower - 1]) if lower > 0 else -math.inf,
        float(ordered[upper - 1]) if upper <= count else math.inf,
        confidence,
        "sample quantile (linear); order statistics",
    )


def interval_ranks(count: int, probability: float, confidence: float, factor: float) -> tuple[int, int]:
    """Return the ranks of `order_statistic_ranks`, their distance from the quantile's own times a factor."""
    lower, upper = order_statistic_ranks(count, probability, confidence)
    if factor == 1.0:
        return lower, upper
    centre = count * probability
    # The upper rank is one above the largest likely count; so the two still enclose something where paths cancel.
    return (
        max(math.floor(centre + (lower - centre) * factor), 0),
        min(math.ceil(centre + (upper - 1 - centre) * factor) + 1, count + 1),
    )


def probability_of(below: NDArray[np.bool_], confidence: float, dependence: Dependence = INDEPENDENT_PATHS) -> Estimate:
    """Return a frequency with its binomial interval, or that of means where paths depend on each other."""
    count = len(below)
    successes = int(np.count_nonzero(below))
    if dependence.group == 1:
        return probability_estimate(successes, count, confidence)
    factor = dependence.indicator_factor(below)
    share = successes / count
    error = factor * math.sqrt(share * (1.0 - share) / count)
    if share in {0.0, 1.0}:
        return probability_estimate(successes // dependence.group, count // dependence.group, confidence)
    half_path = 0.5 / count
    degrees = max(dependence.degrees_of_freedom(count), 1)
    margin = float(special.stdtrit(degrees, 0.5 + 0.5 * confidence)) * error + half_path
    low, high = max(share - margin, 0.0), min(share + margin, 1.0)
    return Estimate(share, error, low, high, confidence, f"frequency; {dependence.label}, Student t")


def expected_shortfall_of(
    values: NDArray[np.float64],
    ordered: NDArray[np.float64],
    quantile: Quantile,
    confidence: float,
    dependence: Dependence = INDEPENDENT_PATHS,
) -> Estimate:
    """Return the mean of the values at or below a quantile; `values` are in path order."""
    edge = quantile.estimate.value
    estimate = expected_shortfall_estimate(ordered, quantile.probability, confidence, value_at_risk=edge)
    if dependence.group == 1 or not math.isfinite(estimate.standard_error):
        return estimate
    error = estimate.standard_error * dependence.factor(np.minimum(values - edge, 0.0))
    size = int(np.searchsorted(ordered, edge, side="right"))
    degrees = min(size - 1, dependence.degrees_of_freedom(len(values)))
    return student_estimate(estimate.value, error, degrees, confidence, f"{estimate.method}; {dependence.label}")


def histogram_of(ordered: NDArray[np.float64]) -> Histogram:
    """Return the histogram of sorted values, with the bin width of Freedman and Diaconis and at most 200 bins."""
    low, high = float(ordered[0]), float(ordered[-1])
    if low == high:
        return Histogram(np.array([low, high]), np.array([len(ordered)], dtype=np.int64))
    spread = quantile_of_sorted(ordered, 0.75) - quantile_of_sorted(ordered, 0.25)
    width = 2.0 * spread / len(ordered) ** (1.0 / 3.0)
    bins = HISTOGRAM_BINS_MAX
    if width > 0.0:
        bins = int(min(max(math.ceil((high - low) / width), 1), HISTOGRAM_BINS_MAX))
    edges = low + (high - low) * (np.arange(bins + 1) / bins)
    edges[-1] = high
    cumulative = np.searchsorted(ordered, edges, side="left")
    cumulative[-1] = len(ordered)
    return Histogram(edges, np.diff(cumulative).astype(np.int64))


def summarize_distribution(
    name: str,
    values: NDArray[np.float64],
    probabilities: Sequence[float],
    confidence: float,
    dependence: Dependence = INDEPENDENT_PATHS,
) -> DistributionSummary:
    """Summarise one number of all paths, NaN where a path has none.

    Parameters
    ----------
    name
        What the number is.
    values
        Shape (paths,).
    probabilities
        Probabilities wanted besides the usual ones.
    confidence
        Confidence of the intervals.
    dependence
        How paths depend on each other.
    """
    undefined = np.isnan(values)
    undefined_count = int(np.count_nonzero(undefined))
    if undefined_count:
        if dependence.group > 1:  # a pair is used whole or not at all
            undefined = np.repeat(undefined.reshape(-1, dependence.group).any(axis=1), dependence.group)
        values = values[~undefined]
    tail_probabilities = tuple(dict.fromkeys((*TAIL_PROBABILITIES, *probabilities)))
    quantile_probabilities = sorted({*QUANTILE_PROBABILITIES, *tail_probabilities})
    if len(values) == 0:
        return undefined_summary(name, undefined_count, quantile_probabilities, tail_probabilities)
    ordered, moments = np.sort(values), moments_of(values)
    widening = dependence.rank_widening(confidence)
    quantiles = {}
    for p in quantile_probabilities:
        factor = dependence.indicator_factor(values <= quantile_of_sorted(ordered, p)) if dependence.group > 1 else 1.0
        quantiles[p] = Quantile(p, quantile_of(ordered, p, confidence, factor, widening))
    return DistributionSummary(
        name=name,
        count=len(values),
        undefined_count=undefined_count,
        mean=_mean_of(values, moments, confidence, dependence),
        standard_deviation=_standard_deviation_of(values, moments, confidence, dependence),
        minimum=float(ordered[0]),
        maximum=float(ordered[-1]),
        quantiles=tuple(quantiles.values()),
        tails=tuple(
            Tail(
                p,
                quantiles[p].estimate,
                expected_shortfall_of(values, ordered, quantiles[p], confidence, dependence),
            )
            for p in tail_probabilities
        ),
        histogram=histogram_of(ordered),
    )


def undefined_summary(
    name: str, undefined_count: int, quantile_probabilities: Sequence[float], tail_probabilities: Sequence[float]
) -> DistributionSummary:
    """Return the summary of a number that no path has."""
    return DistributionSummary(
        name=name,
        count=0,
        undefined_count=undefined_count,
        mean=_UNDEFINED,
        standard_deviation=_UNDEFINED,
        minimum=math.nan,
        maximum=math.nan,
        quantiles=tuple(Quantile(p, _UNDEFINED) for p in quantile_probabilities),
        tails=tuple(Tail(p, _UNDEFINED, _UNDEFINED) for p in tail_probabilities),
        histogram=Histogram(np.empty(0), np.empty(0, dtype=np.int64)),
    )


def _mean_of(values: NDArray[np.float64], moments: Moments, confidence: float, dependence: Dependence) -> Estimate:
    if dependence.group == 1:
        return mean_estimate(moments.mean, moments.standard_deviation, moments.count, confidence)
    error = mean_standard_error(moments.standard_deviation, moments.count) * dependence.factor(values)
    degrees = dependence.degrees_of_freedom(moments.count)
    return student_estimate(moments.mean, error, degrees, confidence, f"mean; {dependence.label}, Student t")


def _standard_deviation_of(
    values: NDArray[np.float64], moments: Moments, confidence: float, dependence: Dependence
) -> Estimate:
    deviation = moments.standard_deviation
    error = standard_deviation_standard_error(deviation, moments.kurtosis, moments.count)
    if dependence.group == 1:
        return positive_estimate(deviation, error, confidence, "sample; fourth moment")
    error *= dependence.factor((values - moments.mean) ** 2)
    degrees = dependence.degrees_of_freedom(moments.count)
    return positive_estimate(deviation, error, confidence, f"sample; fourth moment; {dependence.label}", degrees)

"""Numbers that were estimated from a sample, with their error.

Every function takes the observations as independent draws of one distribution. Where they are not (overlapping windows,
volatility clusters), the errors are too small, and resampling in blocks is the remedy.

Nothing here validates: counts are positive, probabilities and confidences lie strictly between 0 and 1, samples are
finite, and ordered ones ascend. The functions that callers use see to that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import NDArray

ShortfallEstimator = Literal["tail_mean", "rockafellar_uryasev"]

SHORTFALL_ESTIMATORS: tuple[ShortfallEstimator, ...] = ("tail_mean", "rockafellar_uryasev")
"""The ways to estimate an expected shortfall, the default first."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number that was estimated, with its error.

    Parameters
    ----------
    value
        The estimate. NaN where it is undefined, such as a ratio with a zero denominator.
    standard_error
        One standard error, same unit. NaN where the sample gives none, 0 where the value is exact.
    low, high
        Ends of the two-sided confidence interval, same unit. NaN where there is no interval; an infinite end means that
        the sample is too small to bound that side at this confidence.
    confidence
        Confidence of the interval as a fraction; 0 where there is no interval.
    method
        How value and error were made.
    """

    value: float
    standard_error: float = math.nan
    low: float = math.nan
    high: float = math.nan
    confidence: float = 0.0
    method: str = ""

    def scaled(self, factor: float) -> Estimate:
        """Return the estimate in another unit, such as a year's instead of a day's; `factor` is positive."""
        return Estimate(
            self.value * factor,
            self.standard_error * factor,
            self.low * factor,
            self.high * factor,
            self.confidence,
            self.method,
        )


def normal_estimate(value: float, standard_error: float, confidence: float, method: str) -> Estimate:
    """Return `value` with the symmetric interval that a normal sampling distribution gives it."""
    if not math.isfinite(value) or not math.isfinite(standard_error):
        return Estimate(value, method=method)
    margin = float(special.ndtri(0.5 + 0.5 * confidence)) * standard_error
    return Estimate(value, standard_error, value - margin, value + margin, confidence, method)


def student_estimate(
    value: float, standard_error: float, degrees_of_freedom: int, confidence: float, method: str
) -> Estimate:
    """Return `value` with the symmetric interval for a standard error that was itself estimated."""
    if degrees_of_freedom < 1 or not math.isfinite(value) or not math.isfinite(standard_error):
        return Estimate(value, method=method)
    margin = float(special.stdtrit(degrees_of_freedom, 0.5 + 0.5 * confidence)) * standard_error
    return Estimate(value, standard_error, value - margin, value + margin, confidence, method)


def positive_estimate(
    value: float, standard_error: float, confidence: float, method: str, degrees_of_freedom: int = 0
) -> Estimate:
    """Return a positive `value` with an interval that is symmetric in its logarithm, so that it stays positive.

    The interval is Student's where the standard error has degrees of freedom, and the normal one otherwise.
    """
    if not value > 0.0 or not math.isfinite(standard_error):
        return Estimate(value, standard_error if value == 0.0 else math.nan, method=method)
    level = 0.5 + 0.5 * confidence
    width = special.stdtrit(degrees_of_freedom, level) if degrees_of_freedom > 0 else special.ndtri(level)
    factor = math.exp(float(width) * standard_error / value)
    return Estimate(value, standard_error, value / factor, value * factor, confidence, method)


def mean_standard_error(standard_deviation: float, count: int) -> float:
    """Return the standard error of a mean: standard deviation (ddof 1) over the root of the count."""
    return standard_deviation / math.sqrt(count)


def mean_estimate(mean: float, standard_deviation: float, count: int, confidence: float) -> Estimate:
    """Return a sample's mean with the interval of Student's t.

    Parameters
    ----------
    mean, standard_deviation
        Of the sample; the standard deviation with ddof 1, NaN for a single observation.
    count
        Number of observations.
    confidence
        Confidence of the interval as a fraction.
    """
    error = mean_standard_error(standard_deviation, count)
    return student_estimate(mean, error, count - 1, confidence, "mean; Student t")


def standard_deviation_standard_error(standard_deviation: float, kurtosis: float, count: int) -> float:
    """Return the standard error of a standard deviation, for any distribution with a fourth moment.

    Var(s^2) = sigma^4 (kurtosis - (n - 3) / (n - 1)) / n, and the root halves the relative error. `kurtosis` is 3 for a
    normal distribution.
    """
    if count < 2:
        return math.nan
    return 0.5 * standard_deviation * math.sqrt(max(kurtosis - (count - 3) / (count - 1), 0.0) / count)


def probability_estimate(successes: int, count: int, confidence: float) -> Estimate:
    """Return a frequency with the exact binomial interval of Clopper and Pearson (1934).

    Its coverage is at least `confidence` for every probability, and it is not empty for 0 or `count` successes.
    """
    share = successes / count
    tail = 0.5 * (1.0 - confidence)
    low = 0.0 if successes == 0 else float(special.betaincinv(successes, count - successes + 1, tail))
    high = 1.0 if successes == count else float(special.betainccinv(successes + 1, count - successes, tail))
    error = math.sqrt(share * (1.0 - share) / count)
    return Estimate(share, error, low, high, confidence, "frequency; Clopper-Pearson")


@lru_cache(maxsize=64)
def order_statistic_ranks(count: int, probability: float, confidence: float) -> tuple[int, int]:
    """Return the ranks of the two observations that enclose a quantile with at least `confidence`.

    The number of observations below the quantile is binomial whatever the distribution, so this holds for every
    continuous one and for every sample size.

    Returns
    -------
    tuple of int
        Ranks counted from 1 in ascending order. 0 means that no observation bounds the quantile from below at this
        confidence, `count` + 1 that none does from above.

    Examples
    --------
    >>> order_statistic_ranks(1_000, 0.05, 0.95)
    (37, 65)
    >>> order_statistic_ranks(250, 0.01, 0.95)
    (0, 7)
    """
    tail = 0.5 * (1.0 - confidence)
    return _binomial_quantile(tail, count, probability), _binomial_quantile(1.0 - tail, count, probability) + 1


def _binomial_quantile(level: float, count: int, probability: float) -> int:
    """Return the smallest number of successes whose cumulative probability reaches `level`."""
    successes = min(max(math.ceil(float(special.bdtrik(level, count, probability))), 0), count)
    # The inverse is accurate to rounding only; one step either way makes it exact.
    while successes > 0 and special.bdtr(successes - 1, count, probability) >= level:
        successes -= 1
    while successes < count and special.bdtr(successes, count, probability) < level:
        successes += 1
    return successes


def quantile_standard_error(ordered: NDArray[np.float64], probability: float) -> float:
    """Return the standard error of a quantile without estimating a density.

    Maritz and Jarrett (1978): the rank of the quantile in a new sample has a beta distribution, which weights the
    observations around it. Only the observations that can carry weight are touched, so the cost grows with the square
    root of the count.

    Parameters
    ----------
    ordered
        Observations in ascending order, shape (observations,).
    probability
        The quantile's probability, between 0 and 1.
    """
    first, weights = _rank_weights(len(ordered), probability)
    near = ordered[first : first + len(weights)]
    mean = weights @ near / weights.sum()
    return math.sqrt(weights @ (near - mean) ** 2 / weights.sum())


@lru_cache(maxsize=32)
def _rank_weights(count: int, probability: float) -> tuple[int, NDArray[np.float64]]:
    """Return the first observation that carries weight, and the weights; several samples of one size share them."""
    rank = (count - 1) * probability + 1.0
    reach = 9.0 * math.sqrt(count * probability * (1.0 - probability)) + 12.0
    first = max(math.floor(rank - reach), 0)
    last = min(math.ceil(rank + reach), count)
    cumulative = special.betainc(rank, count + 1.0 - rank, np.arange(first, last + 1) / count)
    weights: NDArray[np.float64] = np.diff(cumulative)
    weights.setflags(write=False)
    return first, weights


def quantile_estimate(
    ordered: NDArray[np.float64], probability: float, confidence: float, quantile_method: str = "linear"
) -> Estimate:
    """Return a quantile with its order-statistic interval, which holds for every continuous distribution.

    Parameters
    ----------
    ordered
        Observations in ascending order, shape (observations,).
    probability
        The quantile's probability, between 0 and 1.
    confidence
        Confidence of the interval as a fraction.
    quantile_method
        A method of `numpy.quantile`; ``linear`` is its default, type 7 of Hyndman and Fan (1996).

    Returns
    -------
    Estimate
        An end is infinite where the sample is too small to bound that side.
    """
    count = len(ordered)
    value = float(np.quantile(ordered, probability, method=quantile_method))  # type: ignore[call-overload]
    lower, upper = order_statistic_ranks(count, probability, confidence)
    return Estimate(
        value,
        quantile_standard_error(ordered, probability) if count > 1 else math.nan,
        float(ordered[lower - 1]) if lower > 0 else -math.inf,
        float(ordered[upper - 1]) if upper <= count else math.inf,
        confidence,
        f"sample quantile ({quantile_method}); order statistics",
    )


def expected_shortfall(
    ordered: NDArray[np.float64],
    probability: float,
    estimator: ShortfallEstimator = "tail_mean",
    value_at_risk: float | None = None,
) -> tuple[float, float, int]:
    """Return the expected shortfall of the lower tail, the quantile that it belongs to, and the size of the tail.

    Parameters
    ----------
    ordered
        Observations in ascending order, shape (observations,).
    probability
        Probability of the tail, such as 0.05.
    estimator
        ``tail_mean`` is the mean of the observations at or below the quantile. ``rockafellar_uryasev`` (2002) is the
        mean of the worst `probability` of the empirical distribution, where the observation at its edge counts with the
        part of it that is inside.
    value_at_risk
        The quantile for ``tail_mean``; the linear one when None. ``rockafellar_uryasev`` has its own, the inverse of
        the empirical distribution function.

    Returns
    -------
    tuple of float, float, int
        Expected shortfall, quantile, and the number of observations in the tail.
    """
    if estimator == "tail_mean":
        edge = float(np.quantile(ordered, probability)) if value_at_risk is None else value_at_risk
        size = int(np.searchsorted(ordered, edge, side="right"))
        return float(ordered[:size].mean()), edge, size
    inside = len(ordered) * probability
    index = math.ceil(inside) - 1
    edge = float(ordered[index])
    return float(ordered[:index].sum()) / inside + edge * (1.0 - index / inside), edge, index + 1


def expected_shortfall_estimate(
    ordered: NDArray[np.float64],
    probability: float,
    confidence: float,
    estimator: ShortfallEstimator = "tail_mean",
    value_at_risk: float | None = None,
) -> Estimate:
    """Return the expected shortfall of the lower tail with its error; see `expected_shortfall` for the parameters.

    The error is asymptotic: sqrt((Var[X | X <= q] + (1 - p) (ES - q)^2) / (n p)). The interval is Student's with one
    degree of freedom less than the tail has observations, because those are what was averaged. A tail of one
    observation has neither.
    """
    value, edge, size = expected_shortfall(ordered, probability, estimator, value_at_risk)
    method = "mean at or below VaR" if estimator == "tail_mean" else "Rockafellar-Uryasev"
    if size < 2:
        return Estimate(value, method=method + "; the tail holds one observation")
    within = float(ordered[:size].var(ddof=1))
    error = math.sqrt((within + (1.0 - probability) * (value - edge) ** 2) / (len(ordered) * probability))
    return student_estimate(value, error, size - 1, confidence, method + "; asymptotic, Student t")

"""Statistical tests of value at risk and expected shortfall forecasts against what came.

A forecast is a return, negative for a loss; a period exceeds it when its return is below.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import special

from riskwave.compute.risk.tails import normal_tail, student_tail

if TYPE_CHECKING:
    from numpy.typing import NDArray

Outcome = Literal["accepted", "rejected", "green", "yellow", "red", "undefined"]

YELLOW_FROM, RED_FROM = 0.95, 0.9999
"""Cumulative probabilities at which the Basel zones begin (Basel Committee 1996)."""


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """The outcome of one test.

    Parameters
    ----------
    name
        Name of the test.
    statistic
        Its statistic; NaN where undefined.
    p_value
        Probability of a statistic at least this bad if the forecasts are right.
    outcome
        ``rejected`` when the p-value is below the significance; zones for Basel; ``undefined`` without a statistic.
    """

    name: str
    statistic: float
    p_value: float
    outcome: Outcome


def kupiec(exceedances: int, count: int, probability: float, significance: float = 0.05) -> BacktestResult:
    """Test whether exceedances are as frequent as promised (Kupiec 1995), by the likelihood ratio, chi-squared(1).

    Parameters
    ----------
    exceedances, count
        Number of exceedances and of forecasts.
    probability
        The promised frequency, such as 0.01 for value at risk at 99 %.
    significance
        At which to reject.

    Examples
    --------
    >>> round(kupiec(10, 250, 0.01).statistic, 6)
    12.955491
    """
    statistic = _unconditional_ratio(exceedances, count, probability)
    return _chi_squared("kupiec", statistic, 1, significance)


def christoffersen_independence(hits: NDArray[np.bool_], significance: float = 0.05) -> BacktestResult:
    """Test whether an exceedance tells nothing of the next period (Christoffersen 1998), chi-squared(1).

    Parameters
    ----------
    hits
        Whether each period exceeded its forecast, shape (forecasts,).
    significance
        At which to reject.
    """
    return _chi_squared("christoffersen_independence", _independence_ratio(hits), 1, significance)


def christoffersen_conditional_coverage(
    hits: NDArray[np.bool_], probability: float, significance: float = 0.05
) -> BacktestResult:
    """Test frequency and independence together (Christoffersen 1998), chi-squared(2).

    The two ratios are added, the frequency's over all forecasts, the independence's over the transitions between them.
    """
    statistic = _unconditional_ratio(int(hits.sum()), len(hits), probability) + _independence_ratio(hits)
    return _chi_squared("christoffersen_conditional_coverage", statistic, 2, significance)


def basel_traffic_light(exceedances: int, count: int, probability: float) -> BacktestResult:
    """Return the Basel zone; the statistic is the number of exceedances, the p-value that of as many or more.

    The zones are those of the cumulative binomial probability: yellow from 95 %, red from 99.99 %, for every number of
    forecasts and every level; for 250 days at 99 % they begin at 5 and 10 exceedances.
    """
    cumulative = float(special.bdtr(exceedances, count, probability))
    zone: Outcome = "green" if cumulative < YELLOW_FROM else "yellow" if cumulative < RED_FROM else "red"
    p_value = float(special.bdtrc(exceedances - 1, count, probability)) if exceedances > 0 else 1.0
    return BacktestResult("basel", float(exceedances), p_value, zone)


def acerbi_szekely_z2(
    returns: NDArray[np.float64],
    value_at_risk: NDArray[np.float64],
    expected_shortfall: NDArray[np.float64],
    probability: float,
    significance: float = 0.05,
    degrees_of_freedom: float = math.inf,
) -> BacktestResult:
    """Test expected shortfall by Acerbi's and Szekely's second statistic (2014), which needs no model to be kept.

    Z = 1 - sum(x_t I_t / ES_t) / (T p) with x_t and ES_t negative; its mean is 0 for right forecasts, and negative when
    losses beyond value at risk are too many or too large. The p-value is that of independent returns from a normal or
    Student's t distribution, computed and not simulated; see `acerbi_szekely_p_value`.

    Parameters
    ----------
    returns, value_at_risk, expected_shortfall
        What came, and the forecasts, as returns, shape (forecasts,). Undefined if a shortfall is not negative.
    probability
        The tail's, such as 0.025.
    significance
        At which to reject.
    degrees_of_freedom
        Of the t distribution, above 1; infinite for the normal.
    """
    if not (expected_shortfall < 0.0).all():
        return BacktestResult("acerbi_szekely_z2", math.nan, math.nan, "undefined")
    hits = returns < value_at_risk
    statistic = 1.0 - float((returns[hits] / expected_shortfall[hits]).sum()) / (len(returns) * probability)
    p_value = acerbi_szekely_p_value(statistic, len(returns), probability, degrees_of_freedom)
    outcome: Outcome = "rejected" if p_value < significance else "accepted"
    return BacktestResult("acerbi_szekely_z2", statistic, p_value, outcome)


def acerbi_szekely_p_value(
    statistic: float, count: int, probability: float, degrees_of_freedom: float = math.inf
) -> float:
    """Return the probability of a Z at or below `statistic` for right forecasts.

    (1 - Z) T p is a sum of T independent terms: 0, or with the tail's probability a loss beyond value at risk in units
    of expected shortfall. Its distribution is the T-th power of one term's characteristic function, on a grid.
    """
    total = (1.0 - statistic) * count * probability
    if total <= 0.0:
        return 1.0
    deviation = math.sqrt(count * probability)
    points = 1 << 16
    step = max(count * probability + 60.0 * deviation + 20.0, 2.0 * total) / points
    edges: NDArray[np.float64] = (np.arange(points + 1, dtype=np.float64) - 0.5) * step
    cumulative = _tail_ratio_cumulative(edges, probability, degrees_of_freedom)
    term = probability * np.diff(cumulative)
    term[-1] += probability * (1.0 - cumulative[-1])  # what lies beyond the grid counts as its end
    term[0] += 1.0 - probability
    # Twice the length, so that sums beyond the end do not come around to the beginning.
    sums = np.fft.irfft(np.fft.rfft(term, 2 * points) ** count, 2 * points)
    return float(min(max(1.0 - sums[: math.ceil(total / step - 0.5)].sum(), 0.0), 1.0))


def _tail_ratio_cumulative(
    ratios: NDArray[np.float64], probability: float, degrees_of_freedom: float
) -> NDArray[np.float64]:
    """Return the distribution function of loss over expected shortfall, given that value at risk was exceeded."""
    if math.isinf(degrees_of_freedom):
        below = np.asarray(special.ndtr(ratios * normal_tail(probability)[1]), dtype=np.float64)
    else:
        scaled = ratios * student_tail(probability, degrees_of_freedom)[1]
        below = np.asarray(special.stdtr(degrees_of_freedom, scaled), dtype=np.float64)
    result: NDArray[np.float64] = 1.0 - np.minimum(below / probability, 1.0)
    return result


def _unconditional_ratio(exceedances: int, count: int, probability: float) -> float:
    promised = _log_likelihood(exceedances, count, probability)
    return 2.0 * (_log_likelihood(exceedances, count, exceedances / count) - promised)


def _independence_ratio(hits: NDArray[np.bool_]) -> float:
    before, after = hits[:-1], hits[1:]
    after_quiet, quiet = int((~before & after).sum()), int((~before).sum())
    after_hit, hit = int((before & after).sum()), int(before.sum())
    together = _log_likelihood(after_quiet + after_hit, len(after), (after_quiet + after_hit) / len(after))
    apart = sum(
        _log_likelihood(ones, all_, ones / all_) for ones, all_ in ((after_quiet, quiet), (after_hit, hit)) if all_
    )
    return max(2.0 * (apart - together), 0.0)


def _log_likelihood(ones: int, count: int, probability: float) -> float:
    """Return the logarithm of p^ones (1 - p)^(count - ones), where 0^0 is 1."""
    return float(special.xlogy(ones, probability) + special.xlog1py(count - ones, -probability))


def _chi_squared(name: str, statistic: float, degrees_of_freedom: int, significance: float) -> BacktestResult:
    p_value = float(special.chdtrc(degrees_of_freedom, statistic))
    return BacktestResult(name, statistic, p_value, "rejected" if p_value < significance else "accepted")

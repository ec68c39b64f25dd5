"""What a risk measure is computed from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.estimates import (
    SHORTFALL_ESTIMATORS,
    Estimate,
    ShortfallEstimator,
    expected_shortfall_estimate,
    mean_standard_error,
    normal_estimate,
    quantile_estimate,
)
from riskwave.compute.risk.inputs import PERIODS_PER_YEAR_MAX, check_choice, check_number
from riskwave.compute.risk.wealth import WealthCurve

if TYPE_CHECKING:
    from numpy.typing import NDArray

EPSILON = float(np.finfo(np.float64).eps)

QUANTILE_METHODS = ("linear", "inverted_cdf", "weibull", "median_unbiased")
"""Ways to take a quantile of a sample, the default first; they are those of `numpy.quantile`."""


@dataclass(frozen=True, slots=True)
class RiskSettings:
    """The conventions of a report.

    Parameters
    ----------
    periods_per_year
        By which means, and by whose root deviations, are annualised.
    risk_free_rate
        A year, as a fraction; a period's is this over `periods_per_year`.
    confidence
        Confidence of the intervals as a fraction.
    shortfall_estimator
        Estimator of expected shortfall; see `riskwave.compute.estimates.expected_shortfall`.
    quantile_method
        A method of `numpy.quantile` for value at risk.
    """

    periods_per_year: float = 252.0
    risk_free_rate: float = 0.0
    confidence: float = 0.95
    shortfall_estimator: ShortfallEstimator = "tail_mean"
    quantile_method: str = "linear"


def check_settings(settings: RiskSettings) -> RiskSettings:
    """Return `settings` with plain floats, or raise `InputError` naming the field, the value and the range."""
    check_choice(settings.shortfall_estimator, "es_estimator", SHORTFALL_ESTIMATORS)
    check_choice(settings.quantile_method, "quantile_method", QUANTILE_METHODS)
    return replace(
        settings,
        periods_per_year=check_number(
            settings.periods_per_year, "periods_per_year", low=0.0, high=PERIODS_PER_YEAR_MAX, closed=False
        ),
        risk_free_rate=check_number(settings.risk_free_rate, "risk_free_rate", low=-1.0, high=1.0),
        confidence=check_number(settings.confidence, "confidence", low=0.0, high=1.0, closed=False),
    )


@dataclass(frozen=True, eq=False)
class PortfolioSample:
    """Returns, weights, and what several measures need of them, each computed once and only when asked for.

    Parameters
    ----------
    asset_returns
        Simple returns, shape (observations, assets), finite.
    weights
        Normalised weights, shape (assets,).
    settings
        The conventions.
    """

    asset_returns: NDArray[np.float64]
    weights: NDArray[np.float64]
    settings: RiskSettings = field(default_factory=RiskSettings)

    @classmethod
    def of_series(cls, returns: NDArray[np.float64], settings: RiskSettings | None = None) -> PortfolioSample:
        """Return the sample of one series of returns, shape (observations,)."""
        return cls(returns[:, np.newaxis], np.ones(1), settings or RiskSettings())

    @property
    def count(self) -> int:
        """Number of observations."""
        return len(self.asset_returns)

    @property
    def risk_free_return(self) -> float:
        """Risk-free return of one period."""
        return self.settings.risk_free_rate / self.settings.periods_per_year

    @cached_property
    def returns(self) -> NDArray[np.float64]:
        """The portfolio's simple returns when it is brought back to its weights every period, shape (observations,)."""
        returns: NDArray[np.float64] = self.asset_returns @ self.weights
        return returns

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """Positions of the portfolio's returns in ascending order, shape (observations,)."""
        return np.argsort(self.returns, kind="stable")

    @cached_property
    def ordered(self) -> NDArray[np.float64]:
        """The portfolio's returns in ascending order, shape (observations,)."""
        ordered: NDArray[np.float64] = self.returns[self.order]
        return ordered

    @cached_property
    def mean(self) -> float:
        """Mean return of one period."""
        return float(self.returns.mean())

    @cached_property
    def centred(self) -> NDArray[np.float64]:
        """The portfolio's returns less their mean, shape (observations,)."""
        return self.returns - self.mean

    @cached_property
    def standard_deviation(self) -> float:
        """Standard deviation of one period's return, ddof 1; 0 when the returns differ by rounding only."""
        deviation = math.sqrt(float(self.centred @ self.centred) / (self.count - 1))
        # A hedge that cancels leaves the rounding errors of its terms; they are no volatility.
        gross = float(np.abs(self.weights).sum()) * self._largest_return
        return deviation if deviation > 2.0 * EPSILON * len(self.weights) * gross else 0.0

    @cached_property
    def _largest_return(self) -> float:
        return max(float(self.asset_returns.max()), -float(self.asset_returns.min()))

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """The portfolio's returns less their mean, over their deviation with ddof 0; NaN if they do not vary."""
        if self.standard_deviation == 0.0:
            return np.full(self.count, np.nan)
        return self.centred / (self.standard_deviation * math.sqrt((self.count - 1) / self.count))

    @cached_property
    def skewness(self) -> float:
        """Third standardised moment of the portfolio's returns (of the sample, ddof 0); NaN if they do not vary."""
        return float((self.scores * self.scores) @ self.scores) / self.count

    @cached_property
    def kurtosis(self) -> float:
        """Fourth standardised moment (3 for a normal distribution, ddof 0); NaN if the returns do not vary."""
        squares = self.scores * self.scores
        return float(squares @ squares) / self.count

    @cached_property
    def centred_assets(self) -> NDArray[np.float64]:
        """Each asset's returns less their mean, shape (observations, assets)."""
        centred: NDArray[np.float64] = self.asset_returns - self.asset_returns.mean(axis=0)
        return centred

    @cached_property
    def covariance(self) -> NDArray[np.float64]:
        """Covariance of the assets' returns of one period, ddof 1, shape (assets, assets)."""
        covariance: NDArray[np.float64] = self.centred_assets.T @ self.centred_assets / (self.count - 1)
        return covariance

    @cached_property
    def asset_standard_deviations(self) -> NDArray[np.float64]:
        """Standard deviation of each asset's return, ddof 1, shape (assets,); 0 for a constant one."""
        deviations: NDArray[np.float64] = np.sqrt(np.diagonal(self.covariance))
        for column in np.flatnonzero(deviations <= 4.0 * EPSILON * self._largest_return):
            # So small beside the largest return of all that it may be the rounding of a constant one.
            if np.ptp(self.asset_returns[:, column]) == 0.0:
                deviations[column] = 0.0
        return deviations

    @cached_property
    def curve(self) -> WealthCurve:
        """The growth of 1."""
        return WealthCurve.from_returns(self.returns)

    @cached_property
    def _values_at_risk(self) -> dict[float, Estimate]:
        return {}

    @cached_property
    def shortfall(self) -> NDArray[np.float64]:
        """Each return below the risk-free one, less that; 0 for the others, shape (observations,)."""
        return np.minimum(self.returns - self.risk_free_return, 0.0)

    def value_at_risk(self, probability: float) -> Estimate:
        """Return the quantile of one period's returns at `probability`, such as 0.05."""
        known = self._values_at_risk
        if probability not in known:
            settings = self.settings
            known[probability] = quantile_estimate(
                self.ordered, probability, settings.confidence, settings.quantile_method
            )
        return known[probability]

    def expected_shortfall(self, probability: float) -> Estimate:
        """Return the mean return of the worst `probability`, such as 0.05."""
        return expected_shortfall_estimate(
            self.ordered,
            probability,
            self.settings.confidence,
            self.settings.shortfall_estimator,
            self.value_at_risk(probability).value,
        )

    def estimate_from_influence(self, value: float, influence: NDArray[np.float64], method: str) -> Estimate:
        """Return a smooth function of moments with the error that its influence function gives it (delta method).

        Parameters
        ----------
        value
            The estimate.
        influence
            How much each observation moves it, shape (observations,); its mean is near 0.
        method
            How `value` was made.
        """
        error = mean_standard_error(float(influence.std(ddof=1)), self.count)
        return normal_estimate(value, error, self.settings.confidence, method + "; delta method")

"""Sharpe ratio."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.estimates import Estimate, normal_estimate
from riskwave.compute.risk.measure import MEASURES, Measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.risk.rolling import RollingSample
    from riskwave.compute.risk.sample import PortfolioSample


def sharpe_ratio(sample: PortfolioSample) -> Estimate:
    """Return excess return over volatility, with the error that skewness and kurtosis give it."""
    if sample.standard_deviation == 0.0:
        return Estimate(math.nan)
    ratio = (sample.mean - sample.risk_free_return) / sample.standard_deviation
    variance = 1.0 - sample.skewness * ratio + 0.25 * (sample.kurtosis - 1.0) * ratio**2
    error = math.sqrt(max(variance, 0.0) / sample.count)
    estimate = normal_estimate(ratio, error, sample.settings.confidence, "mean over deviation; Mertens")
    return estimate.scaled(math.sqrt(sample.settings.periods_per_year))


def rolling_sharpe_ratio(sample: RollingSample) -> NDArray[np.float64]:
    """Return the same of every window."""
    deviation = np.where(sample.standard_deviation > 0.0, sample.standard_deviation, np.nan)
    return (sample.mean - sample.risk_free_return) / deviation * math.sqrt(sample.settings.periods_per_year)


MEASURES.add(
    Measure(
        name="sharpe_ratio",
        title="Sharpe ratio",
        unit="",
        doc="Excess return over volatility, both annualised.",
        formula="(mean(r) - f) / s(r) sqrt(P)",
        source="Sharpe (1994); error: Lo (2002), for returns that are not normal Mertens (2002)",
        higher_is_better=True,
        compute=sharpe_ratio,
        rolling=rolling_sharpe_ratio,
        undefined_when="the returns do not vary",
    )
)

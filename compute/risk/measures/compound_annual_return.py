"""Compound annual growth rate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.estimates import Estimate, mean_estimate
from riskwave.compute.risk.measure import MEASURES, Measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.risk.rolling import RollingSample
    from riskwave.compute.risk.sample import PortfolioSample


def compound_annual_return(sample: PortfolioSample) -> Estimate:
    """Return the constant annual growth that leads to the same final wealth."""
    final = float(sample.curve.wealth[-1])
    if sample.curve.ruin_index >= 0:
        return Estimate(-1.0 if final == 0.0 else math.nan, method="observed path")
    periods_per_year = sample.settings.periods_per_year
    logs = np.log1p(sample.returns)
    rate = mean_estimate(float(logs.mean()), float(logs.std(ddof=1)), sample.count, sample.settings.confidence)
    value, low, high = (_growth(bound * periods_per_year) for bound in (rate.value, rate.low, rate.high))
    error = (1.0 + value) * periods_per_year * rate.standard_error
    return Estimate(
        value, error, low, high, rate.confidence, "compound growth; delta method, Student t of the logarithms"
    )


def _growth(log_growth: float) -> float:
    # Ten returns of a minute say little about a year; what they say may exceed a float64.
    return math.expm1(log_growth) if log_growth < 709.0 else math.inf


def rolling_compound_annual_return(sample: RollingSample) -> NDArray[np.float64]:
    """Return the same of every window."""
    growth = np.where(sample.growth >= 0.0, sample.growth, np.nan)
    rate: NDArray[np.float64] = growth ** (sample.settings.periods_per_year / sample.window_bars) - 1.0
    return rate


MEASURES.add(
    Measure(
        name="compound_annual_return",
        title="Compound annual return",
        unit="fraction a year",
        doc="The constant annual growth that leads to the same final wealth, with years counted in periods.",
        formula="W(n)^(P / n) - 1",
        source="CFA Institute, Global Investment Performance Standards (2020)",
        higher_is_better=True,
        compute=compound_annual_return,
        rolling=rolling_compound_annual_return,
        undefined_when="wealth fell below zero, from where no growth rate leads",
    )
)

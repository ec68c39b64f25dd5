"""Sortino ratio."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.estimates import Estimate
from riskwave.compute.risk.measure import MEASURES, Measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.risk.rolling import RollingSample
    from riskwave.compute.risk.sample import PortfolioSample


def sortino_ratio(sample: PortfolioSample) -> Estimate:
    """Return excess return over downside deviation."""
    squares = sample.shortfall**2
    deviation = math.sqrt(float(squares.mean()))
    if deviation == 0.0:
        return Estimate(math.nan)
    excess = sample.mean - sample.risk_free_return
    influence = sample.centred / deviation - excess * (squares - deviation**2) / (2.0 * deviation**3)
    estimate = sample.estimate_from_influence(excess / deviation, influence, "mean over downside deviation")
    return estimate.scaled(math.sqrt(sample.settings.periods_per_year))


def rolling_sortino_ratio(sample: RollingSample) -> NDArray[np.float64]:
    """Return the same of every window."""
    deviation = np.sqrt(np.where(sample.mean_square_shortfall > 0.0, sample.mean_square_shortfall, np.nan))
    return (sample.mean - sample.risk_free_return) / deviation * math.sqrt(sample.settings.periods_per_year)


MEASURES.add(
    Measure(
        name="sortino_ratio",
        title="Sortino ratio",
        unit="",
        doc="Excess return over downside deviation, both annualised; the risk-free return is the target.",
        formula="(mean(r) - f) / sqrt(mean(min(r - f, 0)^2)) sqrt(P)",
        source="Sortino and Price (1994)",
        higher_is_better=True,
        compute=sortino_ratio,
        rolling=rolling_sortino_ratio,
        undefined_when="no return was below the risk-free one",
    )
)

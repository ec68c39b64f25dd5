"""Calmar ratio."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.estimates import Estimate
from riskwave.compute.risk.measure import MEASURES, Measure
from riskwave.compute.risk.measures.compound_annual_return import (
    compound_annual_return,
    rolling_compound_annual_return,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.risk.rolling import RollingSample
    from riskwave.compute.risk.sample import PortfolioSample


def calmar_ratio(sample: PortfolioSample) -> Estimate:
    """Return compound annual return over the depth of the maximum drawdown."""
    depth = -float(sample.curve.drawdowns.min())
    value = compound_annual_return(sample).value / depth if depth > 0.0 else math.nan
    return Estimate(value, method="observed path")


def rolling_calmar_ratio(sample: RollingSample) -> NDArray[np.float64]:
    """Return the same of every window."""
    depth = np.where(sample.max_drawdown < 0.0, -sample.max_drawdown, np.nan)
    return rolling_compound_annual_return(sample) / depth


MEASURES.add(
    Measure(
        name="calmar_ratio",
        title="Calmar ratio",
        unit="",
        doc="Compound annual return over the depth of the maximum drawdown, over the whole history.",
        formula="(W(n)^(P / n) - 1) / -min(drawdown)",
        source="Young (1991)",
        higher_is_better=True,
        compute=calmar_ratio,
        rolling=rolling_calmar_ratio,
        undefined_when="wealth never fell from a peak",
        undefined_after_ruin="wealth fell below zero, from where no growth rate leads",
    )
)

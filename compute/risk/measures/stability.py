"""Stability of growth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.estimates import Estimate
from riskwave.compute.risk.measure import MEASURES, Measure

if TYPE_CHECKING:
    from riskwave.compute.risk.sample import PortfolioSample


def stability(sample: PortfolioSample) -> Estimate:
    """Return how much of the variance of log wealth a straight line explains."""
    if sample.curve.ruin_index >= 0:
        return Estimate(math.nan)
    log_wealth = np.cumsum(np.log1p(sample.returns))
    time = np.arange(sample.count) - 0.5 * (sample.count - 1)
    deviation = log_wealth - log_wealth.mean()
    variation = float(deviation @ deviation)
    if variation == 0.0:
        return Estimate(math.nan)
    share = float(time @ deviation) ** 2 / float(time @ time) / variation
    return Estimate(min(share, 1.0), method="R squared of a straight line")


MEASURES.add(
    Measure(
        name="stability",
        title="Stability",
        unit="",
        doc="Share of the variance of log wealth that a straight line explains: 1 is steady growth or steady decay.",
        formula="corr(t, log W(t))^2",
        source="as in empyrical and pyfolio",
        higher_is_better=True,
        compute=stability,
        undefined_when="wealth did not move",
        undefined_after_ruin="wealth reached zero or below, which has no logarithm",
    )
)

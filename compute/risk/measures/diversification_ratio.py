"""Diversification ratio."""

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


def diversification_ratio(sample: PortfolioSample) -> Estimate:
    """Return the weighted mean of the assets' volatilities over the portfolio's; short positions count as positive."""
    if sample.standard_deviation == 0.0:
        return Estimate(math.nan)
    deviations = sample.asset_standard_deviations
    parts = np.abs(sample.weights) * deviations
    moves = deviations > 0.0
    # A volatility moves with half the squared deviation of each observation; the ratio's influence is that of its
    # numerator less that of its denominator.
    per_square = np.divide(parts, deviations**2, out=np.zeros_like(parts), where=moves)
    centred = sample.centred_assets
    numerator = np.einsum("ij,ij,j->i", centred, centred, per_square) / parts.sum()
    denominator = (sample.centred / sample.standard_deviation) ** 2
    value = float(parts.sum()) / sample.standard_deviation
    return sample.estimate_from_influence(value, 0.5 * value * (numerator - denominator), "ratio of deviations")


def rolling_diversification_ratio(sample: RollingSample) -> NDArray[np.float64]:
    """Return the same of every window."""
    deviation = np.where(sample.standard_deviation > 0.0, sample.standard_deviation, np.nan)
    ratio: NDArray[np.float64] = np.abs(sample.weights) @ sample.asset_standard_deviations / deviation
    return ratio


MEASURES.add(
    Measure(
        name="diversification_ratio",
        title="Diversification ratio",
        unit="",
        doc="Weighted mean of the assets' volatilities over the portfolio's volatility; 1 is no diversification.",
        formula="sum(|w_i| s_i) / s(r)",
        source="Choueifaty and Coignard (2008), with |w| for short positions",
        higher_is_better=True,
        compute=diversification_ratio,
        rolling=rolling_diversification_ratio,
        undefined_when="the portfolio's returns do not vary",
    )
)

"""Excess kurtosis of the returns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from riskwave.compute.estimates import Estimate
from riskwave.compute.risk.measure import MEASURES, Measure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.risk.rolling import RollingSample
    from riskwave.compute.risk.sample import PortfolioSample


def excess_kurtosis(sample: PortfolioSample) -> Estimate:
    """Return the fourth standardised moment less 3, its value for a normal distribution."""
    kurtosis = sample.kurtosis
    if math.isnan(kurtosis):
        return Estimate(math.nan)
    score = sample.scores
    squares = score * score
    influence = squares * (squares - 2.0 * kurtosis) - 4.0 * sample.skewness * score + kurtosis
    return sample.estimate_from_influence(kurtosis - 3.0, influence, "fourth standardised moment")


def rolling_excess_kurtosis(sample: RollingSample) -> NDArray[np.float64]:
    """Return the same of every window."""
    return sample.standardised_moment(4) - 3.0


MEASURES.add(
    Measure(
        name="excess_kurtosis",
        title="Excess kurtosis",
        unit="",
        doc="Fourth standardised moment of the returns less 3; positive when the tails are fatter than normal.",
        formula="mean((r - mean(r))^4) / mean((r - mean(r))^2)^2 - 3",
        source="Cramer (1946)",
        higher_is_better=None,
        compute=excess_kurtosis,
        rolling=rolling_excess_kurtosis,
        undefined_when="the returns do not vary",
    )
)

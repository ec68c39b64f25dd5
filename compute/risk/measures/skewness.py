"""Skewness of the returns."""

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


def skewness(sample: PortfolioSample) -> Estimate:
    """Return the third standardised moment."""
    skew = sample.skewness
    if math.isnan(skew):
        return Estimate(math.nan)
    score = sample.scores
    influence = score * (score * (score - 1.5 * skew) - 3.0) + 0.5 * skew
    return sample.estimate_from_influence(skew, influence, "third standardised moment")


def rolling_skewness(sample: RollingSample) -> NDArray[np.float64]:
    """Return the same of every window."""
    return sample.standardised_moment(3)


MEASURES.add(
    Measure(
        name="skewness",
        title="Skewness",
        unit="",
        doc="Third standardised moment of the returns; negative when large losses are more frequent than large gains.",
        formula="mean((r - mean(r))^3) / mean((r - mean(r))^2)^(3/2)",
        source="Cramer (1946)",
        higher_is_better=None,
        compute=skewness,
        rolling=rolling_skewness,
        undefined_when="the returns do not vary",
    )
)

"""Maximum drawdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.compute.estimates import Estimate
from riskwave.compute.risk.measure import MEASURES, Measure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.risk.rolling import RollingSample
    from riskwave.compute.risk.sample import PortfolioSample


def max_drawdown(sample: PortfolioSample) -> Estimate:
    """Return the largest loss from a peak, the starting wealth included; a return, never positive."""
    return Estimate(float(sample.curve.drawdowns.min()), method="observed path")


def rolling_max_drawdown(sample: RollingSample) -> NDArray[np.float64]:
    """Return the same of every window."""
    return sample.max_drawdown


MEASURES.add(
    Measure(
        name="max_drawdown",
        title="Maximum drawdown",
        unit="fraction",
        doc="The largest loss from a peak, the starting wealth included; a return, so that a loss is negative.",
        formula="min(W(t) / max(1, W(s), s <= t) - 1)",
        source="Magdon-Ismail and Atiya (2004)",
        higher_is_better=True,
        compute=max_drawdown,
        rolling=rolling_max_drawdown,
    )
)

"""Compounded return over the whole history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.compute.estimates import Estimate
from riskwave.compute.risk.measure import MEASURES, Measure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.risk.rolling import RollingSample
    from riskwave.compute.risk.sample import PortfolioSample


def cumulative_return(sample: PortfolioSample) -> Estimate:
    """Return final wealth less 1."""
    return Estimate(float(sample.curve.wealth[-1]) - 1.0, method="observed path")


def rolling_cumulative_return(sample: RollingSample) -> NDArray[np.float64]:
    """Return the same of every window."""
    return sample.growth - 1.0


MEASURES.add(
    Measure(
        name="cumulative_return",
        title="Cumulative return",
        unit="fraction",
        doc="Compounded return over the whole history.",
        formula="W(n) - 1",
        source="",
        higher_is_better=True,
        compute=cumulative_return,
        rolling=rolling_cumulative_return,
    )
)

"""Deviation below the risk-free return, annualised."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.risk.measure import MEASURES, Measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.estimates import Estimate
    from riskwave.compute.risk.rolling import RollingSample
    from riskwave.compute.risk.sample import PortfolioSample


def downside_deviation(sample: PortfolioSample) -> Estimate:
    """Return the root mean square of the returns' shortfall below the risk-free return, all periods counted."""
    squares = sample.shortfall**2
    deviation = math.sqrt(float(squares.mean()))
    influence = (squares - squares.mean()) / (2.0 * deviation) if deviation > 0.0 else squares
    estimate = sample.estimate_from_influence(deviation, influence, "root mean square of the shortfall")
    return estimate.scaled(math.sqrt(sample.settings.periods_per_year))


def rolling_downside_deviation(sample: RollingSample) -> NDArray[np.float64]:
    """Return the same of every window."""
    return np.sqrt(sample.mean_square_shortfall * sample.settings.periods_per_year)


MEASURES.add(
    Measure(
        name="downside_deviation",
        title="Downside deviation",
        unit="fraction a year",
        doc="Root mean square of the returns' shortfall below the risk-free return; periods without one count as 0.",
        formula="sqrt(mean(min(r - f, 0)^2)) sqrt(P)",
        source="Sortino and Price (1994)",
        higher_is_better=False,
        compute=downside_deviation,
        rolling=rolling_downside_deviation,
    )
)

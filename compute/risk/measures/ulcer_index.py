"""Ulcer index."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from riskwave.compute.estimates import Estimate
from riskwave.compute.risk.measure import MEASURES, Measure

if TYPE_CHECKING:
    from riskwave.compute.risk.sample import PortfolioSample


def ulcer_index(sample: PortfolioSample) -> Estimate:
    """Return the root mean square of the drawdowns, which weighs how deep and how long they were."""
    return Estimate(math.sqrt(float((sample.curve.drawdowns**2).mean())), method="observed path")


MEASURES.add(
    Measure(
        name="ulcer_index",
        title="Ulcer index",
        unit="fraction",
        doc="Root mean square of the drawdowns: how deep and how long they were.",
        formula="sqrt(mean(drawdown^2))",
        source="Martin and McCann (1989)",
        higher_is_better=False,
        compute=ulcer_index,
    )
)

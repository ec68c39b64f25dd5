"""Conditional drawdown at risk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.estimates import Estimate, expected_shortfall
from riskwave.compute.risk.measure import MEASURES, Measure

if TYPE_CHECKING:
    from riskwave.compute.risk.sample import PortfolioSample


def conditional_drawdown_95(sample: PortfolioSample) -> Estimate:
    """Return the mean of the worst 5 % of the drawdowns, a return, never positive."""
    value, _, _ = expected_shortfall(np.sort(sample.curve.drawdowns), 0.05, "rockafellar_uryasev")
    return Estimate(value, method="observed path; Rockafellar-Uryasev")


MEASURES.add(
    Measure(
        name="conditional_drawdown_95",
        title="Conditional drawdown at risk 95 %",
        unit="fraction",
        doc="Mean of the worst 5 % of the drawdowns; a return, so that a loss is negative.",
        formula="ES of the drawdowns at 0.05 (Rockafellar-Uryasev)",
        source="Chekhlov, Uryasev and Zabarankin (2005)",
        higher_is_better=True,
        compute=conditional_drawdown_95,
    )
)

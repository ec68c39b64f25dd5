"""Omega ratio."""

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


def omega_ratio(sample: PortfolioSample) -> Estimate:
    """Return the gains above the risk-free return over the losses below it."""
    gains = np.maximum(sample.returns - sample.risk_free_return, 0.0)
    losses = -sample.shortfall
    loss = float(losses.mean())
    if loss == 0.0:
        return Estimate(math.nan)
    value = float(gains.mean()) / loss
    return sample.estimate_from_influence(value, (gains - value * losses) / loss, "ratio of partial means")


def rolling_omega_ratio(sample: RollingSample) -> NDArray[np.float64]:
    """Return the same of every window."""
    excess = sample.returns - sample.risk_free_return
    loss = sample.mean_of(np.maximum(-excess, 0.0))
    return sample.mean_of(np.maximum(excess, 0.0)) / np.where(loss > 0.0, loss, np.nan)


MEASURES.add(
    Measure(
        name="omega_ratio",
        title="Omega ratio",
        unit="",
        doc="Sum of the gains above the risk-free return over the sum of the losses below it.",
        formula="sum(max(r - f, 0)) / sum(max(f - r, 0))",
        source="Keating and Shadwick (2002)",
        higher_is_better=True,
        compute=omega_ratio,
        rolling=rolling_omega_ratio,
        undefined_when="no return was below the risk-free one",
    )
)

"""Heston's stochastic variance, one for every asset. See `stochastic_variance`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.compute.montecarlo.model import MODELS, PortfolioModel
from riskwave.compute.montecarlo.stochastic_variance import (
    PORTFOLIO_VARIANCE,
    prepare_variance,
    simulate_stochastic_variance,
)

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.law import PortfolioLaw


def path_step_ns(law: PortfolioLaw) -> float:
    """Return the time of one path and day on one core, as measured."""
    assets = len(law.weights)
    return 16.0 + 11.5 * assets + 0.055 * assets * assets


MODELS.add(
    PortfolioModel(
        name="heston",
        title="Heston",
        doc="Every asset's variance reverts to the one given by the covariance and is correlated with its price; "
        "quadratic-exponential scheme with martingale correction, in steps of a day.",
        reference="Heston (1993), A closed-form solution for options with stochastic volatility. RFS 6(2)",
        params=PORTFOLIO_VARIANCE,
        modes=("full",),
        positive=True,
        rebalancings=("daily", "none"),
        simulate=simulate_stochastic_variance,
        path_step_ns=path_step_ns,
        prepare=prepare_variance,
    )
)

"""Merton's jump diffusion: geometric Brownian motion, and normal jumps of the logarithm. See `jump_diffusion`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.compute.montecarlo.jump_diffusion import (
    PORTFOLIO_NORMAL_JUMPS,
    prepare_jumps,
    simulate_jump_diffusion,
)
from riskwave.compute.montecarlo.model import MODELS, PortfolioModel
from riskwave.compute.montecarlo.models import gbm

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.law import PortfolioLaw


def path_step_ns(law: PortfolioLaw) -> float:
    """Return the time of one path and day on one core, as measured; `gbm`'s, and that of the jumps' words."""
    return gbm.path_step_ns(law) + 4.0 + 1.1 * len(law.weights)


MODELS.add(
    PortfolioModel(
        name="merton",
        title="Merton jump diffusion",
        doc="Geometric Brownian motion with normal jumps of the logarithm at Poisson times, each asset's own or common "
        "to all. The mean is that of the simple returns with the jumps, the covariance that without them.",
        reference="Merton (1976), Option pricing when underlying stock returns are discontinuous. JFE 3(1-2)",
        params=PORTFOLIO_NORMAL_JUMPS,
        modes=("full",),
        positive=True,
        rebalancings=("daily", "none"),
        simulate=simulate_jump_diffusion,
        path_step_ns=path_step_ns,
        prepare=prepare_jumps,
        ends_alone=gbm.ends_alone,
    )
)

"""Kou's jump diffusion: geometric Brownian motion, and exponential jumps of the logarithm. See `jump_diffusion`."""

from __future__ import annotations

from riskwave.compute.montecarlo.jump_diffusion import (
    PORTFOLIO_EXPONENTIAL_JUMPS,
    prepare_jumps,
    simulate_jump_diffusion,
)
from riskwave.compute.montecarlo.model import MODELS, PortfolioModel
from riskwave.compute.montecarlo.models import gbm
from riskwave.compute.montecarlo.models.merton import path_step_ns

MODELS.add(
    PortfolioModel(
        name="kou",
        title="Kou jump diffusion",
        doc="Geometric Brownian motion with exponential jumps of the logarithm, up or down, each asset's own or common "
        "to all. The mean is that of the simple returns with the jumps, the covariance that without them.",
        reference="Kou (2002), A jump-diffusion model for option pricing. Management Science 48(8)",
        params=PORTFOLIO_EXPONENTIAL_JUMPS,
        modes=("full",),
        positive=True,
        rebalancings=("daily", "none"),
        simulate=simulate_jump_diffusion,
        path_step_ns=path_step_ns,
        prepare=prepare_jumps,
        ends_alone=gbm.ends_alone,
    )
)

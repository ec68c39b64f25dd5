"""Bates' model: a stochastic variance for every asset, and normal jumps. See `stochastic_variance`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.compute.montecarlo.jump_diffusion import PORTFOLIO_NORMAL_JUMPS, prepare_jumps
from riskwave.compute.montecarlo.model import MODELS, PortfolioModel
from riskwave.compute.montecarlo.models import heston
from riskwave.compute.montecarlo.stochastic_variance import (
    PORTFOLIO_VARIANCE,
    prepare_variance,
    simulate_stochastic_variance,
)

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.law import PortfolioLaw


def _prepare(law: PortfolioLaw) -> PortfolioLaw:
    return prepare_jumps(prepare_variance(law))


def path_step_ns(law: PortfolioLaw) -> float:
    """Return the time of one path and day on one core, as measured; Heston's, and that of the jumps' words."""
    return heston.path_step_ns(law) + 1.0 + 1.3 * len(law.weights)


MODELS.add(
    PortfolioModel(
        name="bates",
        title="Bates",
        doc="Heston's model with normal jumps of the logarithm at Poisson times, each asset's own or common to all. "
        "The mean is that of the simple returns with the jumps, the covariance that without them.",
        reference="Bates (1996), Jumps and stochastic volatility. RFS 9(1)",
        params=(*PORTFOLIO_VARIANCE, *PORTFOLIO_NORMAL_JUMPS),
        modes=("full",),
        positive=True,
        rebalancings=("daily", "none"),
        simulate=simulate_stochastic_variance,
        path_step_ns=path_step_ns,
        prepare=_prepare,
    )
)

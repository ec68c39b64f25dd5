"""Gibson and Schwartz's commodity prices with a convenience yield. See `convenience_yield`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.compute.montecarlo.convenience_yield import prepare_convenience_yield, simulate_convenience_yield
from riskwave.compute.montecarlo.model import MODELS, PortfolioModel
from riskwave.compute.montecarlo.models.gbm import ends_alone
from riskwave.compute.montecarlo.reversion import CONVENIENCE_YIELD

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.law import PortfolioLaw


def path_step_ns(law: PortfolioLaw) -> float:
    """Return the time of one path and day on one core, as measured."""
    assets = len(law.weights)
    return 8.0 + 4.0 * assets + 0.08 * assets * assets


MODELS.add(
    PortfolioModel(
        name="gibson_schwartz",
        title="Gibson-Schwartz",
        doc="A price grows less by its convenience yield, which reverts to its mean; the mean return is that of a "
        "yield at its mean, the covariance that of the prices' own Brownian motions.",
        reference="Gibson and Schwartz (1990), Stochastic convenience yield and the pricing of oil claims. JF 45(3)",
        params=CONVENIENCE_YIELD,
        modes=("full",),
        positive=True,
        rebalancings=("daily", "none"),
        simulate=simulate_convenience_yield,
        path_step_ns=path_step_ns,
        prepare=prepare_convenience_yield,
        ends_alone=ends_alone,
    )
)

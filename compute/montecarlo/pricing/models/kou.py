"""Kou's jump diffusion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.compute.montecarlo.jumps import EXPONENTIAL_JUMPS, exponential_growth
from riskwave.compute.montecarlo.pricing import gaussian
from riskwave.compute.montecarlo.pricing.jumps import add_exponential_jumps, in_turn
from riskwave.compute.montecarlo.pricing.model import PRICING_MODELS, PricingModel, Shocks
from riskwave.compute.montecarlo.pricing.models import gbm
from riskwave.compute.montecarlo.pricing.models.merton import jump_terminal

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Simulator


def _simulator(market: Market) -> Simulator:
    return in_turn(
        gaussian.simulator(gbm.transition(market, exponential_growth(market.params))), add_exponential_jumps(market)
    )


PRICING_MODELS.add(
    PricingModel(
        name="kou",
        title="Kou jump diffusion",
        doc="Geometric Brownian motion with exponential jumps of the logarithm, up or down; exact at any step.",
        reference="Kou (2002), A jump-diffusion model for option pricing. Management Science 48(8)",
        params=EXPONENTIAL_JUMPS,
        shocks=lambda _assets: Shocks(1, 1),
        simulator=_simulator,
        terminal=jump_terminal,
        volatility=gbm.volatility,
        with_volatility=gbm.with_volatility,
        step_ns=9.0,
    )
)

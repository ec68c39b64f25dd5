"""Kou's jump diffusion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.compute.montecarlo.pricing import gaussian
from riskwave.compute.montecarlo.pricing.jumps import INTENSITY, exponential_jumps, in_turn
from riskwave.compute.montecarlo.pricing.model import PRICING_MODELS, PricingModel, Shocks
from riskwave.compute.montecarlo.pricing.models import gbm
from riskwave.compute.montecarlo.pricing.models.merton import jump_terminal
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Simulator


def _compensation(market: Market) -> float:
    share, up, down = (market.number(name) for name in ("up_probability", "up_rate", "down_rate"))
    return market.number("intensity") * (share / (up - 1.0) - (1.0 - share) / (down + 1.0))


def _simulator(market: Market) -> Simulator:
    return in_turn(gaussian.simulator(gbm.transition(market, _compensation(market))), exponential_jumps(market))


PRICING_MODELS.add(
    PricingModel(
        name="kou",
        title="Kou jump diffusion",
        doc="Geometric Brownian motion with exponential jumps of the logarithm, up or down; exact at any step.",
        reference="Kou (2002), A jump-diffusion model for option pricing. Management Science 48(8)",
        params=(
            INTENSITY,
            Param("up_probability", 0.4, "Probability that a jump is upwards.", low=0.0, high=1.0),
            Param("up_rate", 10.0, "Reciprocal of an upward jump's mean; above 2 for a finite error.", 2.01, 1e4),
            Param("down_rate", 5.0, "Reciprocal of a downward jump's mean.", low=0.1, high=1e4),
        ),
        shocks=lambda _assets: Shocks(1, 1),
        simulator=_simulator,
        terminal=jump_terminal,
        volatility=gbm.volatility,
        with_volatility=gbm.with_volatility,
        step_ns=9.0,
    )
)

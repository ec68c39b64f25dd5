"""Merton's jump diffusion."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo.jumps import NORMAL_JUMPS, normal_growth
from riskwave.compute.montecarlo.pricing import gaussian
from riskwave.compute.montecarlo.pricing.jumps import add_normal_jumps, in_turn
from riskwave.compute.montecarlo.pricing.model import PRICING_MODELS, PricingModel, Shocks, Terminal
from riskwave.compute.montecarlo.pricing.models import gbm

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Simulator


def _simulator(market: Market) -> Simulator:
    return in_turn(gaussian.simulator(gbm.transition(market, normal_growth(market.params))), add_normal_jumps(market))


def jump_terminal(market: Market) -> Terminal:
    """Return the forward; the price is lognormal only without jumps, which is left to the model that has none."""
    return Terminal(market.spots * np.exp(market.carries * market.maturity_years), np.full(1, math.nan))


PRICING_MODELS.add(
    PricingModel(
        name="merton",
        title="Merton jump diffusion",
        doc="Geometric Brownian motion with normal jumps of the logarithm at Poisson times; exact at any step.",
        reference="Merton (1976), Option pricing when underlying stock returns are discontinuous. JFE 3(1-2)",
        params=NORMAL_JUMPS,
        shocks=lambda _assets: Shocks(1, 2),
        simulator=_simulator,
        terminal=jump_terminal,
        volatility=gbm.volatility,
        with_volatility=gbm.with_volatility,
        step_ns=6.3,
    )
)

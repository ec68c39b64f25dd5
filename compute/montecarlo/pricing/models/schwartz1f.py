"""Schwartz's one-factor model of a commodity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo.pricing import gaussian
from riskwave.compute.montecarlo.pricing.model import PRICING_MODELS, PricingModel, Shocks, Terminal
from riskwave.compute.montecarlo.pricing.models import gbm
from riskwave.compute.montecarlo.reversion import integral
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Simulator


def _law(market: Market, years: float) -> tuple[float, float, float]:
    """Return what the logarithm after some years has of the start, its constant, and its variance."""
    kappa, sigma = market.number("kappa"), float(market.volatilities[0])
    gone = kappa * integral(kappa, years)
    constant = gone * market.number("log_mean")
    return 1.0 - gone, constant, sigma * sigma * integral(2.0 * kappa, years)


def _simulator(market: Market) -> Simulator:
    kept, constant, variance = _law(market, market.step_years)
    start = np.log(market.spots)
    step = gaussian.Transition(start, np.array([[kept]]), np.array([constant]), np.array([[variance]]), np.ones((1, 1)))
    return gaussian.simulator(step)


def _terminal(market: Market) -> Terminal:
    kept, constant, variance = _law(market, market.maturity_years)
    mean = kept * np.log(market.spots) + constant
    return Terminal(np.exp(mean + 0.5 * variance), np.full(1, math.sqrt(variance)))


PRICING_MODELS.add(
    PricingModel(
        name="schwartz1f",
        title="Schwartz one-factor",
        doc="d ln S = kappa (log_mean - ln S) dt + sigma dW under the pricing measure; exact at any step.",
        reference="Schwartz (1997), The stochastic behavior of commodity prices. JF 52(3), model 1",
        params=(
            Param("kappa", 0.694, "Speed of mean reversion.", low=0.0, high=100.0, unit="1/year"),
            Param(
                "log_mean",
                2.856,
                "Long-run mean of the logarithm of the price, less the market price of risk.",
                low=-50.0,
                high=50.0,
            ),
        ),
        shocks=Shocks,
        simulator=_simulator,
        terminal=_terminal,
        volatility=gbm.volatility,
        with_volatility=gbm.with_volatility,
        step_ns=2.5,
        takes_carry=False,
        scales=False,
    )
)

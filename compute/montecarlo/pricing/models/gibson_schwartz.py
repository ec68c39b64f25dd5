"""Gibson and Schwartz's two-factor model of a commodity: its price and a convenience yield."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo.pricing import gaussian
from riskwave.compute.montecarlo.pricing.model import PRICING_MODELS, PricingModel, Shocks, Terminal
from riskwave.compute.montecarlo.pricing.models import gbm
from riskwave.compute.montecarlo.reversion import CONVENIENCE_YIELD, integral, shock_covariance

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Simulator


def _transition(market: Market, years: float) -> gaussian.Transition:
    kappa, mean, rho = market.number("kappa"), market.number("alpha"), market.number("rho")
    sigma, wobble = float(market.volatilities[0]), market.number("sigma_delta")
    gone = integral(kappa, years)
    return gaussian.Transition(
        start=np.array([math.log(float(market.spots[0])), market.number("delta0")]),
        move=np.array([[1.0, -gone], [0.0, math.exp(-kappa * years)]]),
        drift=np.array([(market.rate - 0.5 * sigma**2 - mean) * years + mean * gone, mean * kappa * gone]),
        covariance=shock_covariance(years, np.array([[sigma * sigma]]), kappa, wobble, rho),
        read=np.array([[1.0, 0.0]]),
    )


def _simulator(market: Market) -> Simulator:
    return gaussian.simulator(_transition(market, market.step_years))


def _terminal(market: Market) -> Terminal:
    whole = _transition(market, market.maturity_years)
    mean = float((whole.move[0] * whole.start).sum() + whole.drift[0])
    variance = max(float(whole.covariance[0, 0]), 0.0)
    return Terminal(np.full(1, math.exp(mean + 0.5 * variance)), np.full(1, math.sqrt(variance)))


PRICING_MODELS.add(
    PricingModel(
        name="gibson_schwartz",
        title="Gibson-Schwartz",
        doc="dS = (r - delta) S dt + sigma S dW, d delta = kappa (alpha - delta) dt + sigma_delta dZ, dW dZ = rho dt "
        "under the pricing measure; exact at any step.",
        reference="Gibson and Schwartz (1990), Stochastic convenience yield and the pricing of oil claims. JF 45(3)",
        params=CONVENIENCE_YIELD,
        shocks=lambda _assets: Shocks(2),
        simulator=_simulator,
        terminal=_terminal,
        volatility=gbm.volatility,
        with_volatility=gbm.with_volatility,
        step_ns=4.6,
        takes_carry=False,
    )
)

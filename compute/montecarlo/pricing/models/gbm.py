"""Geometric Brownian motion of one or several correlated prices."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo.pricing.gaussian import Transition, simulator
from riskwave.compute.montecarlo.pricing.model import PRICING_MODELS, PricingModel, Shocks, Terminal
from riskwave.compute.montecarlo.pricing.spec import ASSETS_MAX

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.pricing.market import Market


def transition(market: Market, compensation: float = 0.0) -> Transition:
    """Return the step of the logarithms; `compensation` is what jumps add to the expected growth a year."""
    dt, sigma = market.step_years, market.volatilities
    identity = np.eye(market.assets)
    return Transition(
        start=np.log(market.spots),
        move=identity,
        drift=(market.carries - compensation - 0.5 * sigma**2) * dt,
        covariance=np.outer(sigma, sigma) * market.correlation * dt,
        read=identity,
    )


def _terminal(market: Market) -> Terminal:
    years = market.maturity_years
    return Terminal(market.spots * np.exp(market.carries * years), market.volatilities * math.sqrt(years))


def volatility(market: Market, asset: int) -> float:
    """Return the volatility of an asset."""
    return float(market.volatilities[asset])


def with_volatility(market: Market, change: float, asset: int) -> Market:
    """Return the market in which the volatility of an asset is larger by `change`."""
    volatilities = market.volatilities.copy()
    volatilities[asset] += change
    return replace(market, volatilities=volatilities)


PRICING_MODELS.add(
    PricingModel(
        name="gbm",
        title="Geometric Brownian motion",
        doc="dS = (r - q) S dt + sigma S dW, with correlated W for several prices; exact at any step.",
        reference="Black and Scholes (1973), The pricing of options and corporate liabilities. JPE 81(3)",
        params=(),
        shocks=Shocks,
        simulator=lambda market: simulator(transition(market)),
        terminal=_terminal,
        volatility=volatility,
        with_volatility=with_volatility,
        step_ns=1.5,
        assets_max=ASSETS_MAX,
    )
)

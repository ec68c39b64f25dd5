"""Schwartz and Smith's two-factor model of a commodity."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo.pricing import gaussian
from riskwave.compute.montecarlo.pricing.model import PRICING_MODELS, PricingModel, Shocks, Terminal
from riskwave.compute.montecarlo.reversion import integral
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Simulator


def _covariance(market: Market, years: float) -> NDArray[np.float64]:
    kappa, rho = market.number("kappa"), market.number("rho")
    short, long = market.number("sigma_chi"), market.number("sigma_xi")
    cross = rho * short * long * integral(kappa, years)
    return np.array([[short * short * integral(2.0 * kappa, years), cross], [cross, long * long * years]])


def _drift(market: Market, years: float) -> NDArray[np.float64]:
    reverted = integral(market.number("kappa"), years)
    return np.array([-market.number("lambda_chi") * reverted, market.number("mu_xi") * years])


def _start(market: Market) -> NDArray[np.float64]:
    chi = market.number("chi0")
    return np.array([chi, math.log(float(market.spots[0])) - chi])


def _simulator(market: Market) -> Simulator:
    years = market.step_years
    move = np.diag([math.exp(-market.number("kappa") * years), 1.0])
    step = gaussian.Transition(_start(market), move, _drift(market, years), _covariance(market, years), np.ones((1, 2)))
    return gaussian.simulator(step)


def _terminal(market: Market) -> Terminal:
    years = market.maturity_years
    chi, xi = _start(market)
    mean = math.exp(-market.number("kappa") * years) * chi + xi + float(_drift(market, years).sum())
    variance = max(float(_covariance(market, years).sum()), 0.0)
    return Terminal(np.full(1, math.exp(mean + 0.5 * variance)), np.full(1, math.sqrt(variance)))


def _volatility(market: Market, _asset: int) -> float:
    return min(market.number("sigma_chi"), market.number("sigma_xi"))


def _with_volatility(market: Market, change: float, _asset: int) -> Market:
    moved = {name: market.number(name) + change for name in ("sigma_chi", "sigma_xi")}
    return replace(market, params={**market.params, **moved})


PRICING_MODELS.add(
    PricingModel(
        name="schwartz_smith",
        title="Schwartz-Smith two-factor",
        doc="ln S = chi + xi: a deviation that reverts to zero, and an equilibrium that moves like a random walk; "
        "exact at any step. A higher spot is a higher equilibrium; vega moves both volatilities alike.",
        reference="Schwartz and Smith (2000), Short-term variations and long-term dynamics. Management Science 46(7)",
        params=(
            Param("chi0", 0.0, "Deviation of the logarithm from its equilibrium at the start.", -10.0, 10.0),
            Param("kappa", 1.49, "Speed at which the deviation reverts.", low=0.0, high=100.0, unit="1/year"),
            Param("lambda_chi", 0.157, "Risk premium of the deviation.", low=-10.0, high=10.0, unit="1/year"),
            Param("mu_xi", 0.0115, "Drift of the equilibrium under the pricing measure.", -5.0, 5.0, "1/year"),
            Param("sigma_chi", 0.286, "Volatility of the deviation.", low=0.0, high=10.0, unit="1/year"),
            Param("sigma_xi", 0.145, "Volatility of the equilibrium.", low=0.0, high=10.0, unit="1/year"),
            Param("rho", 0.3, "Correlation of the two.", low=-1.0, high=1.0),
        ),
        shocks=lambda _assets: Shocks(2),
        simulator=_simulator,
        terminal=_terminal,
        volatility=_volatility,
        with_volatility=_with_volatility,
        step_ns=4.6,
        takes_volatility=False,
        takes_carry=False,
    )
)

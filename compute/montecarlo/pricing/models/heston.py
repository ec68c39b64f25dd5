"""Heston's stochastic volatility."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo.pricing import variance
from riskwave.compute.montecarlo.pricing.model import PRICING_MODELS, PricingModel, Shocks, Terminal
from riskwave.compute.montecarlo.variance import KAPPA, RHO, VOL_OF_VOL, feller_warning
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.result_warning import ResultWarning

PARAMS = (
    Param("initial_variance", 0.04, "Variance at the start.", low=0.0, high=25.0, unit="1/year"),
    KAPPA,
    Param("theta", 0.04, "Mean to which the variance reverts.", low=0.0, high=25.0, unit="1/year"),
    VOL_OF_VOL,
    RHO,
)
"""The variance's parameters."""

STEP_YEARS_MAX = 1.0 / 32.0
"""Longest step by default: in the published test cases the scheme's bias is then below a basis point of the spot."""


def terminal(market: Market) -> Terminal:
    """Return the forward; the law is not lognormal unless the variance is known."""
    forwards = market.spots * np.exp(market.carries * market.maturity_years)
    return Terminal(forwards, np.full(1, math.nan))


def volatility(market: Market, _asset: int) -> float:
    """Return the volatility at the start."""
    return math.sqrt(market.number("initial_variance"))


def with_volatility(market: Market, change: float, asset: int) -> Market:
    """Return the market whose volatility at the start is larger by `change`; the long-run mean stays."""
    level = volatility(market, asset) + change
    return replace(market, params={**market.params, "initial_variance": level * level})


def feller(market: Market) -> tuple[ResultWarning, ...]:
    """Warn where the variance can reach zero."""
    kappa, theta, epsilon = map(market.number, ("kappa", "theta", "vol_of_vol"))
    advice = ", and the scheme needs short steps; compare two numbers of steps"
    return feller_warning(kappa, theta, epsilon, "model_params", advice)


PRICING_MODELS.add(
    PricingModel(
        name="heston",
        title="Heston",
        doc="dS = (r - q) S dt + sqrt(v) S dW, dv = kappa (theta - v) dt + vol_of_vol sqrt(v) dZ, "
        "dW dZ = rho dt; quadratic-exponential scheme with martingale correction. Vega is by the initial volatility.",
        reference="Heston (1993), A closed-form solution for options with stochastic volatility. RFS 6(2)",
        params=PARAMS,
        shocks=lambda _assets: Shocks(1, 1),
        simulator=lambda market: variance.simulator(market, float(market.carries[0])),
        terminal=terminal,
        volatility=volatility,
        with_volatility=with_volatility,
        step_ns=9.0,
        takes_volatility=False,
        step_years_max=STEP_YEARS_MAX,
        warnings=feller,
    )
)

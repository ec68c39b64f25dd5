"""Gibson and Schwartz's two-factor model of a commodity: its price and a convenience yield."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo.pricing import gaussian
from riskwave.compute.montecarlo.pricing.model import PRICING_MODELS, PricingModel, Shocks, Terminal
from riskwave.compute.montecarlo.pricing.models import gbm
from riskwave.compute.montecarlo.pricing.models.schwartz1f import integral
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Simulator

_SERIES = 0.05
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


def _integrals(kappa: float, years: float) -> tuple[float, float, float]:
    """Return the integrals of b, b^2 and b e^(-kappa s) over s, where b(s) = (1 - e^(-kappa s)) / kappa.

    Their closed forms cancel where kappa times years is small; there a quadrature is exact.
    """
    if kappa * years < _SERIES:
        s, w = 0.5 * years * (_NODES + 1.0), 0.5 * years * _WEIGHTS
        b = np.array([integral(kappa, value) for value in s])
        return float((w * b).sum()), float((w * b * b).sum()), float((w * b * np.exp(-kappa * s)).sum())
    single, double = integral(kappa, years), integral(2.0 * kappa, years)
    return (years - single) / kappa, (years - 2.0 * single + double) / kappa**2, (single - double) / kappa


def _transition(market: Market, years: float) -> gaussian.Transition:
    kappa, mean, rho = market.number("kappa"), market.number("alpha"), market.number("rho")
    sigma, wobble = float(market.volatilities[0]), market.number("sigma_delta")
    gone = integral(kappa, years)
    b, square, decaying = _integrals(kappa, years)
    cross = rho * sigma * wobble * gone - wobble**2 * decaying
    price = sigma**2 * years - 2.0 * rho * sigma * wobble * b + wobble**2 * square
    return gaussian.Transition(
        start=np.array([math.log(float(market.spots[0])), market.number("delta0")]),
        move=np.array([[1.0, -gone], [0.0, math.exp(-kappa * years)]]),
        drift=np.array([(market.rate - 0.5 * sigma**2 - mean) * years + mean * gone, mean * kappa * gone]),
        covariance=np.array([[price, cross], [cross, wobble**2 * integral(2.0 * kappa, years)]]),
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
        params=(
            Param("delta0", 0.0, "Convenience yield at the start.", low=-5.0, high=5.0, unit="1/year"),
            Param("kappa", 1.0, "Speed at which the yield reverts.", low=0.0, high=100.0, unit="1/year"),
            Param("alpha", 0.0, "Mean of the yield, less the market price of its risk.", -5.0, 5.0, "1/year"),
            Param("sigma_delta", 0.5, "Volatility of the yield.", low=0.0, high=10.0, unit="1/year"),
            Param("rho", 0.75, "Correlation of yield and price.", low=-1.0, high=1.0),
        ),
        shocks=lambda _assets: Shocks(2),
        simulator=_simulator,
        terminal=_terminal,
        volatility=gbm.volatility,
        with_volatility=gbm.with_volatility,
        step_ns=4.6,
        takes_carry=False,
    )
)

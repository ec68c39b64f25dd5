"""Basket option on a weighted sum of prices; the weighted geometric mean is its control."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo.pricing.closed_forms import black
from riskwave.compute.montecarlo.pricing.payoff import (
    KIND,
    PAYOFFS,
    SEVERAL_PRICES,
    STRIKE,
    Contract,
    Control,
    Payoff,
)
from riskwave.compute.montecarlo.pricing.reductions import exponentials
from riskwave.compute.montecarlo.pricing.spec import ASSETS_MAX

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Terminal
    from riskwave.compute.montecarlo.pricing.reductions import Paths


def _amounts(contract: Contract, paths: Paths) -> NDArray[np.float64]:
    prices, weights = paths.terminal(), paths.market.weights
    total = np.zeros(prices.shape[1])
    for weight, price in zip(weights, prices, strict=True):  # one by one: the same sum on every machine
        total += weight * price
    return np.asarray(np.maximum(contract.sign * (total - contract.number("strike")), 0.0))


def _shares(market: Market, terminal: Terminal) -> tuple[NDArray[np.float64], float]:
    """Return each asset's share of the expected basket, and the basket's; the geometric mean has these exponents."""
    parts = market.weights * terminal.forwards
    total = math.fsum(parts)
    return parts / total, total


def _geometric(contract: Contract, paths: Paths) -> NDArray[np.float64]:
    market = paths.market
    forwards = market.spots * np.exp(market.carries * market.maturity_years)
    parts = market.weights * forwards
    total = math.fsum(parts)
    mean = np.full((1, paths.logs.shape[2]), math.log(total))
    for share, forward, logs in zip(parts / total, forwards, paths.logs[:, -1], strict=True):
        mean[0] += share * (logs - math.log(forward))
    price = exponentials(mean)[0]
    return np.asarray(np.maximum(contract.sign * (price - contract.number("strike")), 0.0))


def _geometric_expectation(contract: Contract, market: Market, terminal: Terminal) -> float:
    shares, total = _shares(market, terminal)
    deviations = terminal.deviations
    variance = math.fsum((np.outer(shares * deviations, shares * deviations) * market.correlation).ravel())
    drift = -0.5 * math.fsum(shares * deviations**2)
    forward = total * math.exp(drift + 0.5 * variance)
    return black(forward, contract.number("strike"), math.sqrt(max(variance, 0.0)), contract.sign)


_GEOMETRIC = Control(_geometric, _geometric_expectation)


PAYOFFS.add(
    Payoff(
        name="basket",
        title="Basket option",
        doc="max(+-(sum of weights times prices - K), 0) at maturity; the weights are equal unless given.",
        reference="Krekel, de Kock, Korn and Man (2004), An analysis of pricing methods for basket options. Wilmott",
        params=(STRIKE, KIND),
        models=SEVERAL_PRICES,
        assets=(2, ASSETS_MAX),
        step_count=lambda _params, _years: 1,
        amounts=_amounts,
        control=lambda _contract, _terminal: _GEOMETRIC,
        lipschitz=True,
    )
)

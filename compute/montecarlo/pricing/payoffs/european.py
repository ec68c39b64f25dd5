"""European option: the difference of price and strike at maturity, if positive."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo.pricing.closed_forms import black
from riskwave.compute.montecarlo.pricing.payoff import KIND, ONE_PRICE, PAYOFFS, STRIKE, Contract, Control, Payoff

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Terminal
    from riskwave.compute.montecarlo.pricing.reductions import Paths


def amounts(contract: Contract, paths: Paths) -> NDArray[np.float64]:
    """Return max(+-(S - K), 0) of the first price."""
    return np.asarray(np.maximum(contract.sign * (paths.terminal()[0] - contract.number("strike")), 0.0))


def expectation(contract: Contract, _market: Market, terminal: Terminal) -> float:
    """Return Black's formula; NaN where the price is not lognormal."""
    strike = contract.number("strike")
    return black(float(terminal.forwards[0]), strike, float(terminal.deviations[0]), contract.sign)


def _slope(contract: Contract, paths: Paths) -> NDArray[np.float64]:
    price = paths.terminal()[0]
    sign = contract.sign
    return np.where(sign * (price - contract.number("strike")) > 0.0, sign * price, 0.0)


FORWARD = Control(
    amounts=lambda _contract, paths: paths.terminal()[0],
    expectation=lambda _contract, _market, terminal: float(terminal.forwards[0]),
)
"""The price at maturity itself, whose mean every model knows."""

EUROPEAN = Control(amounts, expectation)


def control(_contract: Contract, terminal: Terminal) -> Control:
    """Return the European option of the same strike where it has a closed form, else the price at maturity."""
    return FORWARD if math.isnan(terminal.deviations[0]) else EUROPEAN


PAYOFFS.add(
    Payoff(
        name="european",
        title="European option",
        doc="max(S - K, 0) for a call, max(K - S, 0) for a put, at maturity.",
        reference="Black and Scholes (1973), The pricing of options and corporate liabilities. JPE 81(3)",
        params=(STRIKE, KIND),
        models=ONE_PRICE,
        step_count=lambda _params, _years: 1,
        amounts=amounts,
        expectation=expectation,
        control=lambda _contract, _terminal: FORWARD,
        slope=_slope,
        ends_only=True,
    )
)

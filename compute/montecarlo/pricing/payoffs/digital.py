"""Digital option: a fixed amount if the price ends beyond the strike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo.pricing.closed_forms import probability_beyond
from riskwave.compute.montecarlo.pricing.payoff import KIND, ONE_PRICE, PAYOFFS, STRIKE, Contract, Payoff
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Terminal
    from riskwave.compute.montecarlo.pricing.reductions import Paths


def _amounts(contract: Contract, paths: Paths) -> NDArray[np.float64]:
    beyond = contract.sign * (paths.terminal()[0] - contract.number("strike")) > 0.0
    return np.where(beyond, contract.number("amount"), 0.0)


def _expectation(contract: Contract, _market: Market, terminal: Terminal) -> float:
    forward, deviation = float(terminal.forwards[0]), float(terminal.deviations[0])
    share = probability_beyond(forward, contract.number("strike"), deviation, contract.sign)
    return contract.number("amount") * share


PAYOFFS.add(
    Payoff(
        name="digital",
        title="Digital option",
        doc="A fixed amount if the price ends above the strike (call) or below it (put).",
        reference="Reiner and Rubinstein (1991), Unscrambling the binary code. Risk 4(9)",
        params=(STRIKE, KIND, Param("amount", 1.0, "What is paid.", low=0.0, high=1e12, unit="price")),
        models=ONE_PRICE,
        step_count=lambda _params, _years: 1,
        amounts=_amounts,
        ends_only=True,
        expectation=_expectation,
    )
)

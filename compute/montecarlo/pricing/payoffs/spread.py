"""Spread option on the difference of two prices; the exchange option is its control."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo.pricing.payoff import KIND, PAYOFFS, SEVERAL_PRICES, Contract, Control, Payoff
from riskwave.compute.montecarlo.pricing.payoffs import exchange
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.reductions import Paths


def _amounts(contract: Contract, paths: Paths) -> NDArray[np.float64]:
    first, second = paths.terminal()
    return np.asarray(np.maximum(contract.sign * (first - second - contract.number("strike")), 0.0))


_EXCHANGE = Control(exchange.amounts, exchange.expectation)


PAYOFFS.add(
    Payoff(
        name="spread",
        title="Spread option",
        doc="max(S1 - S2 - K, 0) for a call, max(K - S1 + S2, 0) for a put, at maturity.",
        reference="Carmona and Durrleman (2003), Pricing and hedging spread options. SIAM Review 45(4)",
        params=(Param("strike", 0.0, "Strike of the difference.", low=-1e12, high=1e12, unit="price"), KIND),
        models=SEVERAL_PRICES,
        assets=(2, 2),
        step_count=lambda _params, _years: 1,
        amounts=_amounts,
        control=lambda _contract, _terminal: _EXCHANGE,
        lipschitz=True,
    )
)

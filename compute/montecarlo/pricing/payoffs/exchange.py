"""Exchange option: the right to give one asset for another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo.pricing.closed_forms import black
from riskwave.compute.montecarlo.pricing.payoff import PAYOFFS, SEVERAL_PRICES, Contract, Payoff

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Terminal
    from riskwave.compute.montecarlo.pricing.reductions import Paths


def amounts(_contract: Contract, paths: Paths) -> NDArray[np.float64]:
    """Return max(S1 - S2, 0)."""
    first, second = paths.terminal()
    return np.asarray(np.maximum(first - second, 0.0))


def expectation(_contract: Contract, market: Market, terminal: Terminal) -> float:
    """Return Margrabe's formula: Black's, with the second price as the strike."""
    first, second = terminal.deviations
    variance = first**2 + second**2 - 2.0 * float(market.correlation[0, 1]) * first * second
    return black(float(terminal.forwards[0]), float(terminal.forwards[1]), math.sqrt(max(variance, 0.0)), 1.0)


PAYOFFS.add(
    Payoff(
        name="exchange",
        title="Exchange option",
        doc="max(S1 - S2, 0) at maturity: the first asset for the second.",
        reference="Margrabe (1978), The value of an option to exchange one asset for another. JF 33(1)",
        params=(),
        models=SEVERAL_PRICES,
        assets=(2, 2),
        step_count=lambda _params, _years: 1,
        amounts=amounts,
        expectation=expectation,
        lipschitz=True,
    )
)

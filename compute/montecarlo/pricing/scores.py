"""Derivatives of options on the price at maturity of a geometric Brownian motion, path by path.

With z the standardised logarithm of the price S at maturity, m = r - q - sigma^2 / 2 and d = sigma sqrt(T): the
density's derivatives divided by the density are scores, S's own derivatives follow from ln S = ln S0 + m T + d z, and a
payoff that is continuous needs fewer of the former.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.payoff import Contract, Payoff
    from riskwave.compute.montecarlo.pricing.reductions import Paths

    Vector = NDArray[np.float64]
    Formula = Callable[["_End"], Vector]


class _End:
    """The end of paths: its standardised logarithm, and what the formulas are written in."""

    def __init__(self, contract: Contract, payoff: Payoff, paths: Paths) -> None:
        market = paths.market
        self.spot, self.sigma = float(market.spots[0]), float(market.volatilities[0])
        self.rate, self.years = market.rate, market.maturity_years
        self.deviation = self.sigma * math.sqrt(self.years)
        self.drift = float(market.carries[0]) - 0.5 * self.sigma**2
        self.z: Vector = (paths.logs[0, -1] - math.log(self.spot) - self.drift * self.years) / self.deviation
        self.amounts: Vector = payoff.amounts(contract, paths)
        # d amount / d ln S, for a continuous payoff
        self.slope: Vector = payoff.slope(contract, paths) if payoff.slope is not None else self.amounts


_RATIO: Final = "likelihood ratio"
_PATHWISE: Final = "pathwise derivative"

_JUMPS: Final[Mapping[str, tuple[str, Formula]]] = {
    "delta": (_RATIO, lambda end: end.amounts * end.z / (end.spot * end.deviation)),
    "gamma": (
        _RATIO,
        lambda end: end.amounts * (end.z**2 - 1.0 - end.z * end.deviation) / (end.spot * end.deviation) ** 2,
    ),
    "vega": (_RATIO, lambda end: end.amounts * ((end.z**2 - 1.0) / end.sigma - end.z * math.sqrt(end.years))),
    "rho": (_RATIO, lambda end: end.amounts * (end.z * math.sqrt(end.years) / end.sigma - end.years)),
    "theta": (
        _RATIO,
        lambda end: end.amounts * (end.rate - end.z * end.drift / end.deviation - 0.5 * (end.z**2 - 1.0) / end.years),
    ),
}

_CONTINUOUS: Final[Mapping[str, tuple[str, Formula]]] = {
    "delta": (_PATHWISE, lambda end: end.slope / end.spot),
    # The likelihood ratio once, then along the path: slope - amount is what an option leaves, K where it pays.
    "gamma": (
        f"{_RATIO} and {_PATHWISE}",
        lambda end: (end.slope - end.amounts) * end.z / (end.spot**2 * end.deviation),
    ),
    "vega": (_PATHWISE, lambda end: end.slope * (end.z * math.sqrt(end.years) - end.sigma * end.years)),
    "rho": (_PATHWISE, lambda end: end.years * (end.slope - end.amounts)),
    "theta": (
        _PATHWISE,
        lambda end: end.rate * end.amounts - end.slope * (end.drift + 0.5 * end.sigma * end.z / math.sqrt(end.years)),
    ),
}


def end_sensitivity(name: str, payoff: Payoff) -> tuple[str, Callable[[Contract, Paths], Vector]]:
    """Return method and discounted samples of a sensitivity of a payoff that depends on the end alone."""
    method, formula = (_CONTINUOUS if payoff.slope is not None else _JUMPS)[name]
    return method, lambda contract, paths: formula(_End(contract, payoff, paths)) * paths.market.discount

"""Barrier option: a European option that begins or ends to exist when the price reaches a barrier."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from riskwave.compute.errors import InputError
from riskwave.compute.montecarlo.pricing.crossing import crossings
from riskwave.compute.montecarlo.pricing.monitoring import check_monitoring, monitoring
from riskwave.compute.montecarlo.pricing.payoff import KIND, ONE_PRICE, PAYOFFS, STRIKE, Contract, Payoff
from riskwave.compute.montecarlo.pricing.payoffs import european
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.reductions import Paths


def _amounts(contract: Contract, paths: Paths) -> NDArray[np.float64]:
    kind, rebate = str(contract.params["type"]), contract.number("rebate")
    up, continuous = kind.startswith("up"), contract.params["monitoring"] == "continuous"
    at_hit = rebate > 0.0 and kind.endswith("out") and contract.params["rebate_at"] == "hit"
    untouched, paid = crossings(paths, math.log(contract.number("barrier")), up, continuous, timed=at_hit)
    option = european.amounts(contract, paths)
    if kind.endswith("in"):
        return (1.0 - untouched) * option + untouched * rebate
    return untouched * option + rebate * (paid if at_hit else 1.0 - untouched)


def _check(market: Market, contract: Contract) -> None:
    check_monitoring(market, contract)
    barrier, up, spot = contract.number("barrier"), str(contract.params["type"]).startswith("up"), market.spots[0]
    if (spot >= barrier) if up else (spot <= barrier):
        side = "above" if up else "below"
        raise InputError("payoff_params.barrier", barrier, f"{side} the spot price {spot:g}; it is reached already")


PAYOFFS.add(
    Payoff(
        name="barrier",
        title="Barrier option",
        doc="A European option that is knocked in or out when the price reaches the barrier.",
        reference="Broadie, Glasserman and Kou (1997), A continuity correction for discrete barrier options. MF 7(4)",
        params=(
            STRIKE,
            KIND,
            Param("barrier", 90.0, "The barrier.", low=1e-9, high=1e12, unit="price"),
            Param(
                "type",
                "down_and_out",
                "Side of the barrier, and what happens there.",
                choices=("down_and_out", "down_and_in", "up_and_out", "up_and_in"),
            ),
            monitoring("discrete"),
            Param("rebate", 0.0, "Paid instead of a knocked out or never knocked in option.", 0.0, 1e12, "price"),
            Param(
                "rebate_at",
                "hit",
                "When the rebate of a knock-out is paid; that of a knock-in is paid at maturity.",
                choices=("hit", "maturity"),
            ),
        ),
        models=ONE_PRICE,
        step_count=lambda params, _years: 1 if params["monitoring"] == "continuous" else 252,
        amounts=_amounts,
        control=european.control,
        check=_check,
    )
)

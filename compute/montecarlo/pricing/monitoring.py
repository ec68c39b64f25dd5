"""When a price is looked at: at the steps, or all the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.compute.errors import InputError
from riskwave.compute.montecarlo.pricing.payoff import CONTINUOUS
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.payoff import Contract


def monitoring(default: str) -> Param:
    """Return the parameter."""
    return Param("monitoring", default, "At the steps, or all the time.", choices=("continuous", "discrete"))


def check_monitoring(_market: Market, contract: Contract) -> None:
    """Refuse to look all the time where the law of a path between two steps is not known."""
    if contract.params["monitoring"] == "continuous" and contract.model not in CONTINUOUS:
        allowed = f"discrete for the model {contract.model}; continuous goes with {', '.join(CONTINUOUS)}"
        raise InputError("payoff_params.monitoring", "continuous", allowed)

"""Barrier option: a European option that begins or ends to exist when the price reaches a barrier."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.errors import InputError
from riskwave.compute.montecarlo.pricing.closed_forms import black, terminal
from riskwave.compute.montecarlo.pricing.payoff import KIND, PAYOFFS, STRIKE, Payoff
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.paths import Features, Lognormal
    from riskwave.compute.montecarlo.pricing.payoff import Params


def _european(params: Params, features: Features) -> NDArray[np.float64]:
    sign = 1.0 if params["kind"] == "call" else -1.0
    return np.maximum(sign * (features.terminal - float(params["strike"])), 0.0)


def _amounts(_law: Lognormal, params: Params, features: Features) -> NDArray[np.float64]:
    barrier = float(params["barrier"])
    hit = features.maximum >= barrier if str(params["type"]).startswith("up") else features.minimum <= barrier
    alive = hit if str(params["type"]).endswith("in") else ~hit
    return np.where(alive, _european(params, features), 0.0)


def _control(law: Lognormal, params: Params, features: Features) -> tuple[NDArray[np.float64], float]:
    forward, deviation = terminal(law)
    return _european(params, features), black(forward, float(params["strike"]), deviation, str(params["kind"]))


def _check(spot: float, params: Params) -> None:
    barrier, up = float(params["barrier"]), str(params["type"]).startswith("up")
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
            Param("monitoring", "discrete", "At the steps, or all the time.", choices=("discrete", "continuous")),
        ),
        step_count=lambda params: 1 if params["monitoring"] == "continuous" else 252,
        amounts=_amounts,
        expectation=lambda _law, _params: math.nan,
        control=_control,
        needs_continuous=lambda params: params["monitoring"] == "continuous",
        check=_check,
    )
)

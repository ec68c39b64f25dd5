"""Lookback option on the highest or lowest price, against a fixed strike or the price at maturity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo.pricing.closed_forms import black, terminal
from riskwave.compute.montecarlo.pricing.payoff import KIND, PAYOFFS, STRIKE, Payoff
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.paths import Features, Lognormal
    from riskwave.compute.montecarlo.pricing.payoff import Params


def _amounts(law: Lognormal, params: Params, features: Features) -> NDArray[np.float64]:
    highest, lowest = np.maximum(features.maximum, law.spot), np.minimum(features.minimum, law.spot)
    call, strike = params["kind"] == "call", float(params["strike"])
    if params["style"] == "floating":
        return features.terminal - lowest if call else highest - features.terminal
    return np.maximum(highest - strike, 0.0) if call else np.maximum(strike - lowest, 0.0)


def _control(law: Lognormal, params: Params, features: Features) -> tuple[NDArray[np.float64], float]:
    forward, deviation = terminal(law)
    strike = float(params["strike"]) if params["style"] == "fixed" else law.spot
    sign = 1.0 if params["kind"] == "call" else -1.0
    amounts = np.maximum(sign * (features.terminal - strike), 0.0)
    return amounts, black(forward, strike, deviation, str(params["kind"]))


PAYOFFS.add(
    Payoff(
        name="lookback",
        title="Lookback option",
        doc="Fixed: highest price less strike, or strike less lowest. Floating: the end against the extreme.",
        reference="Conze and Viswanathan (1991), Path dependent options: the case of lookback options. JF 46(5)",
        params=(
            STRIKE,
            KIND,
            Param("style", "floating", "Against what the extreme is compared.", choices=("floating", "fixed")),
            Param("monitoring", "continuous", "At the steps, or all the time.", choices=("continuous", "discrete")),
        ),
        step_count=lambda params: 1 if params["monitoring"] == "continuous" else 252,
        amounts=_amounts,
        expectation=lambda _law, _params: math.nan,
        control=_control,
        needs_continuous=lambda params: params["monitoring"] == "continuous",
    )
)

"""Asian option on the mean of prices at equally spaced dates; the geometric mean is the arithmetic one's control."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo.pricing.closed_forms import black, geometric_mean
from riskwave.compute.montecarlo.pricing.payoff import KIND, PAYOFFS, STRIKE, Payoff
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.paths import Features, Lognormal
    from riskwave.compute.montecarlo.pricing.payoff import Params


def _beyond(params: Params, values: NDArray[np.float64]) -> NDArray[np.float64]:
    sign = 1.0 if params["kind"] == "call" else -1.0
    return np.maximum(sign * (values - float(params["strike"])), 0.0)


def _geometric(law: Lognormal, params: Params, features: Features) -> NDArray[np.float64]:
    mean = features.geometric_mean
    if params["include_start"]:
        mean = law.spot * (mean / law.spot) ** (law.steps / (law.steps + 1))
    return _beyond(params, mean)


def _amounts(law: Lognormal, params: Params, features: Features) -> NDArray[np.float64]:
    if params["average"] == "geometric":
        return _geometric(law, params, features)
    mean = features.mean
    if params["include_start"]:
        mean = (mean * law.steps + law.spot) / (law.steps + 1)
    return _beyond(params, mean)


def _geometric_expectation(law: Lognormal, params: Params) -> float:
    forward, deviation = geometric_mean(law, include_start=bool(params["include_start"]))
    return black(forward, float(params["strike"]), deviation, str(params["kind"]))


def _expectation(law: Lognormal, params: Params) -> float:
    return _geometric_expectation(law, params) if params["average"] == "geometric" else math.nan


def _control(law: Lognormal, params: Params, features: Features) -> tuple[NDArray[np.float64], float]:
    return _geometric(law, params, features), _geometric_expectation(law, params)


PAYOFFS.add(
    Payoff(
        name="asian",
        title="Asian option",
        doc="A European option on the mean of the prices at the steps.",
        reference="Kemna and Vorst (1990), A pricing method for options based on average asset values. JBF 14(1)",
        params=(
            STRIKE,
            KIND,
            Param("average", "arithmetic", "Which mean.", choices=("arithmetic", "geometric")),
            Param("include_start", False, "Whether the price at the start is one of those averaged."),
        ),
        step_count=lambda _params: 12,
        amounts=_amounts,
        expectation=_expectation,
        control=_control,
        needs_mean=lambda params: params["average"] == "arithmetic",
    )
)

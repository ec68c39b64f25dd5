"""Digital option: a fixed amount if the price ends beyond the strike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo.pricing.closed_forms import probability_beyond, terminal
from riskwave.compute.montecarlo.pricing.payoff import KIND, PAYOFFS, STRIKE, Payoff
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.paths import Features, Lognormal
    from riskwave.compute.montecarlo.pricing.payoff import Params


def _amounts(_law: Lognormal, params: Params, features: Features) -> NDArray[np.float64]:
    strike = float(params["strike"])
    paid = features.terminal > strike if params["kind"] == "call" else features.terminal < strike
    return np.where(paid, float(params["amount"]), 0.0)


def _expectation(law: Lognormal, params: Params) -> float:
    forward, deviation = terminal(law)
    return float(params["amount"]) * probability_beyond(
        forward, float(params["strike"]), deviation, str(params["kind"])
    )


PAYOFFS.add(
    Payoff(
        name="digital",
        title="Digital option",
        doc="A fixed amount if the price ends above the strike (call) or below it (put).",
        reference="Reiner and Rubinstein (1991), Unscrambling the binary code. Risk 4(9)",
        params=(STRIKE, KIND, Param("amount", 1.0, "What is paid.", low=0.0, high=1e12, unit="price")),
        step_count=lambda _params: 1,
        amounts=_amounts,
        expectation=_expectation,
    )
)

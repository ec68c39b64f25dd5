"""European option: the difference of price and strike at maturity, if positive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo.pricing.closed_forms import black, terminal
from riskwave.compute.montecarlo.pricing.payoff import KIND, PAYOFFS, STRIKE, Payoff

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.paths import Features, Lognormal
    from riskwave.compute.montecarlo.pricing.payoff import Params


def _amounts(_law: Lognormal, params: Params, features: Features) -> NDArray[np.float64]:
    sign = 1.0 if params["kind"] == "call" else -1.0
    return np.maximum(sign * (features.terminal - float(params["strike"])), 0.0)


def _expectation(law: Lognormal, params: Params) -> float:
    forward, deviation = terminal(law)
    return black(forward, float(params["strike"]), deviation, str(params["kind"]))


PAYOFFS.add(
    Payoff(
        name="european",
        title="European option",
        doc="max(S - K, 0) for a call, max(K - S, 0) for a put, at maturity.",
        reference="Black and Scholes (1973), The pricing of options and corporate liabilities. JPE 81(3)",
        params=(STRIKE, KIND),
        step_count=lambda _params: 1,
        amounts=_amounts,
        expectation=_expectation,
    )
)

"""Asian option on the mean of prices at the steps, or at given times; the geometric mean is the control."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo.pricing.closed_forms import black, geometric_mean
from riskwave.compute.montecarlo.pricing.payoff import KIND, ONE_PRICE, PAYOFFS, STRIKE, Contract, Control, Payoff
from riskwave.compute.montecarlo.pricing.payoffs.european import FORWARD
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Terminal
    from riskwave.compute.montecarlo.pricing.reductions import Paths


def _geometric_mean(contract: Contract, paths: Paths) -> NDArray[np.float64]:
    fixed = paths.at_fixings()
    mean = fixed.features().geometric_mean
    if not contract.params["include_start"]:
        return mean
    count, spot = fixed.logs.shape[1], float(paths.market.spots[0])
    return np.asarray(spot * (mean / spot) ** (count / (count + 1)))


def _mean(contract: Contract, paths: Paths) -> NDArray[np.float64]:
    """Return the mean that the option is on."""
    if contract.params["average"] == "geometric":
        return _geometric_mean(contract, paths)
    fixed = paths.at_fixings()
    mean = fixed.features(levels=True).mean
    if not contract.params["include_start"]:
        return mean
    count, spot = fixed.logs.shape[1], float(paths.market.spots[0])
    return np.asarray((mean * count + spot) / (count + 1))


def _beyond(contract: Contract, mean: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(contract.sign * (mean - contract.number("strike")), 0.0)


def _amounts(contract: Contract, paths: Paths) -> NDArray[np.float64]:
    return _beyond(contract, _mean(contract, paths))


def _slope(contract: Contract, paths: Paths) -> NDArray[np.float64]:
    mean, sign = _mean(contract, paths), contract.sign
    return np.where(sign * (mean - contract.number("strike")) > 0.0, sign * mean, 0.0)


def _geometric_expectation(contract: Contract, market: Market, _terminal: Terminal) -> float:
    forward, deviation = geometric_mean(market, include_start=bool(contract.params["include_start"]))
    return black(forward, contract.number("strike"), deviation, contract.sign)


def _expectation(contract: Contract, market: Market, terminal: Terminal) -> float:
    if contract.params["average"] == "arithmetic" or contract.model != "gbm":
        return math.nan
    return _geometric_expectation(contract, market, terminal)


_GEOMETRIC = Control(
    amounts=lambda contract, paths: _beyond(contract, _geometric_mean(contract, paths)),
    expectation=_geometric_expectation,
)


PAYOFFS.add(
    Payoff(
        name="asian",
        title="Asian option",
        doc="A European option on the mean of the prices at the steps, or at fixing_times: years from now, ascending.",
        reference="Kemna and Vorst (1990), A pricing method for options based on average asset values. JBF 14(1)",
        params=(
            STRIKE,
            KIND,
            Param("average", "arithmetic", "Which mean.", choices=("arithmetic", "geometric")),
            Param("include_start", False, "Whether the price at the start is one of those averaged."),
        ),
        models=ONE_PRICE,
        step_count=lambda _params, _years: 12,
        amounts=_amounts,
        expectation=_expectation,
        control=lambda contract, _terminal: _GEOMETRIC if contract.model == "gbm" else FORWARD,
        slope=_slope,
        takes_fixings=True,
    )
)

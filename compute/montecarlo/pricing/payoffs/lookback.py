"""Lookback option on the highest or lowest price, against a fixed strike or the price at maturity."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo.pricing.closed_forms import black
from riskwave.compute.montecarlo.pricing.monitoring import check_monitoring, monitoring
from riskwave.compute.montecarlo.pricing.payoff import KIND, ONE_PRICE, PAYOFFS, STRIKE, Contract, Control, Payoff
from riskwave.compute.montecarlo.pricing.payoffs import european
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Terminal
    from riskwave.compute.montecarlo.pricing.reductions import Paths


def _reference(contract: Contract, paths: Paths) -> tuple[NDArray[np.float64], NDArray[np.float64] | float]:
    """Return the larger and the smaller of the two prices that a call compares; a put compares them the other way."""
    features = paths.features(continuous=contract.params["monitoring"] == "continuous")
    spot = float(paths.market.spots[0])
    if contract.params["style"] == "floating":
        extreme = features.minimum if contract.sign > 0.0 else features.maximum
        return features.terminal, np.minimum(extreme, spot) if contract.sign > 0.0 else np.maximum(extreme, spot)
    extreme = features.maximum if contract.sign > 0.0 else features.minimum
    return np.maximum(extreme, spot) if contract.sign > 0.0 else np.minimum(extreme, spot), contract.number("strike")


def _amounts(contract: Contract, paths: Paths) -> NDArray[np.float64]:
    long, short = _reference(contract, paths)
    return np.maximum(contract.sign * (long - short), 0.0)


def _slope(contract: Contract, paths: Paths) -> NDArray[np.float64]:
    long, short = _reference(contract, paths)
    if contract.params["style"] == "floating":  # both prices move with the spot
        return np.maximum(contract.sign * (long - short), 0.0)
    return np.where(contract.sign * (long - short) > 0.0, contract.sign * long, 0.0)


def _strike(contract: Contract, market: Market) -> float:
    return contract.number("strike") if contract.params["style"] == "fixed" else float(market.spots[0])


def _european(contract: Contract, paths: Paths) -> NDArray[np.float64]:
    like = replace(contract, params={**contract.params, "strike": _strike(contract, paths.market)})
    return european.amounts(like, paths)


def _european_expectation(contract: Contract, market: Market, terminal: Terminal) -> float:
    forward, deviation = float(terminal.forwards[0]), float(terminal.deviations[0])
    return black(forward, _strike(contract, market), deviation, contract.sign)


_EUROPEAN = Control(_european, _european_expectation)


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
            monitoring("continuous"),
        ),
        models=ONE_PRICE,
        step_count=lambda params, _years: 1 if params["monitoring"] == "continuous" else 252,
        amounts=_amounts,
        control=lambda _contract, terminal: european.FORWARD if math.isnan(terminal.deviations[0]) else _EUROPEAN,
        slope=_slope,
        check=check_monitoring,
    )
)

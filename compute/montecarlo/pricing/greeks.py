"""Sensitivities of a price, each estimated path by path, so that each has its standard error.

The derivative of the payoff along a path (pathwise) where the payoff is continuous, the derivative of the paths'
density (likelihood ratio) where the end alone decides and its density is known, and else the difference of two markets
on the same random numbers.

References
----------
Broadie and Glasserman (1996), Estimating security price derivatives using simulation. Management Science 42(2).
Glasserman (2003), Monte Carlo methods in financial engineering, chapter 7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.montecarlo.pricing.reductions import Paths
from riskwave.compute.montecarlo.pricing.scores import end_sensitivity

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Simulator
    from riskwave.compute.montecarlo.pricing.noise import Noise
    from riskwave.compute.montecarlo.pricing.task import Task

PATHWISE: Final = "pathwise derivative"
LIKELIHOOD_RATIO: Final = "likelihood ratio"
DIFFERENCE: Final = "central difference on common random numbers"
FORWARD_DIFFERENCE: Final = "forward difference on common random numbers"


@dataclass(frozen=True, eq=False, slots=True)
class Sensitivity:
    """One derivative of the price.

    Parameters
    ----------
    name
        ``delta``..., with the asset's index in brackets when there are several.
    method
        How it is estimated.
    terms
        Markets, and the weights of their discounted amounts in a difference.
    sample
        The derivative along a path, discounted, from the values of the unchanged market; instead of `terms`.
    """

    name: str
    method: str
    terms: tuple[tuple[float, Market], ...] = ()
    sample: Callable[[Values], NDArray[np.float64]] | None = None


class Values:
    """Amounts of one block of paths after another, in as many markets as are asked for."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._simulators: dict[int, Simulator] = {}
        self._logs = np.empty((0, 0, 0))

    def begin(self, noise: Noise) -> None:
        """Turn to another block; what was returned for the last one is no longer valid."""
        self._noise = noise
        shape = (self.task.market.assets, self.task.market.steps, noise.normals.shape[1])
        if self._logs.shape != shape:
            self._logs = np.empty(shape)
        self._paths: dict[int, Paths] = {}
        self._amounts: dict[int, NDArray[np.float64]] = {}

    def paths(self, market: Market) -> Paths:
        """Return the paths in one market."""
        if id(market) not in self._paths:
            if id(market) not in self._simulators:
                self._simulators[id(market)] = self.task.model.simulator(market)
            self._simulators[id(market)](self._noise, self._logs)
            self._paths = {id(market): Paths(market, self._noise, self._logs)}  # one at a time, in the same memory
        return self._paths[id(market)]

    def amounts(self, market: Market) -> NDArray[np.float64]:
        """Return the amounts in one market, not discounted."""
        if id(market) not in self._amounts:
            self._amounts[id(market)] = self.task.payoff.amounts(self.task.contract, self.paths(market))
        return self._amounts[id(market)]

    def sensitivity(self, wanted: Sensitivity) -> NDArray[np.float64]:
        """Return one derivative a path, discounted."""
        if wanted.sample is not None:
            return wanted.sample(self)
        total = np.zeros(self._noise.normals.shape[1])
        for weight, market in wanted.terms:
            total += weight * market.discount * self.amounts(market)
        return total


def sensitivities(task: Task) -> tuple[Sensitivity, ...]:
    """Return what a task asks for, in its order."""
    found: list[Sensitivity] = []
    for name in task.spec.greeks:
        for asset in range(task.market.assets) if name in {"delta", "gamma", "vega"} else (0,):
            single = task.market.assets == 1 or name in {"rho", "theta"}
            found.append(_sensitivity(task, name, asset, name if single else f"{name}[{asset}]"))
    return tuple(found)


def _sensitivity(task: Task, name: str, asset: int, label: str) -> Sensitivity:
    market, payoff = task.market, task.payoff
    if task.model.name == "gbm" and market.assets == 1 and market.volatilities[0] > 0.0 and payoff.ends_only:
        method, sample = end_sensitivity(name, payoff)
        return Sensitivity(label, method, sample=lambda values: sample(task.contract, values.paths(market)))
    if name == "delta" and payoff.slope is not None and task.model.scales and market.assets == 1:
        slope, factor = payoff.slope, market.discount / float(market.spots[0])
        return Sensitivity(label, PATHWISE, sample=lambda values: factor * slope(task.contract, values.paths(market)))
    method, terms = _difference(task, name, asset)
    return Sensitivity(label, method, terms=terms)


def _difference(task: Task, name: str, asset: int) -> tuple[str, tuple[tuple[float, Market], ...]]:
    """Return a difference whose step is small where the payoff is continuous, and wide where it has jumps."""
    market = task.market
    continuous = task.payoff.continuous
    if name in {"delta", "gamma"}:
        step = float(market.spots[asset]) * (0.001 if continuous and name == "delta" else 0.01)
        up, down = _with_spot(market, asset, step), _with_spot(market, asset, -step)
        if name == "delta":
            return DIFFERENCE, ((0.5 / step, up), (-0.5 / step, down))
        return DIFFERENCE, ((step**-2, up), (-2.0 * step**-2, market), (step**-2, down))
    if name == "vega":
        step = 0.001 if continuous else 0.01
        up = task.model.with_volatility(market, step, asset)
        if task.model.volatility(market, asset) < step:
            return FORWARD_DIFFERENCE, ((1.0 / step, up), (-1.0 / step, market))
        return DIFFERENCE, ((0.5 / step, up), (-0.5 / step, task.model.with_volatility(market, -step, asset)))
    if name == "rho":
        step = 1e-4 if continuous else 1e-3
        up, down = replace(market, rate=market.rate + step), replace(market, rate=market.rate - step)
        return DIFFERENCE, ((0.5 / step, up), (-0.5 / step, down))
    step = market.maturity_years * (0.001 if continuous else 0.01)  # theta: the slope as time to maturity shrinks
    longer = replace(market, maturity_years=market.maturity_years + step)
    shorter = replace(market, maturity_years=market.maturity_years - step)
    return DIFFERENCE, ((-0.5 / step, longer), (0.5 / step, shorter))


def _with_spot(market: Market, asset: int, change: float) -> Market:
    spots = market.spots.copy()
    spots[asset] += change
    return replace(market, spots=spots)

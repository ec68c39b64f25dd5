"""Options whose holder chooses the date: what exercise pays, what the choice depends on, and the policy of a task."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.errors import InputError, TooLargeError
from riskwave.compute.montecarlo.philox import INDEPENDENT, split_seed
from riskwave.compute.montecarlo.pricing.noise import POLICY_DRAW, pseudo_noise
from riskwave.compute.montecarlo.pricing.payoffs import european
from riskwave.compute.montecarlo.pricing.reductions import Paths, exponentials
from riskwave.compute.montecarlo.pricing.regression import Policy, fit_policy, follow_policy
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Terminal
    from riskwave.compute.montecarlo.pricing.payoff import Contract, Control
    from riskwave.compute.montecarlo.pricing.task import Task

FIT_PRICES: Final = 1 << 21
"""Prices on all paths of a fit; with what is made of them they take 64 MB."""

FIT_PATHS_MAX: Final = 1 << 16
FIT_PATHS_MIN: Final = 1 << 10

UNDERLYING = Param(
    "underlying",
    "average",
    "Of several assets, what is compared with the strike: their weighted average, or an extreme of their prices.",
    choices=("average", "maximum", "minimum"),
)


def _prices(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return e^x of logarithms of shape (assets, steps, lanes)."""
    return exponentials(logs.reshape(-1, logs.shape[2])).reshape(logs.shape)


def _exercise(contract: Contract, market: Market, prices: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Return what exercise pays, shape (steps, lanes), and the states, shape (1 or 2, steps, lanes)."""
    strike, which = contract.number("strike"), contract.params["underlying"]
    if len(prices) == 1:
        states = prices
    else:
        order = np.sort(prices, axis=0)
        if which == "average":
            average = np.zeros(prices.shape[1:])
            for weight, price in zip(market.weights, prices, strict=True):
                average += weight * price
            states = np.stack([average, order[-1]])
        else:
            states = order[[-1, -2]] if which == "maximum" else order[[0, 1]]
    return np.maximum(contract.sign * (states[0] - strike), 0.0), np.ascontiguousarray(states)


def amounts(contract: Contract, paths: Paths) -> NDArray[np.float64]:
    """Return what the contract's policy pays, brought forward to maturity."""
    policy, market = contract.policy, paths.market
    assert policy is not None
    if policy.at_once:
        now, _ = _exercise(contract, market, market.spots[:, np.newaxis, np.newaxis])
        return np.full(paths.logs.shape[2], float(now[0, 0]) / market.discount)
    pays, states = _exercise(contract, market, _prices(paths.logs))
    return follow_policy(policy, pays, states, market.rate * market.step_years)


def control(contract: Contract, terminal: Terminal) -> Control | None:
    """Return the European option on one asset; none on several."""
    return european.control(contract, terminal) if len(terminal.forwards) == 1 else None


def check(market: Market, _contract: Contract) -> None:
    """Refuse more dates than a policy can be fitted for within its memory."""
    most = FIT_PRICES // FIT_PATHS_MIN // market.assets
    if market.steps > most:
        allowed = f"at most {most} with early exercise on {market.assets} assets: whole paths are kept to fit a policy"
        raise TooLargeError("steps", market.steps, allowed)


def check_dates(market: Market, contract: Contract) -> None:
    """Refuse steps that are not the exercise dates."""
    dates = int(contract.number("exercise_dates"))
    if market.steps != dates:
        raise InputError("steps", market.steps, f"0 or the {dates} exercise dates")
    check(market, contract)


class _Fit:
    """What a policy depends on, comparable, so that the chunks of a task share one."""

    def __init__(self, task: Task) -> None:
        self.task = task
        market = task.market
        arrays = (market.spots, market.volatilities, market.dividends, market.weights, market.correlation)
        self._key = (
            task.payoff.name,
            tuple(task.contract.params.items()),
            task.model.name,
            tuple(market.params.items()),
            tuple(array.tobytes() for array in arrays),
            (market.rate, market.maturity_years, market.steps, task.spec.seed),
        )

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Fit) and self._key == other._key


@lru_cache(maxsize=8)
def _fitted(fit: _Fit) -> Policy:
    task, market = fit.task, fit.task.market
    lanes = min(FIT_PATHS_MAX, FIT_PRICES // (market.steps * market.assets))
    shocks = task.model.shocks(market.assets)
    noise = pseudo_noise(shocks, market.steps, 0, lanes, POLICY_DRAW, split_seed(task.spec.seed), INDEPENDENT)
    logs = np.empty((market.assets, market.steps, lanes))
    task.model.simulator(market)(noise, logs)
    pays, states = _exercise(task.contract, market, _prices(logs))
    now, _ = _exercise(task.contract, market, market.spots[:, np.newaxis, np.newaxis])
    at_once = float(now[0, 0]) if task.payoff.exercise_at_once else None
    return fit_policy(pays, states, market.rate * market.step_years, _hold(task), at_once)


def _hold(task: Task) -> NDArray[np.float64]:
    """Return level and slope of a bound from below of the value of holding to maturity, at every step."""
    market, contract = task.market, task.contract
    hold = np.zeros((market.steps, 2))
    if market.assets == 1 and task.model.takes_carry:
        left = market.maturity_years - market.step_years * np.arange(1, market.steps + 1)
        hold[:, 0] = -contract.sign * contract.number("strike") * np.exp(-market.rate * left)
        hold[:, 1] = contract.sign * np.exp(-market.dividends[0] * left)
    return hold


def with_policy(task: Task) -> Task:
    """Return the task with its policy, fitted on paths of their own; any other task as it is."""
    if not task.payoff.early_exercise:
        return task
    return replace(task, contract=replace(task.contract, policy=_fitted(_Fit(task))))


def dates_a_year(years: float) -> int:
    """Return the exercise dates that stand for an American option by default."""
    return max(math.ceil(100.0 * years), 1)

"""Least squares Monte Carlo: an exercise policy from simulated paths, and what following it on other paths pays.

Backwards from maturity, the value of going on is regressed on the state at each date, over the paths on which exercise
pays anything, and a path is exercised where it pays more than that. A policy followed on the paths that it was made of
knows something of their future; followed on independent paths it is one that a holder could follow, and their mean
is a lower bound of the price that is tight when the regression is good.

A regression has errors, and where exercise pays little more or less than going on they cost something. On one asset
that carries a known yield, holding to maturity is worth at least the forward's distance from the strike, discounted;
no policy exercises below that, so that a call on an asset without dividends is never exercised early.

Everything is summed in a fixed order without a linear algebra library, so that every worker makes the same policy.

References
----------
Longstaff and Schwartz (2001), Valuing American options by simulation. Review of Financial Studies 14(1).
Clement, Lamberton and Protter (2002), An analysis of a least squares regression method. Finance and Stochastics 6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.intrinsics import fused_multiply_add

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DEGREES: Final = (5, 4)
_TERMS_MAX: Final = 15
_PATHS_A_TERM: Final = 10
_PIVOT: Final = 1e-9
_OUTSIDE: Final = 6.0


@dataclass(frozen=True, eq=False, slots=True)
class Policy:
    """When to exercise: where exercise pays at least the fitted value of going on.

    Parameters
    ----------
    active
        Whether there is a fit at a step, shape (steps,); without one the holder goes on.
    coefficients
        Of the polynomials, shape (steps, terms).
    centres, scales
        What the states are standardised by, shape (steps, states).
    hold
        A level and a slope in the first state below which the value of going on cannot be, shape (steps, 2).
    at_once
        Whether exercise before the first step pays more than any policy after it.
    """

    active: NDArray[np.bool_]
    coefficients: NDArray[np.float64]
    centres: NDArray[np.float64]
    scales: NDArray[np.float64]
    hold: NDArray[np.float64]
    at_once: bool


@kernel(inline=True)
def _standard(x: float, centre: float, scale: float) -> float:
    """Return a standardised state, held within what a polynomial can be trusted with."""
    u = (x - centre) * scale
    u = _OUTSIDE if u > _OUTSIDE else u  # noqa: FURB136  (max() keeps the compiler from using vectors)
    return -_OUTSIDE if u < -_OUTSIDE else u  # noqa: FURB136


@kernel()
def _fill_terms(u: float, v: float, states: int, terms: NDArray[np.float64]) -> None:
    """Fill `terms` with all monomials of one or two states up to the degree that they have room for."""
    terms[0] = 1.0
    if states == 1:
        for k in range(1, len(terms)):
            terms[k] = u * terms[k - 1]
        return
    k, width = 1, 1
    while k < len(terms):
        # A degree's terms are those of the degree before times u, and the last one of them times v.
        for power in range(width):
            terms[k + power] = u * terms[k + power - width]
        terms[k + width] = v * terms[k - 1]
        width += 1
        k += width


@kernel()
def _factorise(matrix: NDArray[np.float64], kept: NDArray[np.bool_]) -> None:
    """Overwrite the lower half by Cholesky's factor; leave out terms that depend on those before them."""
    for i in range(len(kept)):
        for j in range(i):
            for k in range(j):
                matrix[i, j] -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = matrix[i, j] / matrix[j, j] if kept[j] else 0.0
        value = matrix[i, i]
        for k in range(i):
            value -= matrix[i, k] * matrix[i, k]
        kept[i] = value > _PIVOT * matrix[i, i]
        matrix[i, i] = math.sqrt(value) if kept[i] else 1.0
        if not kept[i]:
            matrix[i, :i] = 0.0


@kernel()
def _solve(matrix: NDArray[np.float64], right: NDArray[np.float64], solution: NDArray[np.float64]) -> None:
    """Solve normal equations; a term that depends on those before it gets the coefficient 0."""
    n = len(right)
    kept = np.ones(n, dtype=np.bool_)
    _factorise(matrix, kept)
    for i in range(n):
        value = right[i] if kept[i] else 0.0
        for k in range(i):
            value -= matrix[i, k] * solution[k]
        solution[i] = value / matrix[i, i]
    for i in range(n - 1, -1, -1):
        value = solution[i]
        for k in range(i + 1, n):
            value -= matrix[k, i] * solution[k]
        solution[i] = value / matrix[i, i] if kept[i] else 0.0


@kernel()
def _standardise(
    amounts: NDArray[np.float64], states: NDArray[np.float64], centre: NDArray[np.float64], scale: NDArray[np.float64]
) -> int:
    """Set centre and reciprocal spread of the states where exercise pays; return the number of such paths."""
    count = 0
    for q in range(states.shape[0]):
        total, squares, count = 0.0, 0.0, 0
        for j in range(len(amounts)):
            if amounts[j] > 0.0:
                total += states[q, j]
                count += 1
        centre[q] = total / max(count, 1)
        for j in range(len(amounts)):
            if amounts[j] > 0.0:
                squares += (states[q, j] - centre[q]) ** 2
        spread = math.sqrt(squares / max(count, 1))
        scale[q] = 1.0 / spread if spread > 1e-12 * abs(centre[q]) else 0.0
    return count


@kernel()
def _value_going_on(
    states: NDArray[np.float64],
    centre: NDArray[np.float64],
    scale: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    hold: NDArray[np.float64],
    value: NDArray[np.float64],
) -> None:
    """Fill the fitted value of going on, or what is known to be less than it if that is more, for every path."""
    count, last = len(coefficients), len(states) - 1
    c0, s0, c1, s1, level, slope = centre[0], scale[0], centre[last], scale[last], hold[0], hold[1]
    if last == 0:
        for j in range(len(value)):
            u = _standard(states[0, j], c0, s0)
            fitted = coefficients[count - 1]
            for k in range(count - 2, -1, -1):
                fitted = fused_multiply_add(fitted, u, coefficients[k])
            bound = level + slope * states[0, j]
            value[j] = fitted if fitted > bound else bound  # noqa: FURB136
        return
    terms = np.empty(count)
    for j in range(len(value)):
        _fill_terms(_standard(states[0, j], c0, s0), _standard(states[1, j], c1, s1), 2, terms)
        fitted = 0.0
        for k in range(count):
            fitted += terms[k] * coefficients[k]
        value[j] = max(fitted, level + slope * states[0, j])


@kernel()
def _regress(
    amounts: NDArray[np.float64],
    states: NDArray[np.float64],
    value: NDArray[np.float64],
    centre: NDArray[np.float64],
    scale: NDArray[np.float64],
    coefficients: NDArray[np.float64],
) -> None:
    """Regress `value` on the states of the paths on which exercise pays."""
    count, last = len(coefficients), len(states) - 1
    c0, s0, c1, s1 = centre[0], scale[0], centre[last], scale[last]
    terms, matrix, right = np.empty(count), np.zeros((count, count)), np.zeros(count)
    for j in range(len(amounts)):
        if amounts[j] > 0.0:
            u, v = _standard(states[0, j], c0, s0), _standard(states[last, j], c1, s1)
            _fill_terms(u, v, last + 1, terms)
            for i in range(count):
                right[i] += terms[i] * value[j]
                for k in range(i + 1):
                    matrix[i, k] += terms[i] * terms[k]
    _solve(matrix, right, coefficients)


@kernel()
def _fit(
    amounts: NDArray[np.float64],
    states: NDArray[np.float64],
    discount: float,
    hold: NDArray[np.float64],
    active: NDArray[np.bool_],
    coefficients: NDArray[np.float64],
    centres: NDArray[np.float64],
    scales: NDArray[np.float64],
) -> float:
    """Fill the policy from amounts (steps, lanes) and states (states, steps, lanes); return its value at the start."""
    steps, lanes = amounts.shape
    value, going_on = amounts[steps - 1].copy(), np.empty(lanes)
    for t in range(steps - 2, -1, -1):
        for j in range(lanes):
            value[j] *= discount
        paying = _standardise(amounts[t], states[:, t], centres[t], scales[t])
        active[t] = paying >= _PATHS_A_TERM * coefficients.shape[1]
        if active[t]:
            _regress(amounts[t], states[:, t], value, centres[t], scales[t], coefficients[t])
            _value_going_on(states[:, t], centres[t], scales[t], coefficients[t], hold[t], going_on)
            for j in range(lanes):
                if amounts[t, j] > 0.0 and amounts[t, j] >= going_on[j]:
                    value[j] = amounts[t, j]
    total: float = 0.0
    for j in range(lanes):
        total += value[j]
    mean: float = discount * total / lanes
    return mean


@kernel()
def _follow(
    amounts: NDArray[np.float64],
    states: NDArray[np.float64],
    growth: float,
    hold: NDArray[np.float64],
    active: NDArray[np.bool_],
    coefficients: NDArray[np.float64],
    centres: NDArray[np.float64],
    scales: NDArray[np.float64],
    paid: NDArray[np.float64],
) -> None:
    """Fill what the policy pays on each path, brought forward to maturity at `growth` a step."""
    steps, lanes = amounts.shape
    held, going_on = np.ones(lanes, dtype=np.bool_), np.empty(lanes)
    for t in range(steps - 1):
        if not active[t]:
            continue
        _value_going_on(states[:, t], centres[t], scales[t], coefficients[t], hold[t], going_on)
        forward = math.exp(growth * (steps - 1 - t))
        for j in range(lanes):
            if held[j] and amounts[t, j] > 0.0 and amounts[t, j] >= going_on[j]:
                paid[j] = amounts[t, j] * forward
                held[j] = False
    for j in range(lanes):
        if held[j]:
            paid[j] = amounts[steps - 1, j]


def fit_policy(
    amounts: NDArray[np.float64],
    states: NDArray[np.float64],
    step_growth: float,
    hold: NDArray[np.float64],
    now: float | None,
) -> Policy:
    """Return a policy.

    Parameters
    ----------
    amounts
        What exercise pays after each step, shape (steps, lanes), not negative.
    states
        What the value of going on depends on, shape (1 or 2, steps, lanes).
    step_growth
        Interest of one step, continuously compounded.
    hold
        See `Policy`.
    now
        What exercise before the first step pays; None where it is not allowed.
    """
    steps, count = len(amounts), len(states)
    degree = _DEGREES[count - 1]
    terms = degree + 1 if count == 1 else (degree + 1) * (degree + 2) // 2
    active = np.zeros(steps, dtype=np.bool_)
    coefficients = np.zeros((steps, terms))
    centres, scales = np.zeros((steps, count)), np.zeros((steps, count))
    value: float = _fit(amounts, states, math.exp(-step_growth), hold, active, coefficients, centres, scales)
    return Policy(active, coefficients, centres, scales, hold, now is not None and now > 0.0 and now >= value)


def follow_policy(
    policy: Policy, amounts: NDArray[np.float64], states: NDArray[np.float64], step_growth: float
) -> NDArray[np.float64]:
    """Return what the policy pays on each path, brought forward to maturity, shape (lanes,); see `fit_policy`."""
    paid = np.empty(amounts.shape[1])
    fitted = (policy.active, policy.coefficients, policy.centres, policy.scales)
    _follow(amounts, states, step_growth, policy.hold, *fitted, paid)
    return paid

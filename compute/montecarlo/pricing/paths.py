"""Paths of one lognormal price, and what payoffs need to know of each: its end, averages and extremes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.exponential import exp64
from riskwave.compute.montecarlo.intrinsics import fused_multiply_add
from riskwave.compute.montecarlo.normals import fill_normals, log32
from riskwave.compute.montecarlo.path_state import LANES
from riskwave.compute.montecarlo.philox import BRIDGE_DRAW, PRICE_DRAW, WORDS, fill_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEATURES: Final = 5
"""End, geometric mean, maximum, minimum and arithmetic mean, relative to the start."""


@dataclass(frozen=True, slots=True)
class Lognormal:
    """The law of a price whose logarithm is a Brownian motion with drift.

    Parameters
    ----------
    spot
        Price at the start.
    carry
        Growth rate of the expected price a year: risk-free rate less dividend yield, continuously compounded.
    volatility
        A year's, as a fraction.
    maturity_years, steps
        Length, and number of equal steps.
    """

    spot: float
    carry: float
    volatility: float
    maturity_years: float
    steps: int

    @property
    def step_drift(self) -> float:
        """Mean of the logarithm's change over a step."""
        return (self.carry - 0.5 * self.volatility**2) * self.maturity_years / self.steps

    @property
    def step_deviation(self) -> float:
        """Standard deviation of the logarithm's change over a step."""
        return self.volatility * math.sqrt(self.maturity_years / self.steps)


@dataclass(frozen=True, eq=False, slots=True)
class Features:
    """What payoffs need of paths, each of shape (paths,), in price units; means and extremes leave out the start.

    The extremes are those at the steps, or of the whole continuous path when that was asked for.
    """

    terminal: NDArray[np.float64]
    geometric_mean: NDArray[np.float64]
    maximum: NDArray[np.float64]
    minimum: NDArray[np.float64]
    mean: NDArray[np.float64]


@kernel()
def _move(
    state: NDArray[np.float64],
    before: NDArray[np.float64],
    z: NDArray[np.float32],
    drift: float,
    deviation: float,
    width: int,
) -> None:
    """Move the logarithms by one step, and keep in `before` where they were."""
    for j in range(width):
        start = state[0, j]
        x = start + fused_multiply_add(deviation, np.float64(z[j]), drift)
        high, low = state[2, j], state[3, j]
        before[j] = start
        state[0, j] = x
        state[1, j] += x
        state[2, j] = x if x > high else high  # noqa: FURB136  (max() keeps the compiler from using vectors)
        state[3, j] = x if x < low else low  # noqa: FURB136


@kernel()
def _add_levels(state: NDArray[np.float64], width: int) -> None:
    for j in range(width):
        state[4, j] += exp64(state[0, j])


@kernel()
def _bridge(
    state: NDArray[np.float64],
    before: NDArray[np.float64],
    high_words: NDArray[np.uint32],
    low_words: NDArray[np.uint32],
    variance: float,
    width: int,
) -> None:
    """Extend the extremes to those between two steps: given both ends, the maximum's law is known and inverted."""
    for j in range(width):
        a, b = before[j], state[0, j]
        square = (b - a) * (b - a)
        up = np.float64(log32((np.float32(high_words[j]) + np.float32(0.5)) * np.float32(2.0**-32)))
        down = np.float64(log32((np.float32(low_words[j]) + np.float32(0.5)) * np.float32(2.0**-32)))
        top = 0.5 * (a + b + math.sqrt(square - 2.0 * variance * min(up, 0.0)))
        bottom = 0.5 * (a + b - math.sqrt(square - 2.0 * variance * min(down, 0.0)))
        high, low = state[2, j], state[3, j]
        state[2, j] = top if top > high else high  # noqa: FURB136
        state[3, j] = bottom if bottom < low else low  # noqa: FURB136


@kernel()
def _finish(state: NDArray[np.float64], steps: int, features: NDArray[np.float64], width: int) -> None:
    for j in range(width):
        features[0, j] = exp64(state[0, j])
        features[1, j] = exp64(state[1, j] / steps)
        features[2, j] = exp64(state[2, j])
        features[3, j] = exp64(state[3, j])
        features[4, j] = state[4, j] / steps


@kernel()
def lognormal_features(
    first_path: int,
    steps: int,
    drift: float,
    deviation: float,
    levels: bool,
    continuous: bool,
    k0: np.uint32,
    k1: np.uint32,
    pairing: int,
    features: NDArray[np.float64],
) -> None:
    """Fill `features`, shape (`FEATURES`, paths), of consecutive paths; the arithmetic mean only when `levels`."""
    words = np.empty((WORDS, LANES), dtype=np.uint32)
    bridge_words = np.empty((WORDS, LANES), dtype=np.uint32)
    normals = np.empty((WORDS, LANES), dtype=np.float32)
    state = np.empty((FEATURES, LANES))
    before = np.empty(LANES)
    for start in range(0, features.shape[1], LANES):
        width = min(LANES, features.shape[1] - start)
        path = first_path + start
        state[:, :] = 0.0
        state[2, :] = -math.inf
        state[3, :] = math.inf
        for step in range(steps):
            row = step % WORDS
            if row == 0:
                fill_words(words, path, step // WORDS, PRICE_DRAW, k0, k1, pairing, width)
                fill_normals(words, normals, width)
            _move(state, before, normals[row], drift, deviation, width)
            if levels:
                _add_levels(state, width)
            if continuous:
                pair = 2 * (step % 2)
                if pair == 0:
                    fill_words(bridge_words, path, step // 2, BRIDGE_DRAW, k0, k1, pairing, width)
                _bridge(state, before, bridge_words[pair], bridge_words[pair + 1], deviation * deviation, width)
        _finish(state, steps, features[:, start : start + width], width)

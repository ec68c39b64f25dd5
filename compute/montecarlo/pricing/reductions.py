"""What payoffs need of paths: ends, averages and extremes, whatever model the paths come from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.exponential import exp64
from riskwave.compute.montecarlo.normals import log32
from riskwave.compute.montecarlo.path_state import LANES
from riskwave.compute.montecarlo.philox import BRIDGE_DRAW, WORDS, fill_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.noise import Noise

FEATURES: Final = 5
"""End, geometric mean, maximum, minimum and arithmetic mean."""

EXPONENT_MAX: Final = 690.0
"""Logarithms of prices are held within this; what lies beyond shows as a price that is no longer a finite number."""


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


@dataclass(frozen=True, eq=False, slots=True)
class Paths:
    """A block of simulated paths.

    Parameters
    ----------
    market
        What they were simulated for.
    noise
        What they were made of.
    logs
        Logarithms of the prices after each step, shape (assets, steps, lanes).
    kept, fixed
        Features, and paths at the fixings, that were computed already.
    """

    market: Market
    noise: Noise
    logs: NDArray[np.float64]
    kept: dict[tuple[bool, bool], Features] = field(default_factory=dict)
    fixed: list[Paths] = field(default_factory=list)

    def terminal(self) -> NDArray[np.float64]:
        """Return the prices at maturity, shape (assets, lanes)."""
        return exponentials(self.logs[:, -1])

    def at_fixings(self) -> Paths:
        """Return the paths with no other step than those at which a mean looks at the price."""
        if not len(self.market.fixings):
            return self
        if not self.fixed:
            self.fixed.append(replace(self, logs=self.logs[:, self.market.fixings], kept={}, fixed=[]))
        return self.fixed[0]

    def features(self, *, levels: bool = False, continuous: bool = False) -> Features:
        """Return the features of the only price; the arithmetic mean is meaningless unless asked for by `levels`."""
        found = self.kept.get((levels, continuous)) or self.kept.get((True, continuous))
        if found is not None:
            return found
        market, noise = self.market, self.noise
        rows = np.empty((FEATURES, self.logs.shape[2]))
        # Extremes between the steps follow from both ends under a constant volatility, which payoffs make sure of.
        variance = float(market.volatilities[0]) ** 2 * market.step_years
        start = math.log(float(market.spots[0]))
        _features(
            self.logs[0], start, levels, continuous, variance, noise.first_path, noise.k0, noise.k1, noise.pairing, rows
        )
        features = self.kept[levels, continuous] = Features(*rows)
        return features


@kernel()
def _exponentials(logs: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    for i in range(logs.shape[0]):
        for j in range(logs.shape[1]):
            out[i, j] = exp64(min(max(logs[i, j], -EXPONENT_MAX), EXPONENT_MAX))


def exponentials(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return e^x of an array of shape (rows, lanes)."""
    out = np.empty(logs.shape)
    _exponentials(logs, out)
    return out


@kernel()
def _reduce(logs: NDArray[np.float64], state: NDArray[np.float64], levels: bool, width: int) -> None:
    """Take one step into the state: sum of logarithms, maximum, minimum, sum of prices."""
    for j in range(width):
        x = logs[j]
        high, low = state[1, j], state[2, j]
        state[0, j] += x
        state[1, j] = x if x > high else high  # noqa: FURB136  (max() keeps the compiler from using vectors)
        state[2, j] = x if x < low else low  # noqa: FURB136
    if levels:
        for j in range(width):
            x = logs[j]
            x = EXPONENT_MAX if x > EXPONENT_MAX else x  # noqa: FURB136
            x = -EXPONENT_MAX if x < -EXPONENT_MAX else x  # noqa: FURB136
            state[3, j] += exp64(x)


@kernel()
def _bridge(
    state: NDArray[np.float64],
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    high_words: NDArray[np.uint32],
    low_words: NDArray[np.uint32],
    variance: float,
    width: int,
) -> None:
    """Extend the extremes to those between two steps: given both ends, the maximum's law is known and inverted."""
    for j in range(width):
        a, b = before[j], after[j]
        square = (b - a) * (b - a)
        up = np.float64(log32((np.float32(high_words[j]) + np.float32(0.5)) * np.float32(2.0**-32)))
        down = np.float64(log32((np.float32(low_words[j]) + np.float32(0.5)) * np.float32(2.0**-32)))
        top = 0.5 * (a + b + math.sqrt(square - 2.0 * variance * min(up, 0.0)))
        bottom = 0.5 * (a + b - math.sqrt(square - 2.0 * variance * min(down, 0.0)))
        high, low = state[1, j], state[2, j]
        state[1, j] = top if top > high else high  # noqa: FURB136
        state[2, j] = bottom if bottom < low else low  # noqa: FURB136


@kernel()
def _finish(
    last: NDArray[np.float64], state: NDArray[np.float64], steps: int, features: NDArray[np.float64], width: int
) -> None:
    for j in range(width):
        features[0, j] = last[j]
        features[1, j] = state[0, j] / steps
        features[2, j] = state[1, j]
        features[3, j] = state[2, j]
    for k in range(4):
        row = features[k]
        for j in range(width):
            x = row[j]
            x = EXPONENT_MAX if x > EXPONENT_MAX else x  # noqa: FURB136
            x = -EXPONENT_MAX if x < -EXPONENT_MAX else x  # noqa: FURB136
            row[j] = exp64(x)
    for j in range(width):
        features[4, j] = state[3, j] / steps


@kernel()
def _features(
    logs: NDArray[np.float64],
    start: float,
    levels: bool,
    continuous: bool,
    variance: float,
    first_path: int,
    k0: np.uint32,
    k1: np.uint32,
    pairing: int,
    features: NDArray[np.float64],
) -> None:
    """Fill `features`, shape (`FEATURES`, lanes), from the logarithms of shape (steps, lanes)."""
    steps, lanes = logs.shape
    words = np.empty((WORDS, LANES), dtype=np.uint32)
    state = np.empty((4, LANES))
    before = np.empty(LANES)
    for first in range(0, lanes, LANES):
        width = min(LANES, lanes - first)
        state[0, :] = 0.0
        state[1, :] = -math.inf
        state[2, :] = math.inf
        state[3, :] = 0.0
        before[:] = start
        for step in range(steps):
            row = logs[step, first : first + width]
            _reduce(row, state, levels, width)
            if continuous:
                pair = 2 * (step % 2)
                if pair == 0:
                    fill_words(words, first_path + first, step // 2, BRIDGE_DRAW, k0, k1, pairing, width)
                _bridge(state, before, row, words[pair], words[pair + 1], variance, width)
                before[:width] = row
        _finish(logs[steps - 1, first : first + width], state, steps, features[:, first : first + width], width)

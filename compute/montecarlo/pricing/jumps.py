"""Compound Poisson jumps of a price's logarithm, drawn exactly for steps of any length.

The number of jumps of a step comes from one word by inversion of the Poisson distribution, cut at the resolution of a
word, 2^-32. Normal jumps add up to a normal; exponential ones are drawn one by one, since there are few.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import special

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.normals import log32
from riskwave.compute.montecarlo.path_state import LANES
from riskwave.compute.montecarlo.philox import INDEPENDENT, MIRRORED, philox
from riskwave.compute.montecarlo.pricing.noise import JUMP_DRAW
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Simulator
    from riskwave.compute.montecarlo.pricing.noise import Noise

_WORD: Final = 2.0**32
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)

INTENSITY = Param("intensity", 0.3, "Expected number of jumps a year.", low=0.0, high=200.0, unit="1/year")
JUMP_MEAN = Param("jump_mean", -0.1, "Mean of a jump of the logarithm.", low=-2.0, high=2.0)
JUMP_DEVIATION = Param("jump_deviation", 0.15, "Standard deviation of a jump of the logarithm.", low=0.0, high=2.0)


@lru_cache(maxsize=64)
def thresholds(mean: float) -> NDArray[np.uint32]:
    """Return the smallest words that stand for more than 0, 1, 2... events of a Poisson variable, read-only.

    Examples
    --------
    >>> [round(word / 2**32, 4) for word in thresholds(1.0)[:3].tolist()]
    [0.3679, 0.7358, 0.9197]
    """
    most = int(mean + 12.0 * math.sqrt(mean) + 20.0)
    shares = np.rint(special.pdtr(np.arange(most), mean) * _WORD)
    words: NDArray[np.uint32] = shares[shares < _WORD].astype(np.uint32)
    words.setflags(write=False)
    return words


@kernel()
def _add_normal_jumps(
    limits: NDArray[np.uint32],
    mean: float,
    deviation: float,
    words: NDArray[np.uint32],
    normals: NDArray[np.float32],
    shocks: int,
    count_row: int,
    tile: NDArray[np.float64],
) -> None:
    """Add jumps to the logarithms of one price; of a step's rows one gives their number, the one before their size."""
    steps, lanes = tile.shape
    total, events = np.empty(LANES), np.empty(LANES)
    for first in range(0, lanes, LANES):
        width = min(LANES, lanes - first)
        total[:] = 0.0
        for t in range(steps):
            word = words[t * shocks + count_row, first : first + width]
            z = normals[t * shocks + count_row - 1, first : first + width]
            row = tile[t, first : first + width]
            events[:] = 0.0
            for k in range(len(limits)):
                limit = limits[k]
                for j in range(width):
                    events[j] += 1.0 if word[j] >= limit else 0.0
            for j in range(width):
                total[j] += mean * events[j] + deviation * math.sqrt(events[j]) * np.float64(z[j])
                row[j] += total[j]


def normal_jumps(market: Market) -> Simulator:
    """Return what adds Merton's jumps to a tile of shape (1, steps, lanes); they use the last two rows of a step."""
    limits = thresholds(market.number("intensity") * market.step_years)
    mean, deviation = market.number("jump_mean"), market.number("jump_deviation")

    def add(noise: Noise, tile: NDArray[np.float64]) -> None:
        count_row = noise.shocks - 1
        _add_normal_jumps(limits, mean, deviation, noise.words, noise.normals, noise.shocks, count_row, tile[0])

    return add


@kernel()
def _exponential_jump(
    path: np.uint64,
    flip: np.uint64,
    step: int,
    number: int,
    share: float,
    up: float,
    down: float,
    k0: np.uint32,
    k1: np.uint32,
) -> float:
    """Return jump `number` of a step: upwards with probability `share` and mean `up`, else downwards of mean `down`."""
    draw = np.uint64(JUMP_DRAW + number // 2)
    w0, w1, w2, w3 = philox(path & _LOW, path >> _HALF, np.uint64(step), draw, k0, k1)
    side, size = (w0, w1) if number % 2 == 0 else (w2, w3)
    side, size = (side ^ flip) & _LOW, (size ^ flip) & _LOW
    length = -np.float64(log32(np.float32((np.float64(size) + 0.5) * 2.0**-32)))
    return length * up if (np.float64(side) + 0.5) * 2.0**-32 < share else -length * down


@kernel()
def _add_exponential_jumps(
    limits: NDArray[np.uint32],
    share: float,
    up: float,
    down: float,
    words: NDArray[np.uint32],
    shocks: int,
    first_path: int,
    k0: np.uint32,
    k1: np.uint32,
    pairing: int,
    tile: NDArray[np.float64],
) -> None:
    steps, lanes = tile.shape
    for j in range(lanes):
        path = np.uint64(first_path + j)
        flip = np.uint64(0) - (path & np.uint64(1 if pairing == MIRRORED else 0))
        index = path >> np.uint64(1 if pairing != INDEPENDENT else 0)
        total = 0.0
        for t in range(steps):
            word = words[t * shocks + shocks - 1, j]
            events = 0
            while events < len(limits) and word >= limits[events]:
                total += _exponential_jump(index, flip, t, events, share, up, down, k0, k1)
                events += 1
            tile[t, j] += total


def exponential_jumps(market: Market) -> Simulator:
    """Return what adds Kou's jumps to a tile of shape (1, steps, lanes); a step's last row gives their number."""
    limits = thresholds(market.number("intensity") * market.step_years)
    share, up, down = (market.number(name) for name in ("up_probability", "up_rate", "down_rate"))

    def add(noise: Noise, tile: NDArray[np.float64]) -> None:
        where = (noise.first_path, noise.k0, noise.k1, noise.pairing)
        _add_exponential_jumps(limits, share, 1.0 / up, 1.0 / down, noise.words, noise.shocks, *where, tile[0])

    return add


def in_turn(first: Simulator, second: Simulator) -> Simulator:
    """Return what fills a tile by the first and then adds the second."""

    def both(noise: Noise, tile: NDArray[np.float64]) -> None:
        first(noise, tile)
        second(noise, tile)

    return both


def normal_compensation(market: Market) -> float:
    """Return the expected growth a year that Merton's jumps add."""
    mean, deviation = market.number("jump_mean"), market.number("jump_deviation")
    return market.number("intensity") * math.expm1(mean + 0.5 * deviation * deviation)

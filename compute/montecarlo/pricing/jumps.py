"""Jumps of a price's logarithm, added to the paths that another simulator has drawn. See `montecarlo.jumps`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.jumps import exponential_jump, normal_jumps, thresholds
from riskwave.compute.montecarlo.path_state import LANES
from riskwave.compute.montecarlo.philox import INDEPENDENT, MIRRORED
from riskwave.compute.montecarlo.pricing.noise import JUMP_DRAW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Simulator
    from riskwave.compute.montecarlo.pricing.noise import Noise


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
                total[j] += normal_jumps(events[j], mean, deviation, np.float64(z[j]))
                row[j] += total[j]


def add_normal_jumps(market: Market) -> Simulator:
    """Return what adds Merton's jumps to a tile of shape (1, steps, lanes); they use the last two rows of a step."""
    limits = thresholds(market.number("intensity") * market.step_years)
    mean, deviation = market.number("jump_mean"), market.number("jump_deviation")

    def add(noise: Noise, tile: NDArray[np.float64]) -> None:
        count_row = noise.shocks - 1
        _add_normal_jumps(limits, mean, deviation, noise.words, noise.normals, noise.shocks, count_row, tile[0])

    return add


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
                total += exponential_jump(index, flip, t, JUMP_DRAW, events, share, up, down, k0, k1)
                events += 1
            tile[t, j] += total


def add_exponential_jumps(market: Market) -> Simulator:
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

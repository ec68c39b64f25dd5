"""Models whose logarithmic prices are linear in a Gaussian state: exact transitions at any length of step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.factor import pivoted_cholesky
from riskwave.compute.montecarlo.intrinsics import fused_multiply_add
from riskwave.compute.montecarlo.path_state import LANES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.model import Simulator
    from riskwave.compute.montecarlo.pricing.noise import Noise


@dataclass(frozen=True, eq=False, slots=True)
class Transition:
    """One step of a Gaussian state x: x' = move x + drift + e, cov(e) = covariance; log prices = read x.

    Parameters
    ----------
    start, drift
        Shape (states,).
    move, covariance
        Shape (states, states).
    read
        Shape (assets, states).
    """

    start: NDArray[np.float64]
    move: NDArray[np.float64]
    drift: NDArray[np.float64]
    covariance: NDArray[np.float64]
    read: NDArray[np.float64]


def loadings(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a square root of a covariance, shape (n, rank), that depends on no linear algebra library."""
    factor, order = pivoted_cholesky(covariance)
    root = np.empty_like(factor)
    root[order] = factor
    return root


@kernel()
def _walk(
    drift: float,
    deviation: float,
    start: float,
    normals: NDArray[np.float32],
    shocks: int,
    tile: NDArray[np.float64],
) -> None:
    """Fill one price's logarithms, shape (steps, lanes), when they are a random walk."""
    steps, lanes = tile.shape
    for j in range(lanes):
        tile[0, j] = start + fused_multiply_add(deviation, np.float64(normals[0, j]), drift)
    for t in range(1, steps):
        before, after, z = tile[t - 1], tile[t], normals[t * shocks]
        for j in range(lanes):
            after[j] = before[j] + fused_multiply_add(deviation, np.float64(z[j]), drift)


@kernel()
def _add_scaled(target: NDArray[np.float64], factor: float, source: NDArray[np.floating], width: int) -> None:
    for j in range(width):
        target[j] = fused_multiply_add(factor, np.float64(source[j]), target[j])


@kernel()
def _step(
    now: NDArray[np.float64],
    move: NDArray[np.float64],
    drift: NDArray[np.float64],
    root: NDArray[np.float64],
    normals: NDArray[np.float32],
    then: NDArray[np.float64],
    width: int,
) -> None:
    """Set `then` to the state a step after `now`, both of shape (states, at least `width`)."""
    states, rank = root.shape
    for i in range(states):
        then[i, :width] = drift[i]
        for k in range(states):
            if move[i, k] != 0.0:
                _add_scaled(then[i], move[i, k], now[k], width)
        for k in range(rank):
            if root[i, k] != 0.0:
                _add_scaled(then[i], root[i, k], normals[k], width)


@kernel()
def _linear(
    start: NDArray[np.float64],
    move: NDArray[np.float64],
    drift: NDArray[np.float64],
    root: NDArray[np.float64],
    read: NDArray[np.float64],
    normals: NDArray[np.float32],
    shocks: int,
    tile: NDArray[np.float64],
) -> None:
    """Fill the prices' logarithms, shape (assets, steps, lanes), block by block of `LANES` paths."""
    states = len(start)
    assets, steps, lanes = tile.shape
    now, then = np.empty((states, LANES)), np.empty((states, LANES))
    for first in range(0, lanes, LANES):
        width = min(LANES, lanes - first)
        for i in range(states):
            now[i, :] = start[i]
        for t in range(steps):
            _step(now, move, drift, root, normals[t * shocks : (t + 1) * shocks, first:], then, width)
            now, then = then, now
            for a in range(assets):
                row = tile[a, t, first : first + width]
                row[:] = 0.0
                for i in range(states):
                    if read[a, i] != 0.0:
                        _add_scaled(row, read[a, i], now[i], width)


def simulator(transition: Transition) -> Simulator:
    """Return what fills a tile of shape (assets, steps, lanes) with logarithmic prices."""
    root = loadings(transition.covariance)
    walk = len(transition.start) == 1 and transition.move[0, 0] == 1.0
    deviation = float(root[0, 0]) if root.size else 0.0
    start, drift = float(transition.start[0]), float(transition.drift[0])

    def fill(noise: Noise, tile: NDArray[np.float64]) -> None:
        if walk:
            _walk(drift, deviation, start, noise.normals, noise.shocks, tile[0])
        else:
            _linear(
                transition.start,
                transition.move,
                transition.drift,
                root,
                transition.read,
                noise.normals,
                noise.shocks,
                tile,
            )

    return fill

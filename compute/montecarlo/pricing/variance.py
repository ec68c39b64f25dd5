"""Paths of a price with stochastic variance. See `montecarlo.variance` for the scheme."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.path_state import LANES
from riskwave.compute.montecarlo.variance import advance, coefficients

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Simulator


@kernel()
def _advance(
    x: NDArray[np.float64],
    v: NDArray[np.float64],
    z: NDArray[np.float32],
    zv: NDArray[np.float32],
    words: NDArray[np.uint32],
    c: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Move logarithms `x` and variances `v` by one step; `out` gets the new logarithms."""
    for j in range(len(out)):
        left = np.float32(1.0 - (np.float64(words[j]) + 0.5) * 2.0**-32)
        out[j], v[j] = advance(x[j], v[j], np.float64(z[j]), np.float64(zv[j]), left, c)


@kernel()
def _heston(
    start: float,
    variance: float,
    c: NDArray[np.float64],
    normals: NDArray[np.float32],
    words: NDArray[np.uint32],
    shocks: int,
    tile: NDArray[np.float64],
) -> None:
    """Fill the logarithms of one price, shape (steps, lanes); normal 0 of a step is the price's, 1 the variance's."""
    steps, lanes = tile.shape
    v, x = np.empty(LANES), np.empty(LANES)
    for first in range(0, lanes, LANES):
        last = min(first + LANES, lanes)
        x[:] = start
        v[:] = variance
        for t in range(steps):
            row = tile[t, first:last]
            z, zv = normals[t * shocks, first:last], normals[t * shocks + 1, first:last]
            if t == 0:
                _advance(x, v, z, zv, words[1, first:last], c, row)
            else:
                _advance(tile[t - 1, first:last], v, z, zv, words[t * shocks + 1, first:last], c, row)


def simulator(market: Market, growth: float) -> Simulator:
    """Return what fills a tile of shape (1, steps, lanes) with logarithmic prices of the expected growth rate."""
    start, level = math.log(float(market.spots[0])), market.number("initial_variance")
    if market.maturity_years == 0.0:
        return lambda _noise, tile: tile.fill(start)
    dt = market.step_years
    kappa, theta, epsilon, rho = map(market.number, ("kappa", "theta", "vol_of_vol", "rho"))
    c = coefficients(dt, kappa, theta, epsilon, rho, growth * dt)
    return lambda noise, tile: _heston(start, level, c, noise.normals, noise.words, noise.shocks, tile[0])

"""Stochastic variance: the quadratic-exponential scheme with martingale correction.

The variance after a step is drawn from a law that has its exact mean and variance: the square of a shifted normal where
it is far from zero, an exponential with an atom at zero where it is near. The price's logarithm follows from both ends
of the step; a term per step makes the expected price exact. The time integral of the variance is the mean of both ends
with the weights that give it its exact expectation, so that a variance that is not random at all is exact too.

References
----------
Andersen (2008), Simple and efficient simulation of the Heston stochastic volatility model. J. Comp. Finance 11(3).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.intrinsics import fused_multiply_add
from riskwave.compute.montecarlo.normals import log32
from riskwave.compute.montecarlo.path_state import LANES
from riskwave.compute.montecarlo.pricing.logarithm import log64

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Simulator

COEFFICIENTS = 12


def coefficients(market: Market, growth: float) -> NDArray[np.float64]:
    """Return what a step needs, shape (`COEFFICIENTS`,), for an expected growth rate of the price."""
    dt = market.step_years
    kappa, theta, epsilon, rho = (market.number(name) for name in ("kappa", "theta", "vol_of_vol", "rho"))
    decay = math.exp(-kappa * dt)
    gone = -math.expm1(-kappa * dt)
    # (1 - e^-x) / x and its square over 2, where reversion may be absent
    lasting = gone / kappa if kappa > 0.0 else dt
    drag = kappa * dt
    early = (lasting / dt - decay) / gone if drag > 1e-4 else 0.5 - drag / 12.0
    late = 1.0 - early
    if epsilon > 0.0:
        ratio = rho / epsilon
        k0 = -ratio * kappa * theta * dt
        k1 = early * dt * (kappa * ratio - 0.5) - ratio
        k2 = late * dt * (kappa * ratio - 0.5) + ratio
        free = (1.0 - rho) * (1.0 + rho) * dt
    else:
        k0, k1, k2, free = 0.0, -0.5 * early * dt, -0.5 * late * dt, dt
    k3, k4 = early * free, late * free
    spread_level, spread_mean = epsilon**2 * decay * lasting, 0.5 * epsilon**2 * theta * kappa * lasting**2
    return np.array(
        [
            decay,
            theta * gone,
            spread_level,
            spread_mean,
            k2 + 0.5 * k4,
            k1 + 0.5 * k3,
            k0,
            k1,
            k2,
            k3,
            k4,
            growth * dt,
        ]
    )


@kernel(inline=True)
def _next_variance(v: float, z: float, word: np.uint32, c: NDArray[np.float64]) -> tuple[float, float, bool]:
    """Return the variance a step later, log E e^(c[4] v'), and whether that expectation is finite.

    Written with as few divisions and roots as will do, since they are most of its time. The roots that only scale a
    normal are float32, as the normals are.
    """
    slope = c[4]
    mean = fused_multiply_add(v, c[0], c[1])
    spread = fused_multiply_add(v, c[2], c[3])
    square = mean * mean
    still = spread <= 1e-14 * square
    psi = (0.5 if still else spread) / (1.0 if still else square)
    far = psi <= 1.5
    inverse = 1.0 / (psi if far else psi + 1.0)
    # far from zero: a (b + z)^2 with b^2 = 2 / psi - 1 + sqrt(2 / psi (2 / psi - 1)) and a = mean / (1 + b^2)
    twice = 2.0 * inverse if far else 1.0
    b2 = twice - 1.0 + math.sqrt(twice * (twice - 1.0))
    b = np.float64(np.sqrt(np.float32(b2)))
    whole = 1.0 + b2
    # near zero: 0 with probability 1 - share, else exponential of mean `scale`
    share = 2.0 * inverse
    scale = 0.5 * mean * (psi + 1.0)
    # E e^(slope v') is finite while `room` is positive
    room = whole - 2.0 * slope * mean if far else 1.0 - slope * scale
    finite = room > 0.0
    room = room if finite else 1.0
    rest = 1.0 / (room * whole if far else room)
    left = np.float32(1.0 - (np.float64(word) + 0.5) * 2.0**-32)
    above = np.float32(share) / left
    above = above if above > np.float32(1.0) else np.float32(1.0)  # noqa: FURB136
    drawn = scale * np.float64(log32(above))
    argument = room * room * rest if far else fused_multiply_add(share, slope * scale * rest, 1.0)
    argument = argument if argument > 1e-300 else 1e-300  # noqa: FURB136
    logarithm = log64(argument)
    moment = slope * b2 * mean * whole * rest - 0.5 * logarithm if far else logarithm
    after = mean * room * rest * (b2 + z * (b + b + z)) if far else drawn
    after = after if after > 0.0 else 0.0  # noqa: FURB136  (max() keeps the compiler from using vectors)
    return (mean if still else after), (slope * mean if still else moment), finite


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
        now = v[j]
        then, moment, finite = _next_variance(now, np.float64(zv[j]), words[j], c)
        correction = -moment - c[5] * now if finite else c[6]
        spread = np.float64(np.sqrt(np.float32(fused_multiply_add(c[9], now, c[10] * then))))
        level = x[j] + c[11] + correction + fused_multiply_add(c[7], now, c[8] * then)
        out[j] = fused_multiply_add(spread, np.float64(z[j]), level)
        v[j] = then


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
    c = coefficients(market, growth)
    return lambda noise, tile: _heston(start, level, c, noise.normals, noise.words, noise.shocks, tile[0])

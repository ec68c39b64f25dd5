"""Whether and when paths reach a level, at the steps or between them.

Between two steps of a Brownian motion the path is a bridge, whatever its drift: it reaches a level at the distances d0
before and d1 after the step with probability exp(-2 d0 d1 / variance), or 1 where the ends lie on both sides. A
path's weight is the product of the complements: the expectation over all bridges through its steps, which has less
variance than a draw of one. Given that a bridge reaches the level, the time t in units of the step has t / (1 - t)
distributed as an inverse Gaussian of mean d0 / |d1| and shape d0^2 / variance, because a bridge is a Brownian motion
under that change of time.

References
----------
Michael, Schucany and Haas (1976), Generating random variates using transformations with multiple roots. American
Statistician 30(2).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.exponential import exp64
from riskwave.compute.montecarlo.normals import normal32
from riskwave.compute.montecarlo.path_state import LANES
from riskwave.compute.montecarlo.philox import BRIDGE_DRAW, WORDS, fill_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.reductions import Paths

_NEAR = 1e-12
_EXPONENT_MIN = -690.0


@kernel(inline=True)
def _hitting_time(before: float, after: float, variance: float, z: float, u: float) -> float:
    """Return the time, in units of the step, at which a bridge that reaches the level does so."""
    mean = before / max(abs(after), _NEAR * before)
    spread = z * z * mean * variance / (before * before)
    smaller = mean / (1.0 + 0.5 * spread + math.sqrt(spread + 0.25 * spread * spread))
    drawn = smaller if u * (mean + smaller) <= mean else mean * (mean / smaller)
    return drawn / (1.0 + drawn)


@kernel()
def _crossings(
    logs: NDArray[np.float64],
    start: float,
    level: float,
    side: float,
    variance: float,
    timed: bool,
    growth: float,
    first_path: int,
    k0: np.uint32,
    k1: np.uint32,
    pairing: int,
    untouched: NDArray[np.float64],
    paid: NDArray[np.float64],
) -> None:
    """Fill the weight of not reaching `level`, and the value at the end of 1 paid when it is reached.

    A negative `variance` looks at the steps only; `growth` is the interest of one step.
    """
    steps, lanes = logs.shape
    words = np.empty((WORDS, LANES), dtype=np.uint32)
    for first in range(0, lanes, LANES):
        width = min(LANES, lanes - first)
        for j in range(width):
            untouched[first + j] = 1.0
            paid[first + j] = 0.0
        for step in range(steps):
            pair = 2 * (step % 2)
            if timed and variance >= 0.0 and pair == 0:
                fill_words(words, first_path + first, step // 2, BRIDGE_DRAW, k0, k1, pairing, width)
            for j in range(width):
                before = side * (level - (logs[step - 1, first + j] if step > 0 else start))
                after = side * (level - logs[step, first + j])
                share = 1.0
                if after > 0.0:
                    share = 0.0
                    if variance >= 0.0 and before > 0.0:
                        share = exp64(max(-2.0 * before * after / variance, _EXPONENT_MIN))
                if timed and share > 0.0 and untouched[first + j] > 0.0:
                    moment = 1.0
                    if variance >= 0.0:
                        z = np.float64(normal32(words[pair, j]))
                        u = (np.float64(words[pair + 1, j]) + 0.5) * 2.0**-32
                        moment = _hitting_time(before, after, variance, z, u)
                    paid[first + j] += untouched[first + j] * share * exp64(growth * (steps - step - moment))
                untouched[first + j] *= 1.0 - share


def crossings(
    paths: Paths, level: float, up: bool, continuous: bool, *, timed: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weight of not reaching a logarithmic level, and the value at maturity of 1 paid when it is reached.

    Parameters
    ----------
    paths
        Of one price; between the steps it is a Brownian motion if `continuous`.
    level
        Logarithm of the barrier, which the start has not reached.
    up
        Whether the barrier lies above the start.
    continuous
        Whether the path is looked at between the steps too.
    timed
        Whether the second result is wanted.

    Returns
    -------
    tuple of ndarray
        Both of shape (lanes,); the weights lie from 0 to 1.
    """
    market, noise = paths.market, paths.noise
    untouched, paid = np.empty((2, paths.logs.shape[2]))
    variance = float(market.volatilities[0]) ** 2 * market.step_years if continuous else -1.0
    _crossings(
        paths.logs[0],
        math.log(float(market.spots[0])),
        level,
        1.0 if up else -1.0,
        variance,
        timed,
        market.rate * market.step_years,
        noise.first_path,
        noise.k0,
        noise.k1,
        noise.pairing,
        untouched,
        paid,
    )
    return untouched, paid

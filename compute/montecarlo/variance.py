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
from riskwave.compute.montecarlo.logarithm import log64
from riskwave.compute.montecarlo.normals import log32
from riskwave.compute.registry import Param
from riskwave.compute.result_warning import ResultWarning

if TYPE_CHECKING:
    from numpy.typing import NDArray

KAPPA = Param("kappa", 2.0, "Speed at which the variance reverts to its mean.", low=0.0, high=100.0, unit="1/year")
VOL_OF_VOL = Param("vol_of_vol", 0.5, "Volatility of the variance.", low=0.0, high=10.0, unit="1/year")
RHO = Param("rho", -0.7, "Correlation of the variance's Brownian motion with the price's.", low=-1.0, high=1.0)

COEFFICIENTS = 12


def coefficients(
    dt: float, kappa: float, theta: float, epsilon: float, rho: float, log_growth: float
) -> NDArray[np.float64]:
    """Return what a step needs, shape (`COEFFICIENTS`,).

    Parameters
    ----------
    dt
        Length of the step in years.
    kappa, theta, epsilon, rho
        The variance's parameters, a year; `epsilon` is its volatility.
    log_growth
        Logarithm of the price's expected growth over the step.
    """
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
            log_growth,
        ]
    )


@kernel(inline=True)
def _next_variance(v: float, z: float, left: np.float32, c: NDArray[np.float64]) -> tuple[float, float, bool]:
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


@kernel(inline=True)
def advance(x: float, v: float, z: float, zv: float, left: np.float32, c: NDArray[np.float64]) -> tuple[float, float]:
    """Return the price's logarithm and its variance a step after `x` and `v`.

    `z` and `zv` are independent standard normals, the price's and the variance's; `left` is the probability of a
    larger `zv`, or any other uniform that is used in its place where the variance is near zero.
    """
    then, moment, finite = _next_variance(v, zv, left, c)
    correction = -moment - c[5] * v if finite else c[6]
    spread = np.float64(np.sqrt(np.float32(fused_multiply_add(c[9], v, c[10] * then))))
    level = x + c[11] + correction + fused_multiply_add(c[7], v, c[8] * then)
    return fused_multiply_add(spread, z, level), then


def feller_warning(
    kappa: float, theta: float, epsilon: float, field: str, advice: str = ""
) -> tuple[ResultWarning, ...]:
    """Return a warning where the variance can reach zero, 2 kappa theta < epsilon^2."""
    held, needed = 2.0 * kappa * theta, epsilon * epsilon
    if held >= needed:
        return ()
    message = f"2 kappa theta = {held:g} is below vol_of_vol^2 = {needed:g}: the variance reaches zero{advice}"
    return (ResultWarning("FELLER_CONDITION_BROKEN", message, field),)

"""The normal distribution's upper tail without a mathematics library: vectorised, and the same everywhere."""

from __future__ import annotations

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.exponential import exp64
from riskwave.compute.montecarlo.intrinsics import fused_multiply_add


@kernel(inline=True)
def normal_tail(x: float) -> float:
    """Return the probability that a standard normal is above `x`, for -30 < x < 30, within 6e-10 of itself to x = 7.5.

    exp(-x^2 / 2) times a polynomial in 1 / (1 + x / 5), fitted to the exact ratio for x from 0 to 7.5.
    """
    size = abs(x)
    t = 1.0 / fused_multiply_add(0.2, size, 1.0)
    p = -0.13344695840095433
    p = fused_multiply_add(p, t, 0.6842716913529617)
    p = fused_multiply_add(p, t, -1.2364803894974399)
    p = fused_multiply_add(p, t, 1.514420264819062)
    p = fused_multiply_add(p, t, -1.0413956893164624)
    p = fused_multiply_add(p, t, 0.6314522405243744)
    p = fused_multiply_add(p, t, -0.11592101915455176)
    p = fused_multiply_add(p, t, 0.12255742093858761)
    p = fused_multiply_add(p, t, 0.0742192447940076)
    p = fused_multiply_add(p, t, 0.0003231936657702777)
    tail: float = p * exp64(-0.5 * size * size)
    return tail if x > 0.0 else 1.0 - tail

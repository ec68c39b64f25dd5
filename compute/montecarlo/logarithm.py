"""The natural logarithm in float64 without a mathematics library: vectorised, and the same everywhere."""

from __future__ import annotations

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.intrinsics import bits_float64, float64_bits, fused_multiply_add

_MANTISSA_BITS = np.int64(52)
_SQRT_HALF_BITS = np.int64(0x3FE6A09E667F3BCD)


@kernel(inline=True)
def log64(x: float) -> float:
    """Return the natural logarithm of a positive, normal number, within 3 units in the last place.

    x = 2^k m with m from sqrt(1/2) to sqrt(2); log m = 2 artanh s with s = (m - 1) / (m + 1), |s| < 0.172, by its
    power series, whose rest is below 1e-17.
    """
    bits = float64_bits(x)
    k = np.int64(np.int64(bits - _SQRT_HALF_BITS) >> _MANTISSA_BITS)
    f = bits_float64(np.int64(bits - np.int64(k << _MANTISSA_BITS))) - 1.0
    s = f / (f + 2.0)
    square = s * s
    p = 2.0 / 19.0
    p = fused_multiply_add(p, square, 2.0 / 17.0)
    p = fused_multiply_add(p, square, 2.0 / 15.0)
    p = fused_multiply_add(p, square, 2.0 / 13.0)
    p = fused_multiply_add(p, square, 2.0 / 11.0)
    p = fused_multiply_add(p, square, 2.0 / 9.0)
    p = fused_multiply_add(p, square, 2.0 / 7.0)
    p = fused_multiply_add(p, square, 2.0 / 5.0)
    p = fused_multiply_add(p, square, 2.0 / 3.0)
    tail = fused_multiply_add(p * square, s, np.float64(k) * 1.9082149292705877e-10)
    result: float = fused_multiply_add(np.float64(k), 0.6931471803691238, fused_multiply_add(2.0, s, tail))
    return result

"""The exponential function in float64 without a mathematics library: vectorised, and the same everywhere."""

from __future__ import annotations

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.intrinsics import bits_float64, float64_bits, fused_multiply_add

_ROUND = 6755399441055744.0
_MANTISSA_BITS = np.int64(52)


@kernel(inline=True)
def exp64(x: float) -> float:
    """Return e^x for -700 < x < 700, within 2 units in the last place.

    x = k ln 2 + r with |r| <= ln(2) / 2; the polynomial is Taylor's, whose rest is below 2e-16 there. Adding 1.5 x 2^52
    rounds x / ln 2 to the integer k and leaves k in the lowest bits.
    """
    shifted = fused_multiply_add(x, 1.4426950408889634, _ROUND)
    k = shifted - _ROUND
    r = fused_multiply_add(k, -1.9082149292705877e-10, fused_multiply_add(k, -0.6931471803691238, x))
    p = 1.6059043836821613e-10
    p = fused_multiply_add(p, r, 2.08767569878681e-09)
    p = fused_multiply_add(p, r, 2.505210838544172e-08)
    p = fused_multiply_add(p, r, 2.755731922398589e-07)
    p = fused_multiply_add(p, r, 2.7557319223985893e-06)
    p = fused_multiply_add(p, r, 2.48015873015873e-05)
    p = fused_multiply_add(p, r, 0.0001984126984126984)
    p = fused_multiply_add(p, r, 0.001388888888888889)
    p = fused_multiply_add(p, r, 0.008333333333333333)
    p = fused_multiply_add(p, r, 0.041666666666666664)
    p = fused_multiply_add(p, r, 0.16666666666666666)
    p = fused_multiply_add(p, r, 0.5)
    p = fused_multiply_add(p, r, 1.0)
    p = fused_multiply_add(p, r, 1.0)
    result: float = bits_float64(np.int64(float64_bits(p) + np.int64(float64_bits(shifted) << _MANTISSA_BITS)))
    return result

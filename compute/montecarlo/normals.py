"""Standard normals from 32-bit words by the inverse of the distribution function.

A word w gives sign and magnitude of a uniform x = (m + 1/2) / 2^31, m in 0 .. 2^31 - 1; the normal is
sqrt(2) erfinv(x). Everything is written with additions, multiplications, fused multiply-adds, one square root and bit
operations of IEEE arithmetic, so the result depends on no mathematics library and no machine, and the compiler
vectorises it. One word gives one normal and a larger magnitude never a smaller one, up to the last bits, as antithetic,
stratified and quasi-random sampling need.

Accuracy: float32; within 3.5e-7 of the exact quantile relatively, up to |z| = 6.34, the largest there is. Over all
2^32 words the mean is exactly 0, the variance 1 + 6e-8 and the excess kurtosis -1.2e-7: biases that an estimate begins
to show with 10^14 draws.

Both polynomials are minimax fits in relative error to sqrt(2) erfinv(x) / x, in w = -log(1 - x^2) below 6 (5.0e-8) and
in sqrt(w) above (5.8e-8). So is that of the logarithm in absolute error (3.7e-8), which is all that w needs; `log32`,
which is as exact near 1 as elsewhere, has that of Cephes' logf.

References
----------
Giles (2011), Approximating the erfinv function. GPU Computing Gems, Jade edition (the variables w and sqrt(w)).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.intrinsics import bits_float32, float32_bits, fused_multiply_add

if TYPE_CHECKING:
    from numpy.typing import NDArray

_F = np.float32
_LARGEST = np.int32(0x7FFFFFFF)
_SIGN = np.int32(-0x80000000)
_SIGN_SHIFT = np.int32(31)
_MANTISSA_BITS = np.int32(23)
_EXPONENT_MASK = np.int32(-0x800000)
_SQRT_HALF_BITS = np.int32(0x3F3504F3)
_TAIL = np.int32(2144820456)
"""Magnitude from which w is above 6: one normal in 800."""


@kernel(inline=True)
def log32(x: np.float32) -> np.float32:
    """Return the natural logarithm of a positive, normal float32."""
    bits = float32_bits(x)
    exponent = np.int32(np.int32(bits - _SQRT_HALF_BITS) >> _MANTISSA_BITS)
    f = bits_float32(np.int32(bits - np.int32(exponent << _MANTISSA_BITS))) - _F(1)
    square = f * f
    p = _F(7.0376836292e-2)
    p = fused_multiply_add(p, f, _F(-1.1514610310e-1))
    p = fused_multiply_add(p, f, _F(1.1676998740e-1))
    p = fused_multiply_add(p, f, _F(-1.2420140846e-1))
    p = fused_multiply_add(p, f, _F(1.4249322787e-1))
    p = fused_multiply_add(p, f, _F(-1.6668057665e-1))
    p = fused_multiply_add(p, f, _F(2.0000714765e-1))
    p = fused_multiply_add(p, f, _F(-2.4999993993e-1))
    p = fused_multiply_add(p, f, _F(3.3333331174e-1))
    mantissa = fused_multiply_add(p * f, square, fused_multiply_add(square, _F(-0.5), f))
    logarithm: np.float32 = fused_multiply_add(_F(exponent), _F(0.6931471805599453), mantissa)
    return logarithm


@kernel(inline=True)
def _magnitude(word: np.uint32) -> np.int32:
    signed = np.int32(word)
    return np.int32(signed ^ np.int32(signed >> _SIGN_SHIFT))


@kernel(inline=True)
def _size_and_distance(magnitude: np.int32) -> tuple[np.float32, np.float32]:
    """Return x and w; the logarithm is within 4e-8 absolutely, which is what w needs."""
    x = fused_multiply_add(_F(magnitude), _F(2.0**-31), _F(2.0**-32))
    # x near 1 would lose its tail to rounding, so the distance to 1 is taken from the integer too.
    tail = fused_multiply_add(_F(np.int32(_LARGEST - magnitude)), _F(2.0**-31), _F(2.0**-32))
    bits = float32_bits(fused_multiply_add(tail, x, tail))
    exponent = np.int32(np.int32(bits - _SQRT_HALF_BITS) & _EXPONENT_MASK)  # times 2^23
    f = bits_float32(np.int32(bits - exponent)) - _F(1)
    p = _F(-0.10034617285130981)
    p = fused_multiply_add(p, f, _F(0.1633564174147409))
    p = fused_multiply_add(p, f, _F(-0.1732599379397423))
    p = fused_multiply_add(p, f, _F(0.19888277466994925))
    p = fused_multiply_add(p, f, _F(-0.24961465269613153))
    p = fused_multiply_add(p, f, _F(0.3333526138235502))
    p = fused_multiply_add(p, f, _F(-0.5000058437752208))
    mantissa = fused_multiply_add(f * f, p, f)
    return x, -fused_multiply_add(_F(exponent), _F(0.6931471805599453 * 2.0**-23), mantissa)


@kernel(inline=True)
def _near(w: np.float32) -> np.float32:
    """Return sqrt(2) erfinv(x) / x for w below 6."""
    c = w - _F(3.0)
    p = _F(-8.240274980338949e-09)
    p = fused_multiply_add(p, c, _F(-6.130519458873139e-09))
    p = fused_multiply_add(p, c, _F(6.442900265028323e-07))
    p = fused_multiply_add(p, c, _F(-2.666263494020902e-06))
    p = fused_multiply_add(p, c, _F(-1.8041436562416702e-05))
    p = fused_multiply_add(p, c, _F(0.00027644527623510684))
    p = fused_multiply_add(p, c, _F(-0.0011823836761038489))
    p = fused_multiply_add(p, c, _F(-0.008115578547947911))
    p = fused_multiply_add(p, c, _F(0.3417168832273839))
    near: np.float32 = fused_multiply_add(p, c, _F(2.296035232943184))
    return near


@kernel(inline=True)
def _far(w: np.float32) -> np.float32:
    """Return sqrt(2) erfinv(x) / x for w above 6."""
    r = _F(math.sqrt(w)) - _F(3.5)
    q = _F(3.859453612714159e-05)
    q = fused_multiply_add(q, r, _F(-0.0002827324687642546))
    q = fused_multiply_add(q, r, _F(0.0006928153572695505))
    q = fused_multiply_add(q, r, _F(-0.0010066431467451115))
    q = fused_multiply_add(q, r, _F(0.001506015772982974))
    q = fused_multiply_add(q, r, _F(-0.002901552612621002))
    q = fused_multiply_add(q, r, _F(0.004641375129402883))
    q = fused_multiply_add(q, r, _F(1.4246332252380556))
    far: np.float32 = fused_multiply_add(q, r, _F(4.717088920538798))
    return far


@kernel(inline=True)
def _signed(size: np.float32, word: np.uint32) -> np.float32:
    normal: np.float32 = bits_float32(np.int32(float32_bits(size) ^ np.int32(np.int32(word) & _SIGN)))
    return normal


@kernel(inline=True)
def normal32(word: np.uint32) -> np.float32:
    """Return the standard normal of a random word; the complement of the word gives exactly the opposite."""
    magnitude = _magnitude(word)
    x, w = _size_and_distance(magnitude)
    return _signed((_far(w) if magnitude >= _TAIL else _near(w)) * x, word)


@kernel(inline=True)
def near_normal32(word: np.uint32) -> tuple[np.float32, np.bool_]:
    """Return `normal32` for the price of its nearer half, and whether it is: of one word in 800 it is not."""
    magnitude = _magnitude(word)
    x, w = _size_and_distance(magnitude)
    return _signed(_near(w) * x, word), magnitude < _TAIL


@kernel()
def fill_normal_row(words: NDArray[np.uint32], normals: NDArray[np.float32], width: int) -> None:
    """Set the first `width` numbers of `normals` to `normal32` of those of `words`.

    All are taken for near ones first; the few rows that have one of the others go over them again. That spares most
    vectors a square root and a polynomial.
    """
    largest = np.int32(0)
    for j in range(width):
        magnitude = _magnitude(words[j])
        x, w = _size_and_distance(magnitude)
        normals[j] = _signed(_near(w) * x, words[j])
        largest = magnitude if magnitude > largest else largest  # noqa: FURB136 - max() costs the vectors
    if largest >= _TAIL:
        for j in range(width):
            if _magnitude(words[j]) >= _TAIL:
                normals[j] = normal32(words[j])


@kernel()
def fill_normals(words: NDArray[np.uint32], normals: NDArray[np.float32], width: int) -> None:
    """Turn the first `width` columns of `words` into standard normals; both have 4 rows."""
    for row in range(4):
        fill_normal_row(words[row], normals[row], width)

"""Division of many numbers by the same whole one, to the last bit, without dividing.

A processor divides a vector in the time of some thirty multiplications. Here the quotient x / n is guessed as
q = RN(x r), with r = RN(1 / n), and put right as RN(q + RN(x - q n) r), each with a fused multiply-add. For a whole n
below 2^50 that is the quotient of a division: q lies within 1.5 units of its last place, so that x - q n, a whole
number of them, is exact; q + (x - q n) r then differs from x / n by less than 1.5 * 2^-53 of them. If x / n is a
double, that rounds to it; if not, it lies at least 1 / 4n units from any number half-way between two doubles, which is
more. It fails where x is so small that x - q n is no double, where x is infinite, and for a negative zero; then
everything is divided.
"""

from __future__ import annotations

import platform
from typing import Any

import numba
import numpy as np
from numba import extending as numba_extending
from numba.core.codegen import get_host_cpu_features
from numpy.typing import NDArray

from riskwave.compute.jit import kernel

Floats = NDArray[np.float64]

types: Any = numba.types
extending: Any = numba_extending

DIVISOR_MAX = 2.0**50
"""Whole numbers below this can be a divisor."""
_features: Any = get_host_cpu_features
# Elsewhere a fused multiply-add is a call of a function.
FUSED = platform.machine() in {"arm64", "aarch64"} or ",+fma," in f",{_features()},"
# Bits of a number whose sign is the lowest of them: of 2^-960, and of infinity.
_SMALLEST, _INFINITE = np.uint64((1023 - 960) << 53), np.uint64(0x7FF << 53)
_ONE, _SIGN = np.uint64(1), np.uint64(63)
_LARGEST = np.uint64(2**64 - 1)


# Numba passes arguments by name, used or not.
def _multiply_add(_typing: Any, _a: Any, _b: Any, _c: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), generate


def _bits(_typing: Any, _value: Any) -> Any:
    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_value_type(types.uint64))

    return types.uint64(types.float64), generate


_fma, _word = extending.intrinsic(_multiply_add), extending.intrinsic(_bits)


@kernel()
def quick_mean4(a: Floats, b: Floats, c: Floats, d: Floats, divisor: float, out: Floats) -> bool:
    """Add four and divide by a whole number; return False where that is not the quotient of every sum."""
    inverse = 1.0 / divisor
    smallest, largest = _LARGEST, _ONE
    for i in range(out.size):
        x = (a[i] + b[i]) + (c[i] + d[i])
        q = x * inverse
        out[i] = _fma(_fma(-q, divisor, x), inverse, q)
        turned = (_word(x) << _ONE) | (_word(x) >> _SIGN)
        # One less, so that a zero is the largest of all, and a negative zero the smallest.
        smallest, largest = min(smallest, turned - _ONE), max(largest, turned)
    return bool(smallest > _SMALLEST) and bool(largest < _INFINITE)


@kernel()
def quick_mean7(
    a: Floats, b: Floats, c: Floats, d: Floats, e: Floats, f: Floats, g: Floats, divisor: float, out: Floats
) -> bool:
    """Add seven and divide by a whole number; return False where that is not the quotient of every sum."""
    inverse = 1.0 / divisor
    smallest, largest = _LARGEST, _ONE
    for i in range(out.size):
        x = (((a[i] + b[i]) + (c[i] + d[i])) + e[i]) + (f[i] + g[i])
        q = x * inverse
        out[i] = _fma(_fma(-q, divisor, x), inverse, q)
        turned = (_word(x) << _ONE) | (_word(x) >> _SIGN)
        smallest, largest = min(smallest, turned - _ONE), max(largest, turned)
    return bool(smallest > _SMALLEST) and bool(largest < _INFINITE)


@kernel()
def quick_third(a: Floats, b: Floats, c: Floats, out: Floats) -> bool:
    """Take the mean of three; return False where that is not the quotient of every sum."""
    inverse = 1.0 / 3.0
    smallest, largest = _LARGEST, _ONE
    for i in range(out.size):
        x = (a[i] + b[i]) + c[i]
        q = x * inverse
        out[i] = _fma(_fma(-q, 3.0, x), inverse, q)
        turned = (_word(x) << _ONE) | (_word(x) >> _SIGN)
        smallest, largest = min(smallest, turned - _ONE), max(largest, turned)
    return bool(smallest > _SMALLEST) and bool(largest < _INFINITE)


@kernel()
def quick_quotient(x: Floats, divisor: float, out: Floats) -> bool:
    """Divide by a whole number; return False where that is not every quotient. The arrays differ."""
    inverse = 1.0 / divisor
    smallest, largest = _LARGEST, _ONE
    for i in range(out.size):
        q = x[i] * inverse
        out[i] = _fma(_fma(-q, divisor, x[i]), inverse, q)
        turned = (_word(x[i]) << _ONE) | (_word(x[i]) >> _SIGN)
        smallest, largest = min(smallest, turned - _ONE), max(largest, turned)
    return bool(smallest > _SMALLEST) and bool(largest < _INFINITE)


@kernel()
def mean4(a: Floats, b: Floats, c: Floats, d: Floats, divisor: float, out: Floats) -> None:
    """Add four and divide by a whole number."""
    if FUSED and quick_mean4(a, b, c, d, divisor, out):
        return
    for i in range(out.size):
        out[i] = ((a[i] + b[i]) + (c[i] + d[i])) / divisor


@kernel()
def mean7(
    a: Floats, b: Floats, c: Floats, d: Floats, e: Floats, f: Floats, g: Floats, divisor: float, out: Floats
) -> None:
    """Add seven, as `sum7` does, and divide by a whole number."""
    if FUSED and quick_mean7(a, b, c, d, e, f, g, divisor, out):
        return
    for i in range(out.size):
        out[i] = ((((a[i] + b[i]) + (c[i] + d[i])) + e[i]) + (f[i] + g[i])) / divisor


@kernel()
def third(a: Floats, b: Floats, c: Floats, out: Floats) -> None:
    """Take the mean of three."""
    if FUSED and quick_third(a, b, c, out):
        return
    for i in range(out.size):
        out[i] = ((a[i] + b[i]) + c[i]) / 3.0


@kernel()
def divided(x: Floats, divisor: float, out: Floats) -> None:
    """Divide by a whole number."""
    if FUSED and quick_quotient(x, divisor, out):
        return
    for i in range(out.size):
        out[i] = x[i] / divisor

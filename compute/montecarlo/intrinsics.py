"""Operations that NumPy's scalars lack, as single machine instructions inside kernels.

The fused multiply-add is written out wherever it is wanted. A compiler that may fuse (`fastmath` "contract") does so or
not depending on the loop around an expression; one that is told gives the same bits in every loop, at every vector
width and on every machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable


def _fused_multiply_add(_typing: Any, a: Any, _b: Any, _c: Any) -> Any:
    return a(a, a, a), lambda _context, builder, _signature, args: builder.fma(*args)


def _float32_bits(_typing: Any, _x: Any) -> Any:
    def build(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(32))

    return types.int32(types.float32), build


def _bits_float32(_typing: Any, _x: Any) -> Any:
    def build(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.int32), build


def _float64_bits(_typing: Any, _x: Any) -> Any:
    def build(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return types.int64(types.float64), build


def _bits_float64(_typing: Any, _x: Any) -> Any:
    def build(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), build


fused_multiply_add: Callable[..., Any] = intrinsic(_fused_multiply_add)
"""a * b + c, rounded once; all three float32 or all float64."""

float32_bits: Callable[..., Any] = intrinsic(_float32_bits)
"""The 32 bits of a float32 as int32."""

bits_float32: Callable[..., Any] = intrinsic(_bits_float32)
"""The float32 that has the bits of an int32."""

float64_bits: Callable[..., Any] = intrinsic(_float64_bits)
"""The 64 bits of a float64 as int64."""

bits_float64: Callable[..., Any] = intrinsic(_bits_float64)
"""The float64 that has the bits of an int64."""

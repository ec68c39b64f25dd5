"""Eight numbers side by side, as one value of compiled code: what a vector register holds.

The compiler makes vectors of loops whose rounds do not wait for each other. Recursions do, and are written with this
type: eight independent ones, number for number. Compiled, the functions here are one instruction or a few; in plain
Python an eight is an array, so that kernels that use them run there too, with the same bits.
"""

# Numba passes arguments by name, used or not, and takes nothing but a function for the body of another.
# ruff: noqa: ARG001, PLW0108

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
from llvmlite import ir as llvm
from numba import extending as numba_extending
from numba.core import cgutils as numba_cgutils
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

Floats = NDArray[np.float64]

# None of them says what types it takes.
ir: Any = llvm
types: Any = numba.types
extending: Any = numba_extending
cgutils: Any = numba_cgutils

LANES = 8
_DOUBLE, _BYTE = ir.DoubleType(), ir.IntType(8)
_VECTOR = ir.VectorType(_DOUBLE, LANES)


class _EightType(types.Type):  # type: ignore[misc]
    """The type of eight numbers in compiled code."""

    def __init__(self) -> None:
        super().__init__(name="Eight")


eight = _EightType()


@extending.register_model(_EightType)
class _EightModel(extending.models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, of: Any) -> None:
        super().__init__(manager, of, _VECTOR)


def _intrinsic(function: Callable[..., object]) -> Any:
    return extending.intrinsic(function)


def _compiled(symbol: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """Return the decorator of what chooses the compiled form of a Python function."""
    choose: Callable[[Callable[..., Any]], Any] = extending.overload(symbol, strict=False)
    return choose


def load(array: Floats, at: int) -> Floats:
    """Return the eight numbers of a C-contiguous array from `at` on."""
    return array[at : at + LANES].copy()


def store(array: Floats, at: int, value: Floats) -> None:
    """Write eight numbers into an array from `at` on."""
    array[at : at + LANES] = value


def spread(value: float) -> Floats:
    """Return eight times the same number."""
    return np.full(LANES, value)


def pick_greater(a: Floats, b: Floats, yes: Floats, no: Floats) -> Floats:
    """Take `yes` where ``a > b``, else `no`."""
    return np.where(a > b, yes, no)


def pick_not_below(a: Floats, b: Floats, yes: Floats, no: Floats) -> Floats:
    """Take `yes` where ``a >= b``, else `no`."""
    return np.where(a >= b, yes, no)


def pick_equal(a: Floats, b: Floats, yes: Floats, no: Floats) -> Floats:
    """Take `yes` where ``a == b``, else `no`."""
    return np.where(a == b, yes, no)


def _address(builder: Any, context: Any, array_type: Any, array: Any, at: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [at]), _VECTOR.as_pointer())


@_intrinsic
def _load(_typing: Any, array: Any, at: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value = builder.load(_address(builder, context, signature.args[0], *arguments))
        value.align = 8
        return value

    return eight(array, types.intp), generate


@_intrinsic
def _store(_typing: Any, array: Any, at: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[2], _address(builder, context, signature.args[0], *arguments[:2]), align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, eight), generate


@_intrinsic
def _spread(_typing: Any, value: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), arguments[0], ir.IntType(32)(0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), zeros)

    return eight(types.float64), generate


def _selecting(comparison: str) -> Any:
    """Return the compiled form of a choice between numbers by an ordered comparison."""

    @_intrinsic
    def select(_typing: Any, a: Any, b: Any, yes: Any, no: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            first, second, if_so, if_not = arguments
            return builder.select(builder.fcmp_ordered(comparison, first, second), if_so, if_not)

        return eight(eight, eight, eight, eight), generate

    return select


_greater, _not_below, _equal = _selecting(">"), _selecting(">="), _selecting("==")


@_intrinsic
def _negative(_typing: Any, value: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.fneg(arguments[0])

    return eight(eight), generate


@_intrinsic
def _absolute(_typing: Any, value: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_VECTOR, [_VECTOR])
        function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.fabs.v{LANES}f64")
        return builder.call(function, arguments)

    return eight(eight), generate


@_compiled(load)
def _load_overload(array: Any, at: Any) -> Any:
    return lambda array, at: _load(array, at)


@_compiled(store)
def _store_overload(array: Any, at: Any, value: Any) -> Any:
    return lambda array, at, value: _store(array, at, value)


@_compiled(spread)
def _spread_overload(value: Any) -> Any:
    return lambda value: _spread(value)


@_compiled(pick_greater)
def _greater_overload(a: Any, b: Any, yes: Any, no: Any) -> Any:
    return lambda a, b, yes, no: _greater(a, b, yes, no)


@_compiled(pick_not_below)
def _not_below_overload(a: Any, b: Any, yes: Any, no: Any) -> Any:
    return lambda a, b, yes, no: _not_below(a, b, yes, no)


@_compiled(pick_equal)
def _equal_overload(a: Any, b: Any, yes: Any, no: Any) -> Any:
    return lambda a, b, yes, no: _equal(a, b, yes, no)


@_compiled(operator.neg)
def _neg_overload(value: Any) -> Any:
    return (lambda value: _negative(value)) if value is eight else None


@_compiled(abs)
def _abs_overload(value: Any) -> Any:
    return (lambda value: _absolute(value)) if value is eight else None


def _arithmetic(symbol: Callable[[Any, Any], Any], instruction: str) -> None:
    """Teach the compiler an operation on two eights."""

    @_intrinsic
    def compute(_typing: Any, a: Any, b: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return getattr(builder, instruction)(*arguments)

        return eight(eight, eight), generate

    @_compiled(symbol)
    def choose(a: Any, b: Any) -> Any:
        return (lambda a, b: compute(a, b)) if a is eight and b is eight else None


_arithmetic(operator.add, "fadd")
_arithmetic(operator.sub, "fsub")
_arithmetic(operator.mul, "fmul")
_arithmetic(operator.truediv, "fdiv")


def _turned(builder: Any, rows: list[Any]) -> list[Any]:
    """Return the columns of eight rows of eight numbers."""

    def shuffle(a: Any, b: Any, *picks: int) -> Any:
        mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), list(picks))
        return builder.shuffle_vector(a, b, mask)

    pairs = []
    for i in range(0, LANES, 2):
        pairs.append(shuffle(rows[i], rows[i + 1], 0, 8, 2, 10, 4, 12, 6, 14))
        pairs.append(shuffle(rows[i], rows[i + 1], 1, 9, 3, 11, 5, 13, 7, 15))
    fours = [None] * LANES
    for half in (0, 4):
        for i in range(2):
            a, b = pairs[half + i], pairs[half + 2 + i]
            fours[half + i] = shuffle(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
            fours[half + 2 + i] = shuffle(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
    columns = [shuffle(fours[i], fours[4 + i], 0, 1, 2, 3, 8, 9, 10, 11) for i in range(4)]
    return columns + [shuffle(fours[i], fours[4 + i], 4, 5, 6, 7, 12, 13, 14, 15) for i in range(4)]


@_intrinsic
def turn(_typing: Any, source: Any, source_stride: Any, target: Any, target_stride: Any) -> Any:
    """Read eight rows of eight numbers, write them as columns; addresses and the distances of rows are in bytes."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        origin, step, goal, stride = arguments
        pointer, word = _VECTOR.as_pointer(), ir.IntType(64)

        def place(first: Any, distance: Any, row: int) -> Any:
            return builder.inttoptr(builder.add(first, builder.mul(distance, word(row))), pointer)

        rows = [builder.load(place(origin, step, row)) for row in range(LANES)]
        for row in rows:
            row.align = 8
        for row, value in enumerate(_turned(builder, rows)):
            builder.store(value, place(goal, stride, row), align=8)
        return context.get_dummy_value()

    words = (types.int64,) * 4
    return types.void(*words), generate

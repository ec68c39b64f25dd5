"""The language in which an oscillator's formula is written: series, and operations on them.

A formula receives its inputs as `Series` and combines them with arithmetic, lags and the operations of `_operations`
and `_averages`. Nothing is computed while it runs; it builds a graph, which `_program` executes block by block. From
the graph follow the lookback, what a sweep can share, and which state must be kept between two blocks. So the same
formula serves a whole array, an array in pieces, one bar at a time, one column or ten thousand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from riskwave.compute.oscillators import _division

if TYPE_CHECKING:
    from collections.abc import Callable

Scalar = int | float
HALF = 0.5  # the mantissa of a power of two, as `math.frexp` has it


@dataclass(frozen=True, slots=True)
class Operation:
    """What a node does with its operands.

    Parameters
    ----------
    function
        A NumPy ufunc, or a kernel that takes the operands' flat arrays, then `params`, then (if `recursive`)
        ``seen, lanes, state``, then its output arrays. It never reads an output it has not written.
    params
        Numbers that are passed on after the operands.
    warm_up_bars
        How many bars the operation needs beyond its operands' own before its first value.
    outputs
        How many arrays it writes.
    recursive
        Whether it keeps `state_rows` numbers for each column from bar to bar. ``seen`` is how many bars it has had.
    absorbing
        Whether a NaN or an infinity at any bar of an operand leaves one in the state for ever, and in every later
        output. Then nobody needs to look for them beforehand.
    """

    function: Callable[..., object]
    params: tuple[Scalar, ...] = ()
    warm_up_bars: int = 0
    outputs: int = 1
    recursive: bool = False
    state_rows: int = 0
    absorbing: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operation applied to operands, or (without an operation) the input called `name`.

    The first bar at which every operand has a value is `first_bar`; the node's own first value is at `lookback`.
    """

    operation: Operation | None
    operands: tuple[Series | float, ...]
    first_bar: int
    lookback: int
    name: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One output of a node, seen `delay` bars late and not before its first `skipped` values have passed.

    With a `span`, a kernel gets the values of that many bars before each bar too.
    """

    node: Node
    output: int = 0
    delay: int = 0
    skipped: int = 0
    span: int = 0

    @property
    def lookback(self) -> int:
        """Bars before the first value."""
        return self.node.lookback + self.delay + self.skipped + self.span

    def lag(self, bars: int) -> Series:
        """Return the value of `bars` bars ago."""
        return replace(self, delay=self.delay + bars)

    def skip(self, bars: int) -> Series:
        """Return the series without its first `bars` values: a recursion that follows is seeded that much later."""
        return replace(self, skipped=self.skipped + bars)

    def window(self, bars: int) -> Series:
        """Return the last `bars` values at every bar, for a kernel that looks at each of them.

        The kernel's array for this operand is longer than its output by ``(bars - 1) * lanes``: the window of output i
        is at ``i + k * lanes``, from the oldest at k = 0 to the newest at k = bars - 1. `lanes` follows its params.
        """
        return replace(self, span=bars - 1)

    def __add__(self, other: Series | Scalar) -> Series:
        return elementwise(np.add, self, other)

    def __radd__(self, other: Scalar) -> Series:
        return elementwise(np.add, other, self)

    def __sub__(self, other: Series | Scalar) -> Series:
        return elementwise(np.subtract, self, other)

    def __rsub__(self, other: Scalar) -> Series:
        return elementwise(np.subtract, other, self)

    def __mul__(self, other: Series | Scalar) -> Series:
        return elementwise(np.multiply, self, other)

    def __rmul__(self, other: Scalar) -> Series:
        return elementwise(np.multiply, other, self)

    def __truediv__(self, other: Scalar) -> Series:
        """Divide by a number other than 0; series are divided by `_operations.ratio`, which says what 0/0 is."""
        if math.frexp(other)[0] == HALF:
            return elementwise(np.multiply, self, 1.0 / other)  # exact for a power of two, and faster
        if float(other).is_integer() and 0.0 < other < _division.DIVISOR_MAX:
            return elementwise(_division.divided, self, params=(float(other),))
        return elementwise(np.divide, self, other)

    def __neg__(self) -> Series:
        return elementwise(np.negative, self)

    def __abs__(self) -> Series:
        return elementwise(np.absolute, self)


def source(name: str) -> Series:
    """Return the input called `name`."""
    return Series(Node(None, (), 0, 0, name))


def apply(operation: Operation, *operands: Series | Scalar) -> tuple[Series, ...]:
    """Return the outputs of `operation` on `operands`."""
    first_bar = max(operand.lookback for operand in operands if isinstance(operand, Series))
    fixed = tuple(operand if isinstance(operand, Series) else float(operand) for operand in operands)
    node = Node(operation, fixed, first_bar, first_bar + operation.warm_up_bars)
    return tuple(Series(node, output) for output in range(operation.outputs))


def elementwise(function: Callable[..., Any], *operands: Series | Scalar, params: tuple[Scalar, ...] = ()) -> Series:
    """Return `function`, a ufunc or a kernel of flat arrays, applied bar by bar."""
    return apply(Operation(function, params), *operands)[0]


def recursion(
    function: Callable[..., Any],
    *operands: Series,
    state_rows: int,
    params: tuple[Scalar, ...] = (),
    warm_up_bars: int = 0,
    outputs: int = 1,
    absorbing: bool = False,
) -> tuple[Series, ...]:
    """Return the outputs of a kernel that carries `state_rows` numbers a column from bar to bar."""
    return apply(Operation(function, params, warm_up_bars, outputs, True, state_rows, absorbing), *operands)

"""Carries out many element-wise operations over one stretch of bars, a tile at a time.

A step that walks a whole block reads and writes the second cache; a tile of a thousand values stays in the first one
from the step that writes it to the last that reads it. Doing so from Python would cost more than it saves, so that the
steps become a table (`_segments` writes it), and one compiled loop carries it out. The formulas are those of
`_kernels`, and so are the bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir
from numba import carray, types  # type: ignore[attr-defined]
from numba.extending import intrinsic
from numpy.typing import NDArray

from riskwave.compute.jit import kernel
from riskwave.compute.oscillators import _division, _kernels

if TYPE_CHECKING:
    from collections.abc import Callable

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# The position is the number by which `carry_out` knows the function.
FUNCTIONS: tuple[Callable[..., object], ...] = (
    np.positive,
    np.add,
    np.subtract,
    np.multiply,
    np.divide,
    np.negative,
    np.absolute,
    np.sqrt,
    _kernels.larger,
    _kernels.smaller,
    _kernels.ratio,
    _kernels.select_greater,
    _kernels.select_equal,
    _kernels.largest4,
    _kernels.smallest4,
    _kernels.sum4,
    _division.mean4,
    _kernels.percent_of_range,
    _kernels.true_range,
    _kernels.distance,
    _kernels.relative,
    _kernels.percent_share,
    _kernels.williams_flow,
    _kernels.gain_loss,
    _kernels.newer_extremum,
    _kernels.directional_moves,
    _kernels.merge_comoment,
    _kernels.mean_deviation_ratio,
    _kernels.rank_below,
    _kernels.scaled4,
    _kernels.merge_weighted,
    _kernels.merge_tilted,
    _kernels.scaled_ratio,
    _kernels.ratio_of_distances,
    _kernels.middle,
    _division.third,
    _kernels.split_flow,
    _kernels.percent_below,
    _kernels.scaled_true_range,
    _kernels.above_true_low,
    _kernels.weighted_ratios,
    _kernels.newest_extremum4,
    _kernels.percent_left,
    _kernels.larger_move,
    _kernels.directional_share,
    _division.divided,
    _kernels.sum7,
    _division.mean7,
)


@intrinsic
def _pointer(_context: Any, address: Any) -> Any:
    """Take an address for a pointer to numbers."""

    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], ir.DoubleType().as_pointer())

    return types.CPointer(types.float64)(address), generate  # type: ignore[no-untyped-call]


@kernel()
def at_address(address: int, size: int) -> Floats:
    """Return the numbers that lie at an address."""
    pointer: Any = _pointer
    return carray(pointer(address), (size,))


@kernel()
def view(series: Integers, number: int, first: int, size: int) -> Floats:
    """Return `size` elements of a series from `first` on."""
    return at_address(series[number, 0] + 8 * (first - series[number, 1]), size)


@kernel()
def arithmetic(function: int, a: Floats, b: Floats, out: Floats) -> None:  # noqa: C901, PLR0912 - one for each
    """Carry out one operation of NumPy's."""
    if function == 0:
        for i in range(out.size):
            out[i] = a[i]
    elif function == 1:
        for i in range(out.size):
            out[i] = a[i] + b[i]
    elif function == 2:
        for i in range(out.size):
            out[i] = a[i] - b[i]
    elif function == 3:
        for i in range(out.size):
            out[i] = a[i] * b[i]
    elif function == 4:
        for i in range(out.size):
            out[i] = a[i] / b[i]
    elif function == 5:
        for i in range(out.size):
            out[i] = -a[i]
    elif function == 6:
        for i in range(out.size):
            out[i] = abs(a[i])
    else:
        for i in range(out.size):
            out[i] = np.sqrt(a[i])


@kernel()
def carry_out_more(steps: Integers, params: Floats, series: Integers, k: int, low: int, high: int) -> None:  # noqa: C901, PLR0912 - one for each
    """Carry out step `k`, one of the functions that do the work of several steps."""
    size, function = high - low, steps[k, 0]
    out, second = view(series, steps[k, 2], low, size), view(series, steps[k, 3], low, size)
    a, b = view(series, steps[k, 4], low - steps[k, 5], size), view(series, steps[k, 7], low - steps[k, 8], size)
    c, d = view(series, steps[k, 10], low - steps[k, 11], size), view(series, steps[k, 13], low - steps[k, 14], size)
    first_param = params[k, 0]
    if function == 32:
        _kernels.scaled_ratio(a, b, first_param, params[k, 1], out)
    elif function == 33:
        _kernels.ratio_of_distances(a, b, c, d, out)
    elif function == 34:
        _kernels.middle(a, b, out)
    elif function == 35:
        _division.third(a, b, c, out)
    elif function == 36:
        _kernels.split_flow(a, b, c, out, second)
    elif function == 37:
        _kernels.percent_below(a, b, c, out)
    elif function == 38:
        _kernels.scaled_true_range(a, b, c, first_param, out)
    elif function == 39:
        _kernels.above_true_low(a, b, c, out)
    elif function == 40:
        e = view(series, steps[k, 16], low - steps[k, 17], size)
        f = view(series, steps[k, 19], low - steps[k, 20], size)
        _kernels.weighted_ratios(a, b, c, d, e, f, out)
    elif function == 41:
        _kernels.newest_extremum4(a, b, c, d, first_param, out, second)
    elif function == 42:
        _kernels.percent_left(a, first_param, out)
    elif function == 43:
        _kernels.larger_move(a, b, c, d, first_param, out)
    elif function == 44:
        _kernels.directional_share(a, b, out)
    elif function == 45:
        _division.divided(a, first_param, out)
    elif function <= 47:
        e = view(series, steps[k, 16], low - steps[k, 17], size)
        f = view(series, steps[k, 19], low - steps[k, 20], size)
        g = view(series, steps[k, 22], low - steps[k, 23], size)
        if function == 46:
            _kernels.sum7(a, b, c, d, e, f, g, out)
        else:
            _division.mean7(a, b, c, d, e, f, g, first_param, out)


@kernel()
def carry_out(steps: Integers, params: Floats, series: Integers, k: int, lanes: int, low: int, high: int) -> None:  # noqa: C901, PLR0912, PLR0915 - one for each
    """Carry out step `k` for the elements from `low` to `high`."""
    size, function = high - low, steps[k, 0]
    # No row of a table is taken as an array: counting its references would take longer than the step.
    out = view(series, steps[k, 2], low, size)
    a = view(series, steps[k, 4], low - steps[k, 5] - steps[k, 6], size + steps[k, 6])
    b = view(series, steps[k, 7], low - steps[k, 8], size)
    if function < 8:
        arithmetic(function, a, b, out)
        return
    c, d = view(series, steps[k, 10], low - steps[k, 11], size), view(series, steps[k, 13], low - steps[k, 14], size)
    second, first_param = view(series, steps[k, 3], low, size), params[k, 0]
    if function == 8:
        _kernels.larger(a, b, out)
    elif function == 9:
        _kernels.smaller(a, b, out)
    elif function == 10:
        _kernels.ratio(a, b, first_param, out)
    elif function == 11:
        _kernels.select_greater(a, b, c, d, out)
    elif function == 12:
        _kernels.select_equal(a, b, c, d, out)
    elif function == 13:
        _kernels.largest4(a, b, c, d, out)
    elif function == 14:
        _kernels.smallest4(a, b, c, d, out)
    elif function == 15:
        _kernels.sum4(a, b, c, d, out)
    elif function == 16:
        _division.mean4(a, b, c, d, first_param, out)
    elif function == 17:
        _kernels.percent_of_range(a, b, c, out)
    elif function == 18:
        _kernels.true_range(a, b, c, out)
    elif function == 19:
        _kernels.distance(a, b, out)
    elif function == 20:
        _kernels.relative(a, b, c, first_param, out)
    elif function == 21:
        _kernels.percent_share(a, b, out)
    elif function == 22:
        _kernels.williams_flow(a, b, c, d, out)
    elif function == 23:
        _kernels.gain_loss(a, b, out, second)
    elif function == 24:
        _kernels.newer_extremum(a, b, c, d, first_param, out, second)
    elif function == 25:
        _kernels.directional_moves(a, b, c, d, first_param, out, second)
    elif function == 26:
        e = view(series, steps[k, 16], low - steps[k, 17], size)
        f = view(series, steps[k, 19], low - steps[k, 20], size)
        _kernels.merge_comoment(a, b, c, d, e, f, first_param, params[k, 1], out)
    elif function == 27:
        _kernels.mean_deviation_ratio(a, int(first_param), lanes, out)
    elif function == 28:
        _kernels.rank_below(a, int(first_param), lanes, out)
    elif function == 29:
        _kernels.scaled4(a, b, c, d, first_param, out)
    elif function == 30:
        _kernels.merge_weighted(a, b, c, d, first_param, out, second)
    elif function == 31:
        _kernels.merge_tilted(a, b, c, d, first_param, params[k, 1], out, second)
    else:
        carry_out_more(steps, params, series, k, low, high)


@kernel()
def run_tiles(
    steps: Integers, params: Floats, series: Integers, checked: Integers, lanes: int, first: int, end: int, tile: int
) -> bool:
    """Carry out all steps for the elements from `first` to `end`; return False when a checked series is not finite."""
    for begin in range(first, end, tile):
        stop = min(begin + tile, end)
        for k in range(series.shape[0]):
            capacity, kept = series[k, 3], series[k, 2]
            if capacity < 0:
                series[k, 1] = begin
            elif capacity > 0 and stop - series[k, 1] > capacity:
                newer, older = view(series, k, series[k, 1], kept), view(series, k, begin - kept, kept)
                for i in range(kept):
                    newer[i] = older[i]
                series[k, 1] = begin - kept
        for k in range(steps.shape[0]):
            low = max(begin, steps[k, 1])
            if low < stop:
                carry_out(steps, params, series, k, lanes, low, stop)
        for k in range(checked.size):  # last, when the steps have brought them into the cache
            if not _kernels.all_finite(view(series, checked[k], begin, stop - begin)):
                return False
    return True

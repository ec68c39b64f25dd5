"""Sixteen neighbouring numbers of a row as one value inside a kernel.

A compiler puts a loop over paths into vector registers by itself, but it keeps no sum in a register while it walks
through the rows of a matrix: the sums of sixteen paths would have to be one variable. Here they are. The type is the
compiler's own vector, cut to whatever registers the machine has, so that neither results nor callers depend on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils as untyped_cgutils
from numba.extending import intrinsic, models, register_model

if TYPE_CHECKING:
    from collections.abc import Callable

cgutils: Any = untyped_cgutils

VECTOR_LANES: Final = 16
"""Numbers in one value: a register of 512 bits of float32."""


class _Lanes(types.Type):
    """Numba's type of `VECTOR_LANES` numbers of one type."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(name=f"Lanes({dtype})")


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    """How the compiler stores it."""

    def __init__(self, manager: Any, lanes: _Lanes) -> None:
        element = manager.lookup(lanes.dtype).get_value_type()
        super().__init__(manager, lanes, ir.VectorType(element, VECTOR_LANES))  # type: ignore[no-untyped-call]


def _address(context: Any, builder: Any, array_type: Any, array: Any, row: Any, column: Any) -> Any:
    """Return where the lanes of a row begin at a column; rows of numbers side by side, no checks."""
    data = context.make_array(array_type)(context, builder, array)
    shape, strides = cgutils.unpack_tuple(builder, data.shape), cgutils.unpack_tuple(builder, data.strides)
    place = cgutils.get_item_pointer2(
        context, builder, data.data, shape, strides, array_type.layout, [row, column], wraparound=False
    )
    return builder.bitcast(place, ir.VectorType(context.get_value_type(array_type.dtype), VECTOR_LANES).as_pointer())


def _load_lanes(_typing: Any, array: Any, _row: Any, _column: Any) -> Any:
    def build(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.load(_address(context, builder, array, *args), align=array.dtype.bitwidth // 8)

    return _Lanes(array.dtype)(array, types.intp, types.intp), build


def _store_lanes(_typing: Any, array: Any, _row: Any, _column: Any, lanes: Any) -> Any:
    def build(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        address = _address(context, builder, array, *args[:3])
        builder.store(args[3], address, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp, lanes), build


def _zero_lanes(_typing: Any, array: Any) -> Any:
    lanes = _Lanes(array.dtype)
    return lanes(array), lambda context, _builder, _signature, _args: ir.Constant(context.get_value_type(lanes), None)


def _multiply_add_lanes(_typing: Any, _factor: Any, lanes: Any, _total: Any) -> Any:
    def build(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        vector, word = args[1].type, ir.IntType(32)
        unset = ir.Constant(vector, ir.Undefined)
        first = builder.insert_element(unset, args[0], ir.Constant(word, 0))
        everywhere = ir.Constant(ir.VectorType(word, VECTOR_LANES), None)
        factor = builder.shuffle_vector(first, unset, everywhere)
        name = f"llvm.fma.v{VECTOR_LANES}f{lanes.dtype.bitwidth}"
        fused = cgutils.get_or_insert_function(builder.module, ir.FunctionType(vector, [vector] * 3), name)
        return builder.call(fused, [factor, args[1], args[2]])

    return lanes(lanes.dtype, lanes, lanes), build


load_lanes: Callable[..., Any] = intrinsic(_load_lanes)
"""load_lanes(array, row, column): the `VECTOR_LANES` numbers of a row from a column on, all of which must be there."""

store_lanes: Callable[..., Any] = intrinsic(_store_lanes)
"""store_lanes(array, row, column, lanes): write them there."""

zero_lanes: Callable[..., Any] = intrinsic(_zero_lanes)
"""zero_lanes(array): zeros of the array's type."""

multiply_add_lanes: Callable[..., Any] = intrinsic(_multiply_add_lanes)
"""multiply_add_lanes(factor, lanes, total): factor times each of `lanes` plus that of `total`, rounded once."""

"""NumPy arrays and parameter values, to and from the messages of the contract; the only hand-written code here.

A packed ``repeated double`` (or ``sfixed64``) and the array's little-endian buffer are the same bytes on the wire, so a
field is written by merging one record of tag, length and buffer, and read through the buffer of the parsed field.
Building one element by element, as ``message.values.extend(array)`` does, takes 60 times longer; a test refuses it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from google.protobuf.descriptor import FieldDescriptor

from riskwave.v1.array_pb2 import Float64Array, NamedArray
from riskwave.v1.parameter_pb2 import ParameterValue, ParameterValues

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from google.protobuf.message import Message
    from numpy.typing import ArrayLike, NDArray

Scalar = bool | int | float | str

_DTYPES: dict[int, np.dtype[Any]] = {
    FieldDescriptor.TYPE_DOUBLE: np.dtype("<f8"),
    FieldDescriptor.TYPE_SFIXED64: np.dtype("<i8"),
}
_LENGTH_DELIMITED = 2


class CodecError(ValueError):
    """A message's parts contradict each other: a shape that its values don't fill, an unset value.

    Parameters
    ----------
    field
        The path of the field, such as ``bars.close``.
    value
        What was found.
    allowed
        What would be right, in words.
    """

    def __init__(self, field: str, value: object, allowed: str) -> None:
        self.field = field
        self.value = str(value)
        self.allowed = allowed
        super().__init__(f"{field} was {self.value}; it must be {allowed}")


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _bulk_field(message: Message, name: str) -> tuple[Any, np.dtype[Any]]:
    field = message.DESCRIPTOR.fields_by_name[name]
    assert field.is_repeated, f"{message.DESCRIPTOR.full_name}.{name} is not repeated"
    return field, _DTYPES[field.type]


def fill(message: Message, name: str, array: ArrayLike) -> None:
    """Append an array to a repeated double or sfixed64 field in one copy.

    Parameters
    ----------
    message
        The message that has the field.
    name
        The field's name, such as ``times``.
    array
        Numbers of any shape, taken in row-major order; datetime64 is taken as nanoseconds.

    Examples
    --------
    >>> from riskwave.v1.market_data_service_pb2 import PriceSeries
    >>> series = PriceSeries()
    >>> fill(series, "close", [18.63, 18.45])
    >>> series.close
    [18.63, 18.45]
    """
    field, dtype = _bulk_field(message, name)
    numbers = np.asarray(array)
    if numbers.dtype.kind == "M":
        numbers = numbers.astype("datetime64[ns]").view(np.int64)
    buffer = np.ascontiguousarray(numbers, dtype=dtype).data.cast("B") if numbers.size else b""
    if buffer:
        tag = _varint(field.number << 3 | _LENGTH_DELIMITED)
        message.MergeFromString(b"".join((tag, _varint(len(buffer)), buffer)))


def read(message: Message, name: str) -> NDArray[Any]:
    """Return a repeated double or sfixed64 field as an array of its own, of one axis, writable and aligned.

    Examples
    --------
    >>> from riskwave.v1.market_data_service_pb2 import PriceSeries
    >>> read(PriceSeries(close=[18.63, 18.45]), "close")
    array([18.63, 18.45])
    """
    field, dtype = _bulk_field(message, name)
    values = getattr(message, name)
    if hasattr(values, "__array__"):
        return np.array(values, dtype=dtype, copy=None)
    return _read_portably(message, field, dtype)


def _read_portably(message: Message, field: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Read a field under a protobuf runtime whose repeated fields are not arrays: by its own serialised bytes."""
    count = len(getattr(message, field.name))
    if not count:
        return np.empty(0, dtype)
    alone = type(message)()
    getattr(alone, field.name).MergeFrom(getattr(message, field.name))
    return np.frombuffer(alone.SerializeToString(), dtype=np.uint8)[-count * dtype.itemsize :].copy().view(dtype)


def encode_array(array: ArrayLike) -> Float64Array:
    """Return the message of an array of any shape.

    Examples
    --------
    >>> encode_array([[1.0, 2.0], [3.0, 4.0]]).shape
    [2, 2]
    """
    message = Float64Array()
    fill_array(message, array)
    return message


def fill_array(message: Float64Array, array: ArrayLike) -> None:
    """Fill an empty array message that is part of a larger one.

    Giving a finished message to a parent's field copies it element by element, which takes five times as long for a
    million numbers as this does.

    Examples
    --------
    >>> from riskwave.v1.indicator_service_pb2 import InlineBars
    >>> bars = InlineBars()
    >>> fill_array(bars.close, [18.63, 18.45])
    >>> bars.close.values, bars.close.shape
    ([18.63, 18.45], [2])
    """
    numbers = np.asarray(array, dtype=np.float64)
    message.shape.extend(numbers.shape)
    fill(message, "values", numbers)


def decode_array(message: Float64Array, field: str) -> NDArray[np.float64]:
    """Return the array of a message: float64, row-major, writable, of its own.

    Parameters
    ----------
    message
        The message.
    field
        The path by which an error names it.

    Raises
    ------
    CodecError
        For a negative axis, or a shape that the values don't fill. Checked before anything is allocated.

    Examples
    --------
    >>> decode_array(Float64Array(values=[1.0, 2.0, 3.0, 4.0], shape=[2, 2]), "bars.close")
    array([[1., 2.],
           [3., 4.]])
    """
    shape = tuple(message.shape)
    count = len(message.values)
    if shape and (min(shape) < 0 or math.prod(shape) != count):
        raise CodecError(f"{field}.shape", list(shape), f"axes whose product is the number of values, {count}")
    numbers = read(message, "values")
    return numbers.reshape(shape) if shape else numbers


def decode_named_arrays(messages: Sequence[NamedArray], field: str) -> dict[str, NDArray[np.float64]]:
    """Return the arrays by name, in the messages' order. Raises `CodecError` as `decode_array` does."""
    return {message.name: decode_array(message.array, f"{field}.{message.name}") for message in messages}


def _encode_value(value: object) -> ParameterValue:
    if isinstance(value, bool | np.bool_):
        return ParameterValue(bool_value=bool(value))
    if isinstance(value, int | np.integer):
        return ParameterValue(int_value=int(value))
    if isinstance(value, float | np.floating):
        return ParameterValue(double_value=float(value))
    if isinstance(value, str):
        return ParameterValue(string_value=value)
    raise TypeError(f"a parameter is a number, a text or a truth value, not {type(value).__name__}")


def encode_params(params: Mapping[str, object]) -> dict[str, ParameterValues]:
    """Return parameters as the contract's map; a list, tuple, range or array becomes a sweep.

    Raises
    ------
    TypeError
        For a value that is neither a number, a text, a truth value nor a sequence of them.

    Examples
    --------
    >>> [value.int_value for value in encode_params({"timeperiod": [7, 14]})["timeperiod"].values]
    [7, 14]
    """
    encoded = {}
    for name, given in params.items():
        sweep = isinstance(given, list | tuple | range | np.ndarray)
        values: Sequence[object] = list(given) if isinstance(given, list | tuple | range | np.ndarray) else [given]
        encoded[name] = ParameterValues(values=[_encode_value(value) for value in values], sweep=sweep)
    return encoded


def decode_params(messages: Mapping[str, ParameterValues], field: str = "params") -> dict[str, Scalar | list[Scalar]]:
    """Return parameters by name: a value, or a list of values for a sweep.

    Raises
    ------
    CodecError
        For a parameter without values, or a value without a kind.

    Examples
    --------
    >>> decode_params(encode_params({"timeperiod": 14, "matype": "EMA"}))
    {'timeperiod': 14, 'matype': 'EMA'}
    """
    decoded: dict[str, Scalar | list[Scalar]] = {}
    for name, message in messages.items():
        values: list[Scalar] = []
        for value in message.values:
            kind = value.WhichOneof("value")
            if kind is None:
                raise CodecError(f"{field}.{name}", "unset", "an int_value, double_value, string_value or bool_value")
            values.append(getattr(value, kind))
        if not values:
            raise CodecError(f"{field}.{name}", "empty", "one value or more")
        decoded[name] = values if message.sweep or len(values) > 1 else values[0]
    return decoded

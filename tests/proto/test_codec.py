"""The codec writes what protobuf itself would write, reads it back to the bit, and is the only way arrays are built."""

import ast
import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from riskwave.v1 import (
    array_pb2,
    codec,
    estimate_pb2,
    indicator_service_pb2,
    job_service_pb2,
    market_data_service_pb2,
    portfolio_pb2,
    risk_service_pb2,
    simulation_pb2,
    simulation_service_pb2,
)

ROOT = Path(__file__).parents[2]
MODULES = [
    array_pb2,
    estimate_pb2,
    indicator_service_pb2,
    job_service_pb2,
    market_data_service_pb2,
    portfolio_pb2,
    risk_service_pb2,
    simulation_pb2,
    simulation_service_pb2,
]
# Lists with one entry an asset, a level or a bin: short by nature, and readable when written as lists.
SHORT = {
    "edges", "weights", "mean", "probabilities", "tail_probabilities", "return_thresholds", "spots", "asset_returns",
    "contributions", "open", "high", "low", "close", "volume",
}  # fmt: skip


@pytest.mark.parametrize("array", [[], [1.5], [[1.0, 2.0, 3.0], [4.0, np.nan, -np.inf]], np.zeros((2, 0, 3)), 3.25])
def test_encoding_equals_the_element_wise_message(array: object) -> None:
    numbers = np.asarray(array, dtype=np.float64)
    plain = array_pb2.Float64Array(values=numbers.ravel().tolist(), shape=numbers.shape)
    assert codec.encode_array(numbers).SerializeToString() == plain.SerializeToString()


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5)))
def test_round_trip_keeps_every_bit_and_the_shape(array: np.ndarray) -> None:
    message = array_pb2.Float64Array.FromString(codec.encode_array(array).SerializeToString())
    decoded = codec.decode_array(message, "array")
    assert decoded.shape == array.shape
    assert decoded.tobytes() == array.tobytes()
    assert decoded.flags.c_contiguous
    assert decoded.flags.writeable
    assert decoded.flags.aligned


def test_portable_reader_agrees_with_the_fast_one() -> None:
    message = codec.encode_array(np.linspace(-1.0, 1.0, 1001))
    field, dtype = codec._bulk_field(message, "values")
    assert codec._read_portably(message, field, dtype).tobytes() == codec.read(message, "values").tobytes()
    assert codec._read_portably(array_pb2.Float64Array(), field, dtype).size == 0


def test_a_packed_field_in_two_records_is_read_whole() -> None:
    message = array_pb2.Float64Array()
    codec.fill(message, "values", [1.0, 2.0])
    codec.fill(message, "values", [3.0])
    assert codec.decode_array(message, "array").tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "array", [np.arange(6.0)[::2], np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.arange(3), np.float32([0.5])]
)
def test_strided_transposed_and_other_types_are_taken_by_value(array: np.ndarray) -> None:
    decoded = codec.decode_array(codec.encode_array(array), "array")
    np.testing.assert_array_equal(decoded, array)


def test_times_are_nanoseconds() -> None:
    series = market_data_service_pb2.PriceSeries()
    codec.fill(series, "times", np.array(["1970-01-01", "2020-04-20"], dtype="datetime64[D]"))
    assert list(series.times) == [0, 1_587_340_800_000_000_000]
    assert codec.read(series, "times").dtype == np.int64


@pytest.mark.parametrize("shape", [[2, 2], [-1, -3], [3, -1], [2**62, 2**62]])
def test_a_shape_that_the_values_do_not_fill_is_refused(shape: list[int]) -> None:
    message = array_pb2.Float64Array(values=[1.0, 2.0, 3.0], shape=shape)
    with pytest.raises(codec.CodecError) as refused:
        codec.decode_array(message, "bars.close")
    assert refused.value.field == "bars.close.shape"
    assert "3" in refused.value.allowed


def test_parameters_round_trip() -> None:
    given_params = {"timeperiod": 14, "nbdevup": 2.0, "matype": "EMA", "robust": True, "windows": [7, 14], "one": [5]}
    decoded = codec.decode_params(codec.encode_params(given_params))
    assert decoded == given_params
    assert {name: type(value) for name, value in decoded.items()} == {k: type(v) for k, v in given_params.items()}


def test_numpy_scalars_are_parameters_too() -> None:
    decoded = codec.decode_params(codec.encode_params({"a": np.int64(3), "b": np.float64(0.5), "c": np.bool_(True)}))
    assert decoded == {"a": 3, "b": 0.5, "c": True}


def test_what_is_no_parameter_is_refused() -> None:
    with pytest.raises(TypeError, match="dict"):
        codec.encode_params({"timeperiod": {}})


@pytest.mark.parametrize("message", [codec.ParameterValues(), codec.ParameterValues(values=[codec.ParameterValue()])])
def test_unset_parameters_are_refused(message: codec.ParameterValues) -> None:
    with pytest.raises(codec.CodecError, match=r"params\.timeperiod"):
        codec.decode_params({"timeperiod": message})


@given(st.binary(max_size=200))
def test_any_bytes_either_decode_or_raise_a_typed_error(data: bytes) -> None:
    with contextlib.suppress(DecodeError, codec.CodecError):
        codec.decode_array(array_pb2.Float64Array.FromString(data), "array")


def bulk_fields() -> set[str]:
    """Names of the repeated double and sfixed64 fields that can be long."""
    names = set()
    for module in MODULES:
        for message in module.DESCRIPTOR.message_types_by_name.values():
            for field in message.fields:
                if field.is_repeated and field.type in {FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_SFIXED64}:
                    names.add(field.name)
    return names - SHORT


def element_wise_builds(tree: ast.AST, names: set[str]) -> Iterator[int]:
    """Lines that append to such a field one element at a time, or pass it to a message's constructor."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in {"extend", "append"}:
            owner = node.func.value
            if isinstance(owner, ast.Attribute) and owner.attr in names:
                yield node.lineno
        # Through the module that generated it; a class of ours may have the message's name.
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if isinstance(node.func, ast.Name) and node.func.id == "Float64Array":
            called = node.func.id
        if called in {"Float64Array", "PriceSeries", "ImportSeries", "InlineBars", "InlineReturns", "PortfolioReport"}:
            yield from (node.lineno for keyword in node.keywords if keyword.arg in names)


def test_the_scan_sees_an_element_wise_build() -> None:
    code = "message.values.extend(array)\nFloat64Array(values=array)\npb.PriceSeries(times=t)\nother.rows.extend(x)"
    assert list(element_wise_builds(ast.parse(code), bulk_fields())) == [1, 2, 3]


def test_no_array_is_built_element_by_element() -> None:
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = bulk_fields()
    assert "values" in names
    found = [
        f"{path}:{line}"
        for path in listed.split()
        if not path.startswith(("tests/", "benchmarks/")) and "_pb2" not in path and (ROOT / path).exists()
        if "_pb2" in (ROOT / path).read_text()
        for line in element_wise_builds(ast.parse((ROOT / path).read_text()), names)
        if path != "proto/riskwave/v1/codec.py"
    ]
    assert found == [], "use riskwave.v1.codec: element by element costs 60 times more"

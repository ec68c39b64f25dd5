"""Panels large enough that several threads share them: the numbers, warnings and refusals of one computation."""

import grpc
import numpy as np
import pytest

from riskwave.compute import oscillators
from riskwave.server.indicator_tiles import THREADS_VALUES_MIN
from riskwave.v1 import indicator_service_pb2 as pb
from riskwave.v1 import indicator_service_pb2_grpc
from riskwave.v1.codec import decode_named_arrays, encode_array, encode_params

CLOSE = 100 + np.random.default_rng(3).normal(size=(6_000, 30)).cumsum(axis=0)
WINDOWS = [5, 9, 14, 20, 27, 50]
assert CLOSE.size * len(WINDOWS) >= THREADS_VALUES_MIN


@pytest.fixture(scope="module")
def stub(start_server, connect):
    with start_server(server={"port": 0, "compute_threads": 2}) as thread, connect(thread) as channel:
        yield indicator_service_pb2_grpc.IndicatorServiceStub(channel)


def request(close=CLOSE, calls=(("RSI", WINDOWS),), **fields):
    bars = pb.InlineBars(close=encode_array(close))
    made = [pb.IndicatorCall(name=name, params=encode_params({"timeperiod": windows})) for name, windows in calls]
    return pb.ComputeIndicatorsRequest(bars=bars, calls=made, **fields)


def own_warnings(answer):
    """Whether kernels were compiled before is not what is tested here."""
    return [warning.message for warning in answer.meta.warnings if warning.code != "KERNEL_COMPILED"]


@pytest.mark.parametrize("reducer", ["", "last", "crossings", "rank"])
def test_columns_shared_by_threads_give_the_bits_of_one(stub, reducer) -> None:
    number = pb.Reducer.Value(f"REDUCER_{reducer.upper()}") if reducer else pb.REDUCER_UNSPECIFIED
    answer = stub.ComputeIndicators(request(reducer=number))
    direct = oscillators.compute("RSI", {"close": CLOSE}, {"timeperiod": WINDOWS}, reducer=reducer or None)
    outputs = decode_named_arrays(answer.results[0].outputs, "outputs")
    np.testing.assert_array_equal(outputs["real"], direct.outputs["real"])
    assert list(answer.results[0].lookback_bars) == direct.lookback.tolist()
    assert not own_warnings(answer)


@pytest.mark.parametrize("reducer", ["", "last"])
def test_windows_of_one_series_are_shared_too(stub, reducer, monkeypatch) -> None:
    close, windows = CLOSE[:, 0], list(range(2, 202))
    assert close.size * len(windows) >= THREADS_VALUES_MIN
    parts = []
    compute = oscillators.SharedWindows.compute
    monkeypatch.setattr(oscillators.SharedWindows, "compute", lambda *a: (parts.append(a[1]), compute(*a)))
    number = pb.REDUCER_LAST if reducer else pb.REDUCER_UNSPECIFIED
    answer = stub.ComputeIndicators(request(close, [("RSI", windows)], reducer=number))
    assert len(parts) > 2
    assert sum(map(len, parts)) == len(windows)
    monkeypatch.undo()
    direct = oscillators.compute("RSI", {"close": close}, {"timeperiod": windows}, reducer=reducer or None)
    outputs = decode_named_arrays(answer.results[0].outputs, "outputs")
    np.testing.assert_array_equal(outputs["real"], direct.outputs["real"])
    assert list(answer.results[0].lookback_bars) == direct.lookback.tolist()


def test_calls_side_by_side_come_back_in_their_order(stub) -> None:
    calls = [("MOM", 3), ("RSI", WINDOWS), ("CMO", 9), ("ROC", [4, 8])]
    answer = stub.ComputeIndicators(request(calls=calls))
    assert [result.name for result in answer.results] == [name for name, _windows in calls]
    for result, (name, windows) in zip(answer.results, calls, strict=True):
        direct = oscillators.compute(name, {"close": CLOSE}, {"timeperiod": windows}).outputs["real"]
        np.testing.assert_array_equal(decode_named_arrays(result.outputs, "outputs")["real"], direct)


def test_gaps_in_some_columns_are_counted_over_all(stub) -> None:
    close = CLOSE.copy()
    close[100, 2] = close[200:205, 28] = np.nan
    answer = stub.ComputeIndicators(request(close))
    direct = oscillators.compute("RSI", {"close": close}, {"timeperiod": WINDOWS})
    assert own_warnings(answer) == list(direct.warnings)
    outputs = decode_named_arrays(answer.results[0].outputs, "outputs")
    np.testing.assert_array_equal(outputs["real"], direct.outputs["real"])


def test_a_strict_policy_names_the_first_gap_of_all(stub) -> None:
    close = CLOSE.copy()
    close[100, 28] = close[200, 2] = np.nan
    with pytest.raises(grpc.RpcError) as refusal:
        stub.ComputeIndicators(request(close, gap_policy=pb.GAP_POLICY_STRICT))
    assert refusal.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "100" in refusal.value.details()


def test_what_all_calls_return_together_has_to_fit(stub) -> None:
    with pytest.raises(grpc.RpcError) as refusal:
        stub.ComputeIndicators(request(calls=[("RSI", WINDOWS), ("MOM", WINDOWS)]))
    assert "calls[1]" in refusal.value.details()

"""StreamIndicators over a real socket, by the generated stub."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest

from riskwave.compute import oscillators
from riskwave.server.services import indicator_stream
from riskwave.v1 import indicator_service_pb2 as pb
from riskwave.v1 import indicator_service_pb2_grpc
from riskwave.v1.codec import decode_array, encode_params

CLOSE = 70.0 + np.cumsum(np.random.default_rng(3).normal(size=(80, 4)), axis=0)
Message = pb.StreamIndicatorsRequest

# The first call of an indicator waits for its kernels, which may have to be compiled.
pytestmark = pytest.mark.timeout(600)


class Talk:
    """One stream: send a message, read its answer."""

    def __init__(self, stub: Any, **options: Any) -> None:
        self._sent: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self.call = stub.StreamIndicators(iter(self._sent.get, None), **options)

    def ask(self, **action: Any) -> pb.StreamIndicatorsResponse:
        self._sent.put(Message(**action))
        return next(self.call)

    def values(self, **action: Any) -> np.ndarray:
        return decode_array(self.ask(**action).values.values, "values")

    def end(self) -> None:
        self._sent.put(None)
        assert list(self.call) == []


@pytest.fixture
def stub(channel: grpc.Channel) -> Any:
    return indicator_service_pb2_grpc.IndicatorServiceStub(channel)


@pytest.fixture
def talk(stub: Any) -> Iterator[Talk]:
    one = Talk(stub, timeout=400)
    yield one
    one.call.cancel()


def opening(name: str = "RSI", symbols: int = 4, **options: Any) -> pb.OpenIndicatorStream:
    params = encode_params(options.pop("params", {"timeperiod": 5}))
    return pb.OpenIndicatorStream(call=pb.IndicatorCall(name=name, params=params), symbol_count=symbols, **options)


def frame(row: int) -> pb.BarFrame:
    return pb.BarFrame(close=CLOSE[row])


def test_a_stream_has_the_bits_of_the_batch(talk: Talk) -> None:
    opened = talk.ask(open=opening()).opened
    assert (opened.name, opened.symbol_count, opened.lookback_bars, opened.bar_count) == ("RSI", 4, 5, 0)
    assert (list(opened.outputs), opened.params["timeperiod"].values[0].int_value) == (["real"], 5)
    assert opened.meta.kernel == "oscillators.RSI"
    assert len(opened.meta.correlation_id) == 24
    batch = oscillators.compute("RSI", {"close": CLOSE}, {"timeperiod": 5}).outputs["real"]
    for row, expected in enumerate(batch):
        np.testing.assert_array_equal(talk.values(peek=frame(row))[0], expected)
        answer = talk.ask(update=frame(row)).values
        assert answer.bar_count == row + 1
        np.testing.assert_array_equal(decode_array(answer.values, "values")[0], expected)
    talk.end()


def test_every_action(talk: Talk, stub: Any) -> None:
    talk.ask(open=opening())
    for row in range(20):
        talk.ask(update=frame(row))
    talk.ask(update=frame(70))
    replaced = talk.values(replace_last=frame(20))
    skipped = talk.ask(skip=pb.SkipBars(bar_count=3)).values
    assert skipped.bar_count == 24
    assert np.isnan(decode_array(skipped.values, "values")).all()
    saved = talk.ask(snapshot=pb.SnapshotIndicatorStream()).snapshot
    assert saved.bar_count == 24
    here = talk.values(update=frame(21))
    again = Talk(stub, timeout=60)
    assert again.ask(open=pb.OpenIndicatorStream(snapshot=saved.state)).opened.bar_count == 24
    np.testing.assert_array_equal(again.values(update=frame(21)), here)
    batch = oscillators.compute("RSI", {"close": CLOSE[:22]}, {"timeperiod": 5}).outputs["real"]
    np.testing.assert_array_equal(np.concatenate([replaced, here]), batch[20:])
    # The bytes are those of the kernels' own streams: any process goes on from them.
    local = oscillators.restore_stream(saved.state)
    np.testing.assert_array_equal(local.update({"close": CLOSE[21]})["real"], here[0])


@pytest.mark.parametrize("name", [entry.name for entry in oscillators.OSCILLATORS if not entry.looks_ahead][::9])
def test_streams_of_any_indicator(talk: Talk, name: str) -> None:
    entry = oscillators.OSCILLATORS.get(name)
    assert list(talk.ask(open=opening(name, params={})).opened.outputs) == list(entry.outputs)
    bars = {"open": CLOSE, "high": CLOSE + 1, "low": CLOSE - 1, "close": CLOSE, "volume": np.abs(CLOSE)}
    local = oscillators.open_stream(name, symbols=4)
    for row in range(30):
        bar = {field: bars[field][row] for field in entry.inputs}
        values = talk.values(update=pb.BarFrame(**bar))
        np.testing.assert_array_equal(values, list(local.update(bar).values()))


@pytest.mark.parametrize(
    ("request_", "reason", "field"),
    [
        (opening("RSY"), "UNKNOWN_NAME", "open.call.name"),
        (opening(params={"timeperiod": 1}), "FIELD_INVALID", "open.call.params.timeperiod"),
        (opening(params={"timeperiod": [2, 3]}), "FIELD_INVALID", "open.call.params.timeperiod"),
        (opening(params={"period": 3}), "UNKNOWN_NAME", "open.call.params"),
        (opening(symbols=-1), "FIELD_INVALID", "open.symbol_count"),
        (opening(symbols=100_000), "REQUEST_TOO_LARGE", "open.symbol_count"),
        (opening("MOM", 10_000, params={"timeperiod": 5_000}), "REQUEST_TOO_LARGE", "open.symbol_count"),
        (opening(gap_policy=77), "FIELD_INVALID", "open.gap_policy"),
        (opening(gap_policy=pb.GAP_POLICY_TAINT, max_gap_bars=1), "FIELD_INVALID", "open.max_gap_bars"),
        (opening(convention="ralib"), "UNKNOWN_NAME", "open.convention"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_opened(
    stub: Any, refused: Any, request_: pb.OpenIndicatorStream, reason: str, field: str
) -> None:
    refusal = refused(stub.StreamIndicators, iter([Message(open=request_)]))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
    assert list(refusal.violations) == [field]


@pytest.mark.parametrize(
    ("message", "reason", "field"),
    [
        (Message(update=pb.BarFrame(close=CLOSE[0, :3])), "SHAPE_MISMATCH", "update.close"),
        (Message(peek=pb.BarFrame()), "FIELD_INVALID", "peek.close"),
        (Message(replace_last=pb.BarFrame(close=CLOSE[0], volume=CLOSE[0])), "FIELD_INVALID", "replace_last.volume"),
        (Message(update=pb.BarFrame(close=[1.0, np.nan, 2.0, 3.0])), "NOT_FINITE", "update.close"),
        (Message(replace_last=pb.BarFrame(close=CLOSE[0])), "FIELD_INVALID", "replace_last"),
        (Message(skip=pb.SkipBars(bar_count=2)), "FIELD_INVALID", "skip.bar_count"),
        (Message(open=opening()), "FIELD_INVALID", "action"),
        (Message(), "FIELD_INVALID", "action"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_message_names_its_field(stub: Any, refused: Any, message: Message, reason: str, field: str) -> None:
    first = Message(open=opening(gap_policy=pb.GAP_POLICY_STRICT))
    refusal = refused(stub.StreamIndicators, iter([first, message]))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
    assert list(refusal.violations) == [field]
    assert '"RSI"' in refusal.metadata["parameters"]


def test_the_first_message_opens(stub: Any, refused: Any) -> None:
    refusal = refused(stub.StreamIndicators, iter([Message(update=frame(0))]))
    assert (refusal.reason, list(refusal.violations)) == ("FIELD_INVALID", ["open"])
    assert list(stub.StreamIndicators(iter([]), timeout=20)) == []


def test_a_wrong_snapshot_says_why(stub: Any, refused: Any) -> None:
    saved = oscillators.open_stream("RSI", {"timeperiod": 5}, symbols=4).snapshot()
    altered = bytearray(saved)
    altered[60] ^= 1
    for request, why in (
        (pb.OpenIndicatorStream(snapshot=bytes(altered)), "checksum"),
        (pb.OpenIndicatorStream(snapshot=saved[:-9]), "checksum"),
        (pb.OpenIndicatorStream(snapshot=b"RWS"), "cut short"),
        (opening("EMA", snapshot=saved), "of indicator RSI"),
        (opening(params={"timeperiod": 6}, snapshot=saved), "parameters"),
        (opening(symbols=3, snapshot=saved), "symbols"),
        (opening(gap_policy=pb.GAP_POLICY_TAINT, snapshot=saved), "gap_policy"),
        (opening(convention="tradingview", snapshot=saved), "convention"),
    ):
        refusal = refused(stub.StreamIndicators, iter([Message(open=request)]))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "SNAPSHOT_INVALID")
        assert list(refusal.violations) == ["open.snapshot"]
        assert why in refusal.message
    assert list(stub.StreamIndicators(iter([Message(open=opening(snapshot=saved))]), timeout=20))


def test_pipelined_messages_are_answered_in_order(stub: Any) -> None:
    messages = [Message(open=opening())] + [Message(update=frame(row)) for row in range(80)]
    _, *answers = stub.StreamIndicators(iter(messages), timeout=60)
    assert [answer.values.bar_count for answer in answers] == list(range(1, 81))
    live = np.array([decode_array(answer.values.values, "values")[0] for answer in answers])
    np.testing.assert_array_equal(live, oscillators.compute("RSI", {"close": CLOSE}, {"timeperiod": 5}).outputs["real"])


def test_in_a_thread_it_is_the_same(stub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indicator_stream, "INLINE_COST_MAX", 0)
    monkeypatch.setattr(indicator_stream, "INLINE_SNAPSHOT_BYTES", 0)
    test_pipelined_messages_are_answered_in_order(stub)
    test_every_action(Talk(stub, timeout=60), stub)


def test_limits_of_a_server(start_server: Any, refused: Any) -> None:
    limits = {"streams": 1, "stream_idle_s": 0.3, "stream_symbols": 4}
    deadlines = {"default_deadline_s": 0.1, "deadline_max_s": 0.1}
    with (
        start_server(limits=limits, server=deadlines) as thread,
        grpc.insecure_channel(thread.server.address) as channel,
    ):
        stub = indicator_service_pb2_grpc.IndicatorServiceStub(channel)
        one = Talk(stub)
        one.ask(open=opening())
        refusal = refused(stub.StreamIndicators, iter([Message(open=opening())]), timeout=None)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "SERVER_OVERLOADED")
        for row in range(4):  # beyond the deadline of calls that end
            time.sleep(0.1)
            one.ask(update=frame(row))
        with pytest.raises(grpc.RpcError) as caught:
            next(one.call)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert "0.3 s" in str(caught.value.details())
        refusal = refused(stub.StreamIndicators, iter([Message(open=opening(symbols=5))]), timeout=None)
        assert refusal.reason == "REQUEST_TOO_LARGE"


def test_a_stream_ends_when_the_server_stops(start_server: Any, refusal_of: Any) -> None:
    with start_server() as thread:
        channel = grpc.insecure_channel(thread.server.address)
        one = Talk(indicator_service_pb2_grpc.IndicatorServiceStub(channel))
        one.ask(open=opening())
        begin = time.monotonic()
    with pytest.raises(grpc.RpcError) as caught, channel:
        next(one.call)
    assert time.monotonic() - begin < 0.9, "it did not wait for the grace period to end"
    assert (refusal_of(caught.value).code, refusal_of(caught.value).reason) == (
        grpc.StatusCode.UNAVAILABLE,
        "SHUTTING_DOWN",
    )


def test_a_caller_that_leaves_frees_its_place(start_server: Any) -> None:
    with start_server(limits={"streams": 1}) as thread, grpc.insecure_channel(thread.server.address) as channel:
        stub = indicator_service_pb2_grpc.IndicatorServiceStub(channel)
        for _ in range(3):
            one = Talk(stub)
            one.ask(open=opening())
            one.call.cancel()
            time.sleep(0.1)


def test_listed_indicators_stream(stub: Any) -> None:
    listed = stub.ListIndicators(pb.ListIndicatorsRequest()).indicators
    assert {spec.name for spec in listed if spec.streams} == {
        entry.name for entry in oscillators.OSCILLATORS if not entry.looks_ahead
    }

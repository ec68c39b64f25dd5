"""Streams of indicators that outlive connections and servers: no bar is lost, and none is counted twice."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest

import riskwave as rw
from riskwave import _indicator_stream as module
from riskwave import _methods as methods
from riskwave.v1 import indicator_service_pb2 as pb
from riskwave.v1.codec import encode_array

CLOSE = 60.0 + np.cumsum(np.random.default_rng(21).normal(size=(90, 3)), axis=0)


class Totals:
    """A server whose indicator is the running total of the closes; fails where the test says so.

    `failures` has, for the n-th message that it ever gets, the status with which the stream ends before an answer.
    """

    def __init__(self) -> None:
        self.failures: dict[int, grpc.StatusCode] = {}
        self.kinds: list[str] = []

    def __call__(self, requests: Any, context: Any) -> Iterator[pb.StreamIndicatorsResponse]:
        total, count, before = 0.0, 0, (0.0, 0)
        for request in requests:
            kind = request.WhichOneof("action")
            self.kinds.append(kind)
            failure = self.failures.pop(len(self.kinds), None)
            if failure is not None:
                context.abort(failure, "as told")
            answer = pb.StreamIndicatorsResponse()
            if kind == "open":
                if request.open.snapshot:
                    total, count, *rest = np.frombuffer(request.open.snapshot).tolist()
                    before = (rest[0], rest[1])
                answer.opened.outputs.append("real")
                answer.opened.bar_count = int(count)
            elif kind == "snapshot":
                answer.snapshot.state = np.array([total, count, *before]).tobytes()
            else:
                if kind == "replace_last":
                    total, count = before
                state = total, count
                total = total + (0.0 if kind == "skip" else getattr(request, kind).close[0])
                count = count + (request.skip.bar_count if kind == "skip" else 1)
                answer.values.values.CopyFrom(encode_array([[total]]))
                if kind == "peek":
                    total, count = state
                else:
                    before = state
                answer.values.bar_count = int(count)
            yield answer


@pytest.fixture
def totals(scripted: Any, monkeypatch: pytest.MonkeyPatch) -> Totals:
    monkeypatch.setattr(module, "FIRST_DELAY_S", 0.01)
    server = Totals()
    scripted.on(methods.STREAM_INDICATORS, server)
    return server


def course(stream: Any) -> Iterator[Any]:
    """What a caller does; each is yielded so that a loop may await it. The totals must be those of `EXPECTED`."""
    yield stream.update(close=1.0)
    yield stream.update(close=2.0)
    yield stream.update(close=50.0)
    yield stream.replace_last(close=4.0)
    yield stream.peek(close=100.0)
    yield stream.skip(2)
    yield stream.update(close=8.0)
    yield stream.replace_last(close=16.0)
    yield stream.update(close=32.0)


EXPECTED = [1.0, 3.0, 53.0, 7.0, 107.0, None, 15.0, 23.0, 55.0]


@pytest.mark.parametrize("failing", range(1, 16))
def test_a_stream_goes_on_wherever_it_breaks(totals: Totals, client: rw.Client, failing: int) -> None:
    totals.failures = {failing: grpc.StatusCode.UNAVAILABLE, failing + 3: grpc.StatusCode.DEADLINE_EXCEEDED}
    with client.indicators.open("SUM", snapshot_every=2) as stream:
        values = [one and one["real"] for one in course(stream)]
        assert stream.bars == 7
        assert values == EXPECTED


def test_an_asyncio_stream_goes_on_too(totals: Totals, scripted: Any) -> None:
    totals.failures = dict.fromkeys((1, 4, 6, 9, 15, 20), grpc.StatusCode.UNAVAILABLE)

    async def converse() -> list[Any]:
        async with rw.connect_async(scripted.address) as client, client.indicators.open("SUM", snapshot_every=3) as one:
            return [value and value["real"] for value in [await step for step in course(one)]]

    assert asyncio.run(converse()) == EXPECTED


def test_it_gives_up_after_its_attempts_and_may_go_on_later(totals: Totals, client: rw.Client) -> None:
    stream = client.indicators.open("SUM", reconnect_attempts=2)
    stream.update(close=1.0)
    totals.failures = dict.fromkeys((3, 4, 5), grpc.StatusCode.UNAVAILABLE)
    with pytest.raises(rw.UnavailableError):
        stream.update(close=2.0)
    assert totals.kinds == ["open", "update", "update", "open", "open"]
    assert stream.update(close=4.0) == {"real": 5.0}
    stream.close()
    with pytest.raises(rw.InvalidRequestError, match="closed"):
        stream.update(close=1.0)


def test_a_refused_bar_leaves_the_stream_as_it_was(totals: Totals, client: rw.Client) -> None:
    with client.indicators.open("SUM") as stream:
        stream.update(close=1.0)
        totals.failures = {3: grpc.StatusCode.INVALID_ARGUMENT}
        with pytest.raises(rw.InvalidRequestError):
            stream.update(close=2.0)
        assert stream.update(close=4.0) == {"real": 5.0}
    assert totals.kinds == ["open", "update", "update", "open", "update", "update"]


def test_only_what_came_since_the_snapshot_is_sent_again(totals: Totals, client: rw.Client) -> None:
    with client.indicators.open("SUM", snapshot_every=10) as stream:
        for _ in range(25):
            stream.update(close=1.0)
        sent = len(totals.kinds)
        totals.failures = {sent + 1: grpc.StatusCode.UNAVAILABLE}
        assert stream.update(close=1.0) == {"real": 26.0}
    assert totals.kinds[sent + 1 :] == ["open"] + ["update"] * 6
    assert totals.kinds.count("snapshot") == 2


def test_what_cannot_be_sent_says_why(client: rw.Client) -> None:
    for options in ({"symbols": 0}, {"snapshot_every": 0}, {"reconnect_attempts": -1}, {"max_gap_bars": 2**40}):
        with pytest.raises(rw.InvalidRequestError, match=next(iter(options))):
            client.indicators.open("RSI", **options)
    with pytest.raises(rw.InvalidRequestError, match="snapshot"):
        client.indicators.restore(b"")
    stream = client.indicators.open("RSI")
    for bar in ({"price": 1.0}, {"close": "much"}, {"close": [[1.0]]}):
        with pytest.raises(rw.InvalidRequestError, match=next(iter(bar))):
            stream.update(**bar)


def test_the_server_says_what_is_wrong_with_a_stream(server_process: Any) -> None:
    with rw.connect(server_process.address) as client:
        with client.indicators.open("RSI", timeperiod=3, symbols=3, gap_policy="strict") as stream:
            for close in CLOSE[:10]:
                stream.update(close=close)
            for bar, field in (
                ({"close": CLOSE[0, :2]}, "update.close"),
                ({"volume": CLOSE[0]}, "update.close"),
                ({"close": [1.0, 2.0, np.nan]}, "update.close"),
            ):
                with pytest.raises(rw.InvalidRequestError) as caught:
                    stream.update(**bar)
                assert caught.value.field_violations[0].field == field
            saved = stream.snapshot()
            assert stream.bars == 10
        altered = bytearray(saved)
        altered[len(altered) // 2] ^= 16
        with pytest.raises(rw.PreconditionError) as refused:
            client.indicators.restore(bytes(altered)).start()
        assert refused.value.reason == "SNAPSHOT_INVALID"
        with client.indicators.restore(saved) as again:
            assert (again.name, again.params, again.bars) == ("RSI", {"timeperiod": 3}, 10)


@pytest.mark.timeout(600)
def test_a_killed_server_costs_no_bit(server_process: Any, tmp_path: Any) -> None:
    """Both clients, mid-stream, while the only server is killed and another one starts in its place."""
    kind = type(server_process)
    server = kind(tmp_path)
    server.wait_until_serving()
    servers = [server]
    options: dict[str, Any] = {"timeperiod": 5, "symbols": 3, "snapshot_every": 7, "reconnect_attempts": 20}

    def start_again() -> None:
        servers.append(kind(tmp_path, port=server.port))

    async def run() -> tuple[list[Any], list[Any]]:
        blocking, awaiting = [], []
        with rw.connect(server.address) as client:
            expected = client.indicators.compute("RSI", close=CLOSE, timeperiod=5).outputs["real"]
            async with rw.connect_async(server.address) as other:
                with client.indicators.open("RSI", **options) as first:
                    async with other.indicators.open("RSI", **options) as second:
                        for row, close in enumerate(CLOSE):
                            if row == 40:
                                server.process.kill()
                                server.process.wait()
                                threading.Timer(0.5, start_again).start()
                            awaiting.append((await second.update(close=close))["real"])
                            blocking.append(first.update(close=close)["real"])
                        assert first.bars == second.bars == len(CLOSE)
        for values in (blocking, awaiting):
            np.testing.assert_array_equal(np.array(values).view(np.int64), expected.view(np.int64))
        return blocking, awaiting

    try:
        asyncio.run(run())
    finally:
        for one in servers:
            one.stop()
    assert len(servers) == 2

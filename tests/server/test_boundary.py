"""Every kind of call and every way to fail, over a real socket."""

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import grpc
import pytest
from structlog.testing import capture_logs

from riskwave.compute.errors import NotFiniteError, UnknownNameError
from riskwave.server.errors import CallError, FieldViolation, overloaded
from riskwave.v1 import (
    indicator_service_pb2,
    indicator_service_pb2_grpc,
    market_data_service_pb2,
    market_data_service_pb2_grpc,
    simulation_service_pb2,
    simulation_service_pb2_grpc,
)

SECRET = "password=hunter2"


class Scripted:
    """Does what the request's text says, in each of the four kinds."""

    def __init__(self, runtime: Any) -> None:
        self.runtime = runtime
        self.stopped = threading.Event()
        self.began = threading.Event()

    async def act(self, text: str, call: Any) -> None:
        if text == "defect":
            raise ValueError(SECRET)
        if text == "input":
            raise NotFiniteError("data.close", "nan at bar 3", "finite")
        if text == "unknown":
            raise UnknownNameError("name", "RSY", ["RSI", "MACD"])
        if text == "overload":
            raise overloaded("too much", 2.5)
        if text == "cancelled within":
            raise asyncio.CancelledError
        if text == "future cancelled":
            raise concurrent.futures.CancelledError
        if text == "huge":
            raise NotFiniteError("x" * 3000, "y" * 3000, "z" * 3000)
        if text == "not ASCII":
            violations = tuple(FieldViolation(f"row {row}", "é" * 50) for row in range(1000))
            raise CallError(
                grpc.StatusCode.INVALID_ARGUMENT,
                "ROWS_REJECTED",
                "é" * 5000,
                error_type="validation",
                violations=violations,
            )
        if text == "work":
            await self.runtime.pool.run(call, self.work, call)

    def work(self, call: Any) -> None:
        """Slices of a millisecond, until somebody says stop."""
        self.began.set()
        try:
            for _ in range(10_000):
                time.sleep(0.001)
                call.token.check()
        finally:
            self.stopped.set()

    async def list_indicators(self, request: Any, call: Any) -> Any:
        await self.act(request.group, call)
        return indicator_service_pb2.ListIndicatorsResponse(next_page_token=call.correlation_id)

    async def stream_indicators(self, requests: AsyncIterator[Any], call: Any) -> AsyncIterator[Any]:
        async for request in requests:
            await self.act(request.open.call.name, call)
            yield indicator_service_pb2.StreamIndicatorsResponse()

    async def import_prices(self, requests: AsyncIterator[Any], call: Any) -> Any:
        async for request in requests:
            await self.act(request.source, call)
        return market_data_service_pb2.ImportPricesResponse()

    async def stream_simulation(self, request: Any, call: Any) -> AsyncIterator[Any]:
        yield simulation_service_pb2.StreamSimulationResponse()
        await self.act(request.spec.model, call)
        yield simulation_service_pb2.StreamSimulationResponse(final=True)


SCRIPTS: list[Scripted] = []


def make_scripted(runtime: Any, _capabilities: Any) -> dict[str, object]:
    script = Scripted(runtime)
    SCRIPTS.append(script)
    names = ("IndicatorService", "MarketDataService", "SimulationService")
    return {f"riskwave.v1.{name}": script for name in names}


@pytest.fixture(scope="module")
def scripted(running_scripted: Any) -> Scripted:
    assert running_scripted.server.port
    return SCRIPTS[-1]


@pytest.fixture(scope="module")
def running_scripted(start_server: Any) -> Iterator[Any]:
    with start_server(make_scripted) as thread:
        yield thread


@pytest.fixture(scope="module")
def stubs(running_scripted: Any) -> Iterator[dict[str, Callable[..., Any]]]:
    with grpc.insecure_channel(running_scripted.server.address) as channel:
        yield make_calls(channel)


def make_calls(channel: grpc.Channel) -> dict[str, Callable[..., Any]]:
    """One call of each kind that takes the script's text."""
    indicators = indicator_service_pb2_grpc.IndicatorServiceStub(channel)
    prices = market_data_service_pb2_grpc.MarketDataServiceStub(channel)
    simulations = simulation_service_pb2_grpc.SimulationServiceStub(channel)
    spec = simulation_service_pb2.StreamSimulationRequest

    def stream_stream(text: str, **options: Any) -> Any:
        request = indicator_service_pb2.StreamIndicatorsRequest()
        request.open.call.name = text
        return indicators.StreamIndicators(iter([request]), **options)

    return {
        "unary_unary": lambda text, **options: indicators.ListIndicators(
            indicator_service_pb2.ListIndicatorsRequest(group=text), **options
        ),
        "unary_stream": lambda text, **options: simulations.StreamSimulation(spec(spec={"model": text}), **options),
        "stream_unary": lambda text, **options: prices.ImportPrices(
            iter([market_data_service_pb2.ImportPricesRequest(source=text)]), **options
        ),
        "stream_stream": stream_stream,
    }


KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")
ANSWERS = {
    "input": (grpc.StatusCode.INVALID_ARGUMENT, "NOT_FINITE"),
    "unknown": (grpc.StatusCode.INVALID_ARGUMENT, "UNKNOWN_NAME"),
    "overload": (grpc.StatusCode.RESOURCE_EXHAUSTED, "SERVER_OVERLOADED"),
    "defect": (grpc.StatusCode.INTERNAL, "INTERNAL"),
    "cancelled within": (grpc.StatusCode.UNAVAILABLE, "BACKEND_UNAVAILABLE"),
    "future cancelled": (grpc.StatusCode.UNAVAILABLE, "BACKEND_UNAVAILABLE"),
    "huge": (grpc.StatusCode.INVALID_ARGUMENT, "NOT_FINITE"),
    "not ASCII": (grpc.StatusCode.INVALID_ARGUMENT, "ROWS_REJECTED"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ANSWERS)
def test_every_failure_of_every_kind_is_answered(stubs: Any, refused: Any, kind: str, text: str) -> None:
    begin = time.perf_counter()
    refusal = refused(stubs[kind], text)
    assert time.perf_counter() - begin < 10
    assert (refusal.code, refusal.reason) == ANSWERS[text]
    assert SECRET not in str(refusal)
    assert "ValueError" not in str(refusal)
    assert refusal.metadata["endpoint"].startswith("riskwave.v1.")


@pytest.mark.parametrize("kind", KINDS)
def test_the_parts_of_a_refusal(stubs: Any, refused: Any, kind: str) -> None:
    refusal = refused(stubs[kind], "input")
    assert refusal.violations == {"data.close": "data.close was nan at bar 3; it must be finite"}
    assert refusal.message == refusal.violations["data.close"]
    assert refusal.metadata["value"] == "nan at bar 3"
    assert refusal.metadata["type"] == "validation"
    assert refusal.metadata["time"].endswith("+00:00")
    assert refused(stubs[kind], "overload").retry_after_s == 2.5
    assert "did you mean RSI?" in refused(stubs[kind], "unknown").message


@pytest.mark.parametrize("kind", KINDS)
def test_a_correlation_id_is_accepted_or_made(stubs: Any, refused: Any, kind: str) -> None:
    metadata = [("x-correlation-id", "Order_66-a")]
    assert refused(stubs[kind], "input", metadata=metadata).correlation_id == "Order_66-a"
    for forged in ("two words", "x" * 65, "", "a;b"):
        made = refused(stubs[kind], "input", metadata=[("x-correlation-id", forged)]).correlation_id
        assert len(made) == 24
        assert made != forged


def test_a_good_answer_carries_its_correlation_id(stubs: Any) -> None:
    metadata = (("x-correlation-id", "abc"),)
    running_call = stubs["unary_stream"]("", metadata=metadata)
    assert [answer.final for answer in running_call] == [False, True]
    assert dict(running_call.initial_metadata())["x-correlation-id"] == "abc"
    assert stubs["unary_unary"]("", metadata=metadata).next_page_token == "abc"


@pytest.mark.parametrize("kind", KINDS)
def test_the_callers_deadline_stops_the_work(stubs: Any, scripted: Scripted, kind: str) -> None:
    scripted.stopped.clear()
    begin = time.perf_counter()
    with pytest.raises(grpc.RpcError) as caught:
        answer = stubs[kind]("work", timeout=0.3)
        if hasattr(answer, "__next__"):
            list(answer)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert scripted.stopped.wait(10)
    assert time.perf_counter() - begin < 1


@pytest.mark.parametrize("kind", ["unary_stream", "stream_stream"])
def test_cancelling_stops_the_work(stubs: Any, scripted: Scripted, kind: str) -> None:
    scripted.stopped.clear()
    scripted.began.clear()
    running_call = stubs[kind]("work", timeout=10)
    assert scripted.began.wait(5)
    running_call.cancel()
    assert scripted.stopped.wait(10)


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_deadline_the_servers_own_ends_the_call(start_server: Any, refused: Any, kind: str) -> None:
    with start_server(make_scripted, server={"default_deadline_s": 0.2}) as thread:
        script = SCRIPTS[-1]
        with grpc.insecure_channel(thread.server.address) as channel:
            refusal = refused(make_calls(channel)[kind], "work", timeout=None)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED")
    assert "0.2 s" in refusal.message
    assert script.stopped.wait(10)


def test_a_deadline_longer_than_allowed_is_cut(start_server: Any, refused: Any) -> None:
    settings = {"default_deadline_s": 0.1, "deadline_max_s": 0.2}
    with (
        start_server(make_scripted, server=settings) as thread,
        grpc.insecure_channel(thread.server.address) as channel,
    ):
        refusal = refused(make_calls(channel)["unary_unary"], "work", timeout=100)
    assert refusal.reason == "DEADLINE_EXCEEDED"


def test_more_calls_than_allowed_are_refused_at_once(start_server: Any, refused: Any) -> None:
    with start_server(make_scripted, limits={"concurrent_calls": 1}) as thread:
        script = SCRIPTS[-1]
        with grpc.insecure_channel(thread.server.address) as channel:
            calls = make_calls(channel)
            running_call = calls["unary_stream"]("work", timeout=10)
            assert script.began.wait(5)
            begin = time.perf_counter()
            refusal = refused(calls["unary_unary"], "")
            assert time.perf_counter() - begin < 0.5
            assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "SERVER_OVERLOADED")
            assert refusal.retry_after_s == 0.5
            running_call.cancel()
            assert script.stopped.wait(10)
            calls["unary_unary"]("", timeout=5)


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("unary_unary", "/riskwave.v1.IndicatorService/ListIndicators"),
        ("unary_stream", "/riskwave.v1.SimulationService/StreamSimulation"),
        ("stream_unary", "/riskwave.v1.MarketDataService/ImportPrices"),
        ("stream_stream", "/riskwave.v1.IndicatorService/StreamIndicators"),
    ],
)
@pytest.mark.parametrize("size", [4, 2_000_000])
def test_bytes_that_are_no_message(running_scripted: Any, refused: Any, kind: str, method: str, size: int) -> None:
    with grpc.insecure_channel(running_scripted.server.address) as channel:
        call = getattr(channel, kind)(method)
        garbage = b"\xff" * size
        refusal = refused(call, iter([garbage]) if kind.startswith("stream") else garbage)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "MALFORMED_REQUEST")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_served_says_so(running_scripted: Any, refused: Any, kind: str) -> None:
    """A call of the contract without behaviour, and names that the contract has not."""
    with grpc.insecure_channel(running_scripted.server.address) as channel:
        for method in ("JobService/GetJob", "JobService/WatchJob", "IndicatorService/Nothing", "Nothing/AtAll"):
            call = getattr(channel, kind)(f"/riskwave.v1.{method}")
            refusal = refused(call, iter([b""]) if kind.startswith("stream") else b"")
            assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNIMPLEMENTED, "NOT_IMPLEMENTED")
            assert method in refusal.message


def test_every_call_leaves_one_line_with_all_its_parts(stubs: Any, refused: Any) -> None:
    with capture_logs() as lines:
        stubs["unary_unary"]("", metadata=[("x-correlation-id", "good")])
        refused(stubs["unary_unary"], "defect", metadata=[("x-correlation-id", "bad")])
        time.sleep(0.05)
    good, bad = (next(line for line in lines if line.get("correlation_id") == name) for name in ("good", "bad"))
    assert good["code"] == "OK"
    assert good["method"] == "riskwave.v1.IndicatorService/ListIndicators"
    assert {"duration_ms", "queue_ms", "compute_ms", "peer"} <= good.keys()
    assert bad["log_level"] == "error"
    assert {"error", "type", "method", "time", "correlation_id", "parameters", "details", "exc_info"} <= bad.keys()
    assert bad["parameters"] == '{"group": "defect"}'
    assert str(bad["exc_info"]) == SECRET


def test_a_traceback_reaches_callers_in_development_only(start_server: Any, refused: Any) -> None:
    for profile, detail, shown in (("development", True, True), ("test", True, False), ("development", False, False)):
        settings = {"profile": profile, "server": {"port": 0, "error_detail": detail}, "dask": {"mode": "off"}}
        settings |= {"logging": {"directory": None}, "store": {"url": "sqlite://"}}
        with start_server(make_scripted, **settings) as thread, grpc.insecure_channel(thread.server.address) as channel:
            refusal = refused(make_calls(channel)["unary_unary"], "defect")
        assert (SECRET in refusal.debug) is shown
        assert SECRET not in refusal.message


def test_a_message_above_the_limit_is_refused_by_grpc_itself(channel) -> None:
    # It never becomes a call of ours: no details, no id. Our client refuses it before it is sent.
    call = channel.unary_unary("/riskwave.v1.SystemService/GetStatistics")
    with pytest.raises(grpc.RpcError) as caught:
        call(b"\x00" * (16 * 1024 * 1024 + 1), timeout=20)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in caught.value.details()

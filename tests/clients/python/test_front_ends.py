"""What both front ends must do with calls, streams and conversations, over a real server."""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pandas as pd
import pytest

import riskwave as rw
from riskwave import _methods as methods
from riskwave.v1 import indicator_service_pb2 as indicators
from riskwave.v1 import job_service_pb2 as jobs
from riskwave.v1 import market_data_service_pb2 as market
from riskwave.v1 import portfolio_service_pb2 as portfolios
from riskwave.v1 import simulation_service_pb2 as simulations
from riskwave.v1.codec import encode_array


def three_pages(request: Any, context: Any) -> portfolios.ListPortfoliosResponse:
    del context
    page = int(request.page_token or 0)
    found = [portfolios.Portfolio(name=f"p{page}{i}") for i in range(2)]
    return portfolios.ListPortfoliosResponse(portfolios=found, next_page_token=str(page + 1) if page < 2 else "")


def endless(request: Any, context: grpc.ServicerContext) -> Iterator[market.WatchPricesResponse]:
    del request
    number = 0
    while context.is_active():
        number += 1
        message = market.WatchPricesResponse(sequence=number)
        if number % 2:
            message.update.symbol, message.update.price = "WTI", 70.0 + number
        else:
            message.heartbeat.SetInParent()
        yield message
        time.sleep(0.01)


def chunks(request: Any, context: Any) -> Iterator[simulations.StreamSimulationResponse]:
    del context
    paths = request.spec.paths
    first = simulations.StreamSimulationResponse()
    first.result.num_simulations = paths // 2
    yield first
    for offset in range(0, paths, paths // 4):
        piece = simulations.StreamSimulationResponse()
        chunk = piece.distribution_chunk
        chunk.name, chunk.offset, chunk.total_count = "returns", offset, paths
        chunk.values.CopyFrom(encode_array(np.arange(offset, offset + paths // 4, dtype=float)))
        yield piece
    last = simulations.StreamSimulationResponse(final=True)
    last.result.num_simulations = paths
    yield last


def mirror(requests: Any, context: Any) -> Iterator[indicators.StreamIndicatorsResponse]:
    """A stream whose one output is twice the close; its state is the last close."""
    last, count = np.zeros(1), 0
    for request in requests:
        answer = indicators.StreamIndicatorsResponse()
        kind = request.WhichOneof("action")
        if kind == "open":
            if request.open.call.name != "RSI" and not request.open.snapshot:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no such indicator")
            answer.opened.symbol_count = request.open.symbol_count
            answer.opened.outputs.append("real")
            answer.opened.lookback_bars = 14
            answer.opened.params["timeperiod"].values.add().int_value = 14
        elif kind == "snapshot":
            answer.snapshot.state = last.tobytes()
        elif kind == "skip":
            count += request.skip.bar_count
            answer.values.bar_count = count
        else:
            close = np.array(getattr(request, kind).close)
            answer.values.values.CopyFrom(encode_array((2 * close)[np.newaxis]))
            if kind != "peek":
                last, count = close, count + 1
            answer.values.bar_count = count
        yield answer


def test_pages_are_hidden(scripted: Any, client: rw.Client) -> None:
    scripted.on(methods.LIST_PORTFOLIOS, three_pages)
    expected = ["p00", "p01", "p10", "p11", "p20", "p21"]
    assert [one.name for one in client.portfolios.list()] == expected

    async def ask() -> list[str]:
        async with rw.connect_async(scripted.address) as awaiting:
            return [one.name for one in await awaiting.portfolios.list()]

    assert asyncio.run(ask()) == expected


def test_a_stream_skips_heartbeats_and_ends_when_closed(scripted: Any, client: rw.Client) -> None:
    scripted.on(methods.WATCH_PRICES, endless)
    with client.prices.watch("WTI") as updates:
        found = [next(updates) for _ in range(3)]
        assert [one.sequence for one in found] == [1, 3, 5]
        assert [one.price for one in found] == [71.0, 73.0, 75.0]
        assert not scripted.ended.is_set()
    assert scripted.ended.wait(5), "the server was not told"
    assert list(updates) == []


def test_an_abandoned_stream_ends(scripted: Any, client: rw.Client) -> None:
    scripted.on(methods.WATCH_PRICES, endless)
    updates = client.prices.watch("WTI")
    next(updates)
    del updates
    assert scripted.ended.wait(5), "the server was not told"


def test_a_stream_may_be_closed_by_another_thread(scripted: Any, client: rw.Client) -> None:
    scripted.on(methods.WATCH_PRICES, lambda request, context: threading.Event().wait(3) or iter(()))  # noqa: ARG005
    updates = client.prices.watch("WTI")
    threading.Timer(0.1, updates.close).start()
    begin = time.monotonic()
    assert list(updates) == []
    assert time.monotonic() - begin < 2


def test_an_asyncio_stream_does_the_same(scripted: Any) -> None:
    scripted.on(methods.WATCH_PRICES, endless)

    async def read() -> list[int]:
        async with rw.connect_async(scripted.address) as client:
            found = []
            async with client.prices.watch("WTI") as updates:
                async for update in updates:
                    found.append(update.sequence)
                    if len(found) == 3:
                        break
            assert await asyncio.to_thread(scripted.ended.wait, 5)
            assert [one async for one in updates] == []
            return found

    assert asyncio.run(read()) == [1, 3, 5]


def test_a_cancelled_task_ends_its_call(scripted: Any) -> None:
    scripted.on(methods.GET_PORTFOLIO, lambda request, context: time.sleep(1.5))  # noqa: ARG005

    async def give_up() -> None:
        async with rw.connect_async(scripted.address) as client:
            task = asyncio.create_task(client.portfolios.get("oil"))
            await asyncio.sleep(0.2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(scripted.ended.wait, 1.0), "the server was not told"

    asyncio.run(give_up())


def test_an_asyncio_read_is_repeated_too(scripted: Any) -> None:
    answer = portfolios.GetPortfolioResponse(portfolio=portfolios.Portfolio(name="oil"))
    scripted.fail(methods.GET_PORTFOLIO, grpc.StatusCode.UNAVAILABLE, times=1, then=lambda *_: answer)

    async def ask() -> str:
        async with rw.connect_async(scripted.address) as client:
            return (await client.portfolios.get("oil")).name

    assert asyncio.run(ask()) == "oil"
    assert len(scripted.requests) == 2


def test_errors_of_streams_are_ours(scripted: Any, client: rw.Client) -> None:
    scripted.fail(methods.WATCH_JOB, grpc.StatusCode.NOT_FOUND, "NOT_FOUND", "no such job")
    with pytest.raises(rw.NotFoundError, match="no such job"):
        next(client.jobs.watch("jobs/1"))

    async def watch() -> None:
        async with rw.connect_async(scripted.address) as awaiting:
            async for _ in awaiting.jobs.watch("jobs/1"):
                pass

    with pytest.raises(rw.NotFoundError, match="no such job"):
        asyncio.run(watch())


def test_distributions_that_exceed_a_message_come_in_pieces(scripted: Any, client: rw.Client) -> None:
    scripted.on(methods.STREAM_SIMULATION, chunks)
    found = client.simulation.run(mean=0.0, volatility=0.01, paths=400_000, distributions=True)
    np.testing.assert_array_equal(found.distributions["returns"], np.arange(400_000.0))
    assert found.num_simulations == 400_000
    assert [path for path, _ in scripted.requests] == [methods.STREAM_SIMULATION.path]


def test_what_the_server_finds_too_large_is_asked_for_again_in_pieces(scripted: Any, client: rw.Client) -> None:
    scripted.on(methods.STREAM_SIMULATION, chunks)
    scripted.fail(methods.SIMULATE, grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_TOO_LARGE")
    found = client.simulation.run(mean=0.0, volatility=0.01, paths=1000, distributions=True)
    assert len(found.distributions["returns"]) == 1000
    with pytest.raises(rw.InvalidRequestError):
        client.simulation.run(mean=0.0, volatility=0.01, paths=1000)


def test_an_upload_is_one_import(scripted: Any, client: rw.Client) -> None:
    received: list[Any] = []

    def store(requests: Any, context: Any) -> market.ImportPricesResponse:
        del context
        received.extend(requests)
        return market.ImportPricesResponse(counts=[market.ImportCount(symbol="A", inserted=3)])

    scripted.on(methods.IMPORT_PRICES, store)
    times = pd.date_range("2020-01-01", periods=3, tz="America/New_York")
    frame = pd.DataFrame({"A": [1.0, 2.0, 3.0], "B": [1.0, np.nan, -3.0]}, index=times)
    report = client.prices.put(frame, source="mine")
    assert report.counts[0].inserted == 3
    assert [one.source for one in received] == ["mine", ""]
    assert list(received[1].series[0].close) == [1.0, -3.0]
    assert received[0].series[0].times[0] == pd.Timestamp("2020-01-01 05:00").value

    async def put() -> int:
        async with rw.connect_async(scripted.address) as awaiting:
            return (await awaiting.prices.put(frame["A"])).counts[0].inserted

    assert asyncio.run(put()) == 3


def test_an_indicator_stream_converses(scripted: Any, client: rw.Client) -> None:
    scripted.on(methods.STREAM_INDICATORS, mirror)
    with client.indicators.open("RSI", timeperiod=14) as stream:
        assert (stream.outputs, stream.lookback, stream.params) == (("real",), 14, {"timeperiod": 14})
        assert stream.update(close=1.5) == {"real": 3.0}
        assert stream.peek(close=2.0) == {"real": 4.0}
        assert stream.replace_last(close=2.5) == {"real": 5.0}
        stream.skip(2)
        saved = stream.snapshot()
    with client.indicators.restore(saved) as again:
        assert again.update(close=4.0) == {"real": 8.0}
        assert np.frombuffer(saved)[0] == 2.5
    panel = client.indicators.open("RSI", symbols=2)
    np.testing.assert_array_equal(panel.update(close=[1.0, 2.0])["real"], [2.0, 4.0])
    panel.close()


def test_an_asyncio_indicator_stream_converses(scripted: Any) -> None:
    scripted.on(methods.STREAM_INDICATORS, mirror)

    async def converse() -> list[Any]:
        async with rw.connect_async(scripted.address) as client:
            async with client.indicators.open("RSI") as stream:
                values = [await stream.update(close=1.0), await stream.peek(close=2.0)]
                saved = await stream.snapshot()
            async with client.indicators.restore(saved) as again:
                values.append(await again.update(close=3.0))
            with pytest.raises(rw.InvalidRequestError, match="no such indicator"):
                await client.indicators.open("RSY").update(close=1.0)
            return values

    assert asyncio.run(converse()) == [{"real": 2.0}, {"real": 4.0}, {"real": 6.0}]


def test_errors_of_a_conversation_are_ours(scripted: Any, client: rw.Client) -> None:
    scripted.on(methods.STREAM_INDICATORS, mirror)
    with pytest.raises(rw.InvalidRequestError, match="no such indicator"):
        client.indicators.open("RSY").update(close=1.0)


def test_a_jobs_result_is_put_together(scripted: Any, client: rw.Client) -> None:
    def pieces(request: Any, context: Any) -> Iterator[jobs.GetJobResultResponse]:
        del request, context
        for offset in (2, 0):
            piece = jobs.GetJobResultResponse()
            chunk = piece.distribution_chunk
            chunk.name, chunk.offset, chunk.total_count = "returns", offset, 4
            chunk.values.CopyFrom(encode_array([offset, offset + 1.0]))
            yield piece
        whole = jobs.GetJobResultResponse()
        whole.simulation.result.num_simulations = 4
        yield whole

    scripted.on(methods.GET_JOB_RESULT, pieces)
    found = client.jobs.result("jobs/1")
    assert isinstance(found, rw.Simulation)
    np.testing.assert_array_equal(found.distributions["returns"], np.arange(4.0))

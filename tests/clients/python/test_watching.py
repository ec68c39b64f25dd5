"""A watch that outlives its server."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

import riskwave as rw
from riskwave._errors import Status
from riskwave._methods import WATCH_PRICES
from riskwave._watching import Reconnection
from riskwave.v1 import market_data_service_pb2 as pb


def message(sequence: int) -> pb.WatchPricesResponse:
    return pb.WatchPricesResponse(sequence=sequence, update=pb.PriceUpdate(symbol="WTI", price=float(sequence)))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("riskwave._watching.FIRST_DELAY_S", 0.01)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("asynchronous", [False, True])
def test_it_comes_back_behind_the_last_message(scripted: Any, client: rw.Client, asynchronous: bool) -> None:
    def answer(request: Any, context: Any) -> Any:
        yield message(request.after_sequence + 1)
        if request.after_sequence < 3:
            context.abort(grpc.StatusCode.UNAVAILABLE, "gone")

    scripted.on(WATCH_PRICES, answer)
    states: list[str] = []

    async def read() -> list[int]:
        async with rw.connect_async(scripted.address) as own:
            return [one.sequence async for one in own.prices.watch("WTI", reconnect_attempts=1, on_state=states.append)]

    if asynchronous:
        sequences = asyncio.run(read())
    else:
        watch = client.prices.watch("WTI", reconnect_attempts=1, on_state=states.append)
        sequences = [one.sequence for one in watch]
    # Attempts are counted in a row: one is enough for three losses.
    assert sequences == [1, 2, 3, 4]
    assert states == ["connected", *["reconnecting", "connected"] * 3, "closed"]
    assert [request.after_sequence for _, request in scripted.requests] == [0, 1, 2, 3]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("options", "attempts"), [({}, 5), ({"reconnect_attempts": 3}, 3)])
def test_it_gives_up_after_its_attempts_and_says_why(
    scripted: Any, client: rw.Client, options: dict[str, int], attempts: int
) -> None:
    scripted.fail(WATCH_PRICES, grpc.StatusCode.UNAVAILABLE)
    watch = client.prices.watch("WTI", **options)
    assert watch.state == "connecting"
    with pytest.raises(rw.UnavailableError):
        next(watch)
    assert watch.state == "closed"
    assert len(scripted.requests) == 1 + attempts
    assert list(watch) == []


@pytest.mark.usefixtures("quick")
def test_what_is_wrong_with_the_request_is_not_tried_again(scripted: Any, client: rw.Client) -> None:
    scripted.fail(WATCH_PRICES, grpc.StatusCode.NOT_FOUND)
    with pytest.raises(rw.NotFoundError):
        next(client.prices.watch("WTX"))
    assert len(scripted.requests) == 1
    with pytest.raises(rw.InvalidRequestError, match="reconnect_attempts"):
        client.prices.watch("WTI", reconnect_attempts=-1)


def test_a_server_that_says_that_no_source_delivers_is_no_lost_connection() -> None:
    watch = Reconnection(pb.WatchPricesRequest(), 5)
    refused = rw.UnavailableError("none delivers", Status("none delivers", "UNAVAILABLE", "SOURCE_UNAVAILABLE"))
    assert watch.delay_after(refused) is None
    assert watch.delay_after(rw.UnavailableError("gone")) is not None


@pytest.mark.services
def test_a_server_that_is_killed_and_started_again_goes_on(tmp_path: Path, server_class: Any) -> None:
    settings = ("market.live_poll_s=0.1", "market.heartbeat_s=0.5")
    first = server_class(tmp_path, *settings)
    try:
        first.wait_until_serving()
        with rw.connect(first.address) as client:
            times = np.array(["2026-01-01", "2026-01-02"], "M8[D]")
            client.prices.put(rw.NewSeries("LIVE", times, [1.0, 2.0]))
            states: list[str] = []
            watch = client.prices.watch("LIVE", reconnect_attempts=20, on_state=states.append)
            seen = next(watch)
            assert (seen.price, seen.snapshot) == (2.0, True)
            first.process.kill()
            first.process.wait(10)
            second = server_class(tmp_path, *settings, port=first.port)
            try:
                second.wait_until_serving()
                again = next(watch)
                assert (again.price, again.snapshot) == (2.0, True)
                assert again.sequence > seen.sequence
                client.prices.put(rw.NewSeries("LIVE", times[1:] + 1, [3.0]))
                update = next(watch)
                assert (update.price, update.change, update.snapshot) == (3.0, 1.0, False)
                assert states == ["connected", "reconnecting", "connected"]
                watch.close()
            finally:
                second.stop()
    finally:
        first.stop()


def batch(sequence: int, *prices: float, snapshot: bool = False) -> pb.WatchPricesResponse:
    updates = [pb.PriceUpdate(symbol=f"S{place}", price=price) for place, price in enumerate(prices)]
    return pb.WatchPricesResponse(sequence=sequence, batch=pb.PriceBatch(updates=updates), snapshot=snapshot)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("asynchronous", [False, True])
def test_batches_come_one_by_one_and_any_number_misses_nothing(
    scripted: Any, client: rw.Client, asynchronous: bool
) -> None:
    def answer(request: Any, context: Any) -> Any:
        if request.after_sequence == 0:
            yield batch(5, 1.0, 2.0, snapshot=True)
            yield pb.WatchPricesResponse(sequence=5, heartbeat=pb.Heartbeat())
            yield batch(8, 3.0, 4.0, 5.0)
            context.abort(grpc.StatusCode.UNAVAILABLE, "gone")
        yield batch(9, 6.0)

    scripted.on(WATCH_PRICES, answer)

    async def read() -> list[rw.PriceUpdate]:
        async with rw.connect_async(scripted.address) as own:
            return [one async for one in own.prices.watch("WTI", batch_interval_s=0.05)]

    updates = asyncio.run(read()) if asynchronous else list(client.prices.watch("WTI", batch_interval_s=0.05))
    assert [one.price for one in updates] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    # Whoever goes on behind an update in the middle of a batch gets the batch again.
    assert [one.sequence for one in updates] == [0, 5, 5, 5, 8, 9]
    assert [one.snapshot for one in updates] == [True, True, False, False, False, False]
    assert [request.after_sequence for _, request in scripted.requests] == [0, 8]
    assert scripted.requests[0][1].batch_interval.nanos == 50_000_000

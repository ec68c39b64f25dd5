"""WatchPrices and WatchPortfolio over a real socket."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import numpy as np
import pytest

import riskwave as rw

FAST = {"market": {"live_poll_s": 0.05, "heartbeat_s": 0.2}}


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Any]) -> Iterator[Any]:
    with start_server(**FAST) as thread:
        yield thread


@pytest.fixture
def client(server: Any) -> Iterator[rw.Client]:
    with rw.connect(server.server.address) as client:
        yield client


def put(client: rw.Client, symbol: str, closes: list[float], first: str = "2026-01-01") -> None:
    times = np.datetime64(first, "D") + np.arange(len(closes))
    client.prices.put(rw.NewSeries(symbol, times, closes))


def test_an_import_reaches_every_watcher(server: Any, client: rw.Client) -> None:
    put(client, "LIVE", [1.0, 2.0])
    with client.prices.watch("LIVE", min_interval_s=0.0) as one, client.prices.watch("LIVE") as two:
        assert [next(one).snapshot, next(two).snapshot] == [True, True]
        polls = server.server.runtime.feed.poll_count
        put(client, "LIVE", [3.0], "2026-01-03")
        for watch in (one, two):
            update = next(watch)
            assert (update.price, update.change, update.change_fraction) == (3.0, 1.0, 0.5)
            assert (update.source, update.snapshot, watch.state) == ("user", False, "connected")
        assert server.server.runtime.feed.watched_count == 1
        assert server.server.runtime.feed.poll_count > polls


def test_heartbeats_come_while_nothing_else_does(server: Any) -> None:
    from riskwave.v1 import market_data_service_pb2 as pb
    from riskwave.v1 import market_data_service_pb2_grpc as stubs

    with grpc.insecure_channel(server.server.address) as own:
        call = stubs.MarketDataServiceStub(own).WatchPrices(pb.WatchPricesRequest(symbols=["WTI"]))
        first, second, third = (next(call) for _ in range(3))
        call.cancel()
    assert first.WhichOneof("event") == "update"
    assert (second.WhichOneof("event"), third.WhichOneof("event")) == ("heartbeat", "heartbeat")
    assert first.sequence == second.sequence == third.sequence


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"symbols": "WTX"}, rw.NotFoundError, "WTI"),
        ({"symbols": []}, rw.InvalidRequestError, "symbols"),
        ({"symbols": "WTI", "replay_bars_per_second": -1.0}, rw.InvalidRequestError, "replay_bars_per_second"),
        ({"symbols": "WTI", "min_interval_s": 1e6}, rw.InvalidRequestError, "min_interval"),
        ({"symbols": "WTI", "after_sequence": -1}, rw.InvalidRequestError, "after_sequence"),
        ({"symbols": "WTI", "batch_interval_s": 0.001}, rw.InvalidRequestError, "batch_interval"),
        ({"symbols": "WTI", "batch_interval_s": 1.0, "min_interval_s": 1.0}, rw.InvalidRequestError, "min_interval"),
    ],
)
def test_bad_requests_are_refused(client: rw.Client, options: dict[str, Any], error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        next(client.prices.watch(**options))


def test_a_replay_has_the_stored_bars_and_ends(client: rw.Client) -> None:
    put(client, "REPLAYED", [1.0, 2.0, 4.0, 8.0])
    updates = list(client.prices.watch("REPLAYED", replay_bars_per_second=50.0, min_interval_s=0.0))
    assert [(one.sequence, one.price) for one in updates] == [(1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0)]
    again = client.prices.watch("REPLAYED", replay_bars_per_second=50.0, min_interval_s=0.0, after_sequence=2)
    assert [one.price for one in again] == [4.0, 8.0]


def test_batches_have_the_same_prices_live_and_replayed(client: rw.Client) -> None:
    put(client, "BA", [1.0, 2.0])
    put(client, "BB", [5.0, 4.0])
    with client.prices.watch(["BA", "BB"], batch_interval_s=0.02) as watch:
        first = [next(watch), next(watch)]
        assert [(one.symbol, one.price, one.snapshot) for one in first] == [("BA", 2.0, True), ("BB", 4.0, True)]
        put(client, "BB", [3.0], "2026-01-03")
        update = next(watch)
        assert (update.symbol, update.price, update.change, update.snapshot) == ("BB", 3.0, -1.0, False)
        assert update.sequence > first[1].sequence
    replayed = list(client.prices.watch(["BA", "BB"], batch_interval_s=0.01, replay_bars_per_second=20.0))
    assert [(one.symbol, one.price) for one in replayed][-2:] == [("BB", 4.0), ("BB", 3.0)]
    assert sum(1 + one.conflated_count for one in replayed) == 5


def test_a_portfolio_that_moves_slowly_is_heard_of(server: Any, client: rw.Client) -> None:
    from google.protobuf.duration_pb2 import Duration

    from riskwave.v1 import portfolio_service_pb2 as pb
    from riskwave.v1 import portfolio_service_pb2_grpc as stubs

    put(client, "HA", np.linspace(1.0, 2.0, 40).tolist())
    put(client, "HB", np.linspace(3.0, 2.0, 40).tolist())
    client.portfolios.put("heard", {"HA": 0.5, "HB": 0.5})
    slow = {"name": "heard", "replay_bars_per_second": 0.001}
    rare = {"name": "heard", "min_interval": Duration(seconds=3600)}
    with grpc.insecure_channel(server.server.address) as own:
        service = stubs.PortfolioServiceStub(own)
        for request in (slow, slow | {"replay_bars_per_second": 5.0, "min_interval": Duration(seconds=3600)}):
            call = service.WatchPortfolio(pb.WatchPortfolioRequest(**request), timeout=20)
            kinds = [next(call).WhichOneof("event") for _ in range(4)]
            assert kinds[0] == "update"
            assert kinds[-2:] == ["heartbeat", "heartbeat"], request
            call.cancel()
        call = service.WatchPortfolio(pb.WatchPortfolioRequest(**rare), timeout=20)
        assert next(call).WhichOneof("event") == "update"
        put(client, "HA", [2.5], "2026-03-01")
        put(client, "HB", [2.5], "2026-03-01")
        assert [next(call).WhichOneof("event") for _ in range(3)] == ["heartbeat"] * 3
        call.cancel()


def test_a_portfolio_is_kept_up_to_date_to_what_the_report_says(client: rw.Client) -> None:
    walk = 100 * np.cumprod(1 + np.random.default_rng(5).normal(0, 0.01, (60, 2)), axis=0)
    for column, symbol in enumerate(("PA", "PB")):
        put(client, symbol, walk[:50, column].tolist())
    client.portfolios.put("pair", {"PA": 0.7, "PB": 0.3})

    def check(update: rw.PortfolioUpdate) -> None:
        report = client.risk.analyze(portfolio="pair")
        for name in ("portfolio_return", "portfolio_volatility", "sharpe_ratio", "var_95"):
            assert getattr(update, name) == pytest.approx(getattr(report, name).value, rel=1e-10), name
        assert update.max_drawdown == pytest.approx(float(report.max_drawdown), rel=1e-10)

    with client.portfolios.watch("pair", min_interval_s=0.0) as watch:
        first = next(watch)
        assert first.snapshot
        check(first)
        for row in range(50, 53):
            day = str(np.datetime64("2026-01-01") + row)
            put(client, "PA", [float(walk[row, 0])], day)
            put(client, "PB", [float(walk[row, 1])], day)
            update = next(watch)
            while update.time != np.datetime64(day, "ns"):
                update = next(watch)
            check(update)
            assert update.sequence > first.sequence
    replayed = list(client.portfolios.watch("pair", min_interval_s=0.0, replay_bars_per_second=1000.0))
    check(replayed[-1])
    with pytest.raises(rw.NotFoundError, match="pair"):
        next(client.portfolios.watch("pear"))


def test_a_reader_that_stops_reading_costs_nobody_anything(server: Any, client: rw.Client) -> None:
    put(client, "SLOW", [1.0])
    with client.prices.watch("SLOW", min_interval_s=0.0) as stalled:
        next(stalled)
        for price in range(30):
            put(client, "SLOW", [float(price)], str(np.datetime64("2026-02-01") + price))
        with client.prices.watch("SLOW") as other:
            update = next(other)
            while update.price != 29.0:  # the feed may not have seen the last import yet
                update = next(other)
        time.sleep(0.2)
        feed = server.server.runtime.feed
        waiting = [one.waiting_count for subject in feed._subjects.values() for one in subject.watchers]
        assert max(waiting, default=0) <= 1


def test_watchers_end_at_once_when_the_server_stops(start_server: Callable[..., Any]) -> None:
    states: list[str] = []
    failure: list[BaseException] = []
    with start_server(**FAST) as thread, rw.connect(thread.server.address) as client:
        watch = client.prices.watch("WTI", reconnect_attempts=0, on_state=states.append)
        next(watch)

        def read() -> None:
            try:
                next(watch)
            except rw.RiskwaveError as error:
                failure.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        begin = time.monotonic()
        thread.loop.call_soon_threadsafe(thread._stop.set)
        reader.join(10)
        assert time.monotonic() - begin < 1.0
    assert [one.reason for one in failure] == ["SHUTTING_DOWN"]
    assert states == ["connected", "closed"]

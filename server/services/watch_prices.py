"""MarketDataService.WatchPrices: updates as they come, one by one or together, or stored prices replayed."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from typing import TYPE_CHECKING

from riskwave.compute.errors import InputError, TooLargeError
from riskwave.server.market import Selection
from riskwave.server.market.feed_batches import Batch, single
from riskwave.server.market.feed_replay import replay
from riskwave.server.market.feed_watcher import Watcher
from riskwave.server.results import set_timestamp
from riskwave.v1 import market_data_service_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from google.protobuf.duration_pb2 import Duration

    from riskwave.server.market.feed_batches import BatchGroup, BatchWatcher
    from riskwave.server.market.feed_watcher import Pending
    from riskwave.server.runtime import Runtime

SYMBOLS_MAX = 1000
INTERVAL_MAX_S = 3600.0
BATCH_INTERVAL_MIN_S = 0.01
BARS_PER_SECOND_MAX = 100_000.0
_MIN_INTERVAL_S = 0.2


async def watch_prices(
    runtime: Runtime, request: pb.WatchPricesRequest
) -> AsyncIterator[pb.WatchPricesResponse | bytes]:
    """Yield updates and heartbeats until the caller goes; a replay ends after the last bar."""
    batch_s = _batch_s(request)
    min_interval_s = interval_s(request.min_interval, _MIN_INTERVAL_S) if request.HasField("min_interval") else None
    min_interval_s = _MIN_INTERVAL_S if min_interval_s is None else min_interval_s
    speed = check_resumable(request.after_sequence, request.replay_bars_per_second)
    if len(request.symbols) > SYMBOLS_MAX:
        raise TooLargeError("symbols", f"{len(request.symbols)} symbols", f"at most {SYMBOLS_MAX} symbols in one call")
    heartbeat_s = runtime.settings.market.heartbeat_s
    watcher: Watcher | BatchWatcher
    if speed:
        prices = await runtime.prices.read(Selection.parse(request.symbols, request.source))
        taker, watcher = _alone(batch_s, min_interval_s)
        watcher.sequence = request.after_sequence
        task = asyncio.create_task(replay(prices.series, taker, speed, request.after_sequence))
        try:
            async for message in _messages(watcher, heartbeat_s):
                yield message
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        return
    symbols, source, after = request.symbols, request.source, request.after_sequence
    if batch_s:
        watcher = await runtime.feed.watch_batches(symbols, source, interval_s=batch_s, after_sequence=after)
    else:
        watcher = await runtime.feed.watch(symbols, source, after_sequence=after, min_interval_s=min_interval_s)
    try:
        async for message in _messages(watcher, heartbeat_s):
            yield message
    finally:
        runtime.feed.leave(watcher)


def _alone(batch_s: float, min_interval_s: float) -> tuple[Watcher | BatchGroup, Watcher | BatchWatcher]:
    """Return what takes the changes of a feed with one reader, and that reader."""
    if batch_s:
        return single(batch_s)
    watcher = Watcher(min_interval_s)
    return watcher, watcher


def _batch_s(request: pb.WatchPricesRequest) -> float:
    """Return the seconds between two batches; 0 when the request wants each update as a message."""
    if not request.HasField("batch_interval"):
        return 0.0
    seconds = interval_s(request.batch_interval, 0.0, field="batch_interval")
    if seconds < BATCH_INTERVAL_MIN_S:
        allowed = f"from {BATCH_INTERVAL_MIN_S:g} to {INTERVAL_MAX_S:g} seconds, or unset for single updates"
        raise InputError("batch_interval", f"{seconds:g} s", allowed)
    if request.HasField("min_interval"):
        given = request.min_interval.seconds + request.min_interval.nanos / 1e9
        raise InputError("min_interval", f"{given:g} s", "unset together with batch_interval, which is what limits")
    return seconds


def check_resumable(after_sequence: int, bars_per_second: float) -> float:
    """Return the speed of a replay, 0 for live prices, after a look at what both watching calls take.

    Raises
    ------
    InputError
        A number is outside its range.
    """
    if after_sequence < 0:
        raise InputError("after_sequence", after_sequence, "the number of a message, or 0")
    if not (math.isfinite(bars_per_second) and 0 <= bars_per_second <= BARS_PER_SECOND_MAX):
        raise InputError("replay_bars_per_second", bars_per_second, f"from 0 (live) to {BARS_PER_SECOND_MAX:g}")
    return bars_per_second


def interval_s(given: Duration, default_s: float, *, field: str = "min_interval") -> float:
    """Return the seconds of an interval; InputError for one that is negative or longer than an hour."""
    seconds = given.seconds + given.nanos / 1e9
    if not 0 <= seconds <= INTERVAL_MAX_S:
        allowed = f"from 0 to {INTERVAL_MAX_S:g} seconds, or unset for {default_s:g}"
        raise InputError(field, f"{seconds:g} s", allowed)
    return seconds


async def _messages(
    watcher: Watcher | BatchWatcher, heartbeat_s: float
) -> AsyncIterator[pb.WatchPricesResponse | bytes]:
    while not watcher.ended:
        news = await watcher.next(heartbeat_s)
        if news is not None:
            yield _encode_batch(news) if isinstance(news, Batch) else _encode(news, watcher.sequence)
        elif not watcher.ended:
            message = pb.WatchPricesResponse(sequence=watcher.sequence)
            set_timestamp(message.heartbeat.time, time.time())
            yield message


def _encode(pending: Pending, sequence: int) -> bytes:
    change = pending.change
    usual = sequence == change.sequence and pending.conflated_count == 0 and not pending.snapshot
    if usual and change.encoded is not None:
        return change.encoded
    message = pb.WatchPricesResponse(sequence=sequence, snapshot=pending.snapshot)
    _fill(message.update, pending)
    encoded = message.SerializeToString()
    if usual:
        change.encoded = encoded
    return encoded


def _encode_batch(batch: Batch) -> bytes:
    if batch.encoded is None:
        message = pb.WatchPricesResponse(sequence=batch.sequence, snapshot=batch.snapshot)
        updates = message.batch.updates
        for pending in batch.items:
            _fill(updates.add(), pending)
        batch.encoded = message.SerializeToString()
    return batch.encoded


def _fill(update: pb.PriceUpdate, pending: Pending) -> None:
    change = pending.change
    update.symbol, update.source = change.symbol, change.source
    update.price, update.time = change.price, change.time_ns
    update.change = change.price - change.previous
    update.change_fraction = update.change / change.previous if change.previous > 0 else math.nan
    update.provisional, update.conflated_count = change.provisional, pending.conflated_count

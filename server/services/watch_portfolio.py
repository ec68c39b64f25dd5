"""PortfolioService.WatchPortfolio: a portfolio's figures as its prices move, bar by bar and not from the beginning."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.errors import SeriesTooShortError
from riskwave.compute.risk.inputs import OBSERVATIONS_MIN
from riskwave.compute.risk.running import RunningPortfolio
from riskwave.server.market.feed_replay import Pace
from riskwave.server.results import set_timestamp
from riskwave.server.services.risk import annualised
from riskwave.server.services.watch_prices import check_resumable, interval_s
from riskwave.v1 import portfolio_pb2
from riskwave.v1 import portfolio_service_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from riskwave.server.history import ReturnHistory
    from riskwave.server.market.portfolios import StoredPortfolio
    from riskwave.server.runtime import Runtime

_MIN_INTERVAL_S = 1.0


class FollowedPortfolio:
    """The figures over a history that grows.

    Parameters
    ----------
    history
        Returns and weights.
    periods_per_year
        Of its dates.
    count
        Takes only so many returns at first; None takes all.
    """

    def __init__(self, history: ReturnHistory, periods_per_year: float, count: int | None = None) -> None:
        self._periods_per_year = periods_per_year
        self._begin(history, len(history.returns) if count is None else count)
        #: Returns that were added one by one, and histories that were computed from the beginning.
        self.appended_count = 0
        self.restarted_count = 0

    def _begin(self, history: ReturnHistory, count: int) -> None:
        self.running = RunningPortfolio(
            history.returns[:count], history.weights, periods_per_year=self._periods_per_year
        )
        self._returns, self._times, self.count = history.returns, history.times, count

    def advance(self, history: ReturnHistory, periods_per_year: float) -> bool:
        """Take the history as it is now; return whether anything has changed."""
        old, old_times, count = self._returns, self._times, self.count
        same = (
            periods_per_year == self._periods_per_year
            and len(history.returns) >= count
            and np.array_equal(history.times[:count], old_times[:count])
            and np.array_equal(history.returns[: count - 1], old[: count - 1])
        )
        if not same:
            self._periods_per_year = periods_per_year
            self._begin(history, len(history.returns))
            self.restarted_count += 1
            return True
        changed = False
        if not np.array_equal(history.returns[count - 1], old[count - 1]):
            self.running.replace_last(history.returns[count - 1])
            changed = True
        self._returns, self._times = history.returns, history.times
        while self.count < len(history.returns):
            self.append_next()
            changed = True
        return changed

    def append_next(self) -> None:
        """Take one more return of the history."""
        self.running.append(self._returns[self.count])
        self.count += 1
        self.appended_count += 1

    def message(self, sequence: int, *, snapshot: bool = False) -> pb.WatchPortfolioResponse:
        """Return the figures as the contract's message."""
        running = self.running
        answer = pb.WatchPortfolioResponse(sequence=sequence, snapshot=snapshot)
        update = answer.update
        update.period_return = running.last_return
        update.portfolio_return = running.portfolio_return
        update.portfolio_volatility = running.portfolio_volatility
        update.sharpe_ratio = running.sharpe_ratio
        update.var_95 = running.var_95
        update.max_drawdown = running.max_drawdown
        update.time = int(self._times[self.count - 1])
        return answer


async def watch_portfolio(
    runtime: Runtime, request: pb.WatchPortfolioRequest
) -> AsyncGenerator[pb.WatchPortfolioResponse, None]:
    """Yield the portfolio's figures and heartbeats until the caller goes; a replay ends after the last bar."""
    given = request.HasField("min_interval")
    min_interval_s = interval_s(request.min_interval, _MIN_INTERVAL_S) if given else _MIN_INTERVAL_S
    speed = check_resumable(request.after_sequence, request.replay_bars_per_second)
    stored = await runtime.pool.run_io(runtime.market.portfolios.get, request.name)
    messages = (
        _replay(runtime, stored, speed, request.after_sequence, min_interval_s)
        if speed
        else _live(runtime, stored, request.after_sequence, min_interval_s)
    )
    try:
        async for message in messages:
            yield message
    finally:
        await messages.aclose()


async def _history(runtime: Runtime, stored: StoredPortfolio) -> tuple[ReturnHistory, float]:
    data = portfolio_pb2.PortfolioData()
    data.holdings.symbols.extend(stored.symbols)
    data.holdings.weights.extend(stored.weights)
    return annualised(await runtime.history.returns(data, "portfolio"), 0.0)


async def _live(
    runtime: Runtime, stored: StoredPortfolio, after_sequence: int, min_interval_s: float
) -> AsyncGenerator[pb.WatchPortfolioResponse, None]:
    heartbeat_s, feed = runtime.settings.market.heartbeat_s, runtime.feed
    while True:
        watcher = await feed.watch(stored.symbols, "", after_sequence=after_sequence, min_interval_s=0.0)
        try:
            # Within what is remembered there is nothing to say before a price moves; otherwise the state comes first.
            silent = watcher.sequence == after_sequence > 0 and watcher.waiting_count == 0
            sequence = max(watcher.drain(), after_sequence if silent else 0) or feed.sequence
            followed = FollowedPortfolio(*await _history(runtime, stored))
            if not silent:
                yield followed.message(sequence, snapshot=True)
            sent_s = time.monotonic()
            while True:
                moved = await watcher.next(heartbeat_s)
                now = await runtime.pool.run_io(runtime.market.portfolios.get, stored.name)
                if now.etag != stored.etag:
                    stored, after_sequence = now, 0
                    break
                if moved is None:
                    yield _heartbeat(sequence)
                    continue
                while (left_s := sent_s + min_interval_s - time.monotonic()) > 0:
                    await asyncio.sleep(min(left_s, heartbeat_s))
                    if left_s > heartbeat_s:
                        yield _heartbeat(sequence)
                newest = max(watcher.drain(), moved.change.sequence)
                if followed.advance(*await _history(runtime, stored)):
                    sequence, sent_s = newest, time.monotonic()
                    yield followed.message(sequence)
        finally:
            feed.leave(watcher)


async def _replay(
    runtime: Runtime, stored: StoredPortfolio, speed: float, after_sequence: int, min_interval_s: float
) -> AsyncGenerator[pb.WatchPortfolioResponse, None]:
    """Yield the figures after each bar; the number of a message is that of its return."""
    history, periods_per_year = await _history(runtime, stored)
    total = len(history.returns)
    if total < OBSERVATIONS_MIN:
        raise SeriesTooShortError(
            "portfolio", f"{total} common returns", f"at least {OBSERVATIONS_MIN} common observations"
        )
    first = min(max(after_sequence, OBSERVATIONS_MIN - 1), total)
    followed = FollowedPortfolio(history, periods_per_year, max(first, OBSERVATIONS_MIN))
    if first < followed.count:
        yield followed.message(followed.count)
    heartbeat_s = runtime.settings.market.heartbeat_s
    pace, sent_s = Pace(speed), time.monotonic()
    heard_s, sent_count = sent_s, followed.count
    while followed.count < total:
        due = await pace.wait(max(0.0, heard_s + heartbeat_s - time.monotonic()))
        for _ in range(min(due, total - followed.count)):
            followed.append_next()
        now_s = time.monotonic()
        if followed.count == total or (followed.count > sent_count and now_s >= sent_s + min_interval_s):
            sent_s = heard_s = now_s
            sent_count = followed.count
            yield followed.message(sent_count)
        elif now_s >= heard_s + heartbeat_s:
            heard_s = now_s
            yield _heartbeat(sent_count)


def _heartbeat(sequence: int) -> pb.WatchPortfolioResponse:
    message = pb.WatchPortfolioResponse(sequence=sequence)
    set_timestamp(message.heartbeat.time, time.time())
    return message

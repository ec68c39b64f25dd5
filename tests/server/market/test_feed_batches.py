"""Changes put together: the same bytes for all who keep up, the newest of each symbol for those who don't."""

import asyncio
from types import SimpleNamespace

import numpy as np
import pytest

from riskwave.server.market.feed import LiveFeed
from riskwave.server.market.feed_batches import MEMBERS_MAX, Batch, BatchGroup, BatchWatcher, single
from riskwave.server.market.feed_watcher import PriceChange
from riskwave.server.market.series import Asset, PriceSeries, Selection

DAY_NS = 86_400_000_000_000


def change(sequence: int, symbol: str, price: float = 1.0) -> PriceChange:
    return PriceChange(sequence, symbol, "user", price, 1.0, sequence)


class Prices:
    """Prices that a test changes, and how often they were read."""

    def __init__(self, **closes: list[float]) -> None:
        self.closes = closes
        self.read_count = 0

    async def read(self, wanted: Selection) -> tuple[list[PriceSeries], frozenset[int]]:
        self.read_count += 1
        return [self.series(symbol) for symbol in wanted.symbols], frozenset()

    def series(self, symbol: str) -> PriceSeries:
        closes = self.closes[symbol]
        times = np.arange(len(closes)) * DAY_NS
        asset = Asset(symbol, "user", symbol, "other", "", "USD", "daily", "", 0, int(times[-1]), len(closes))
        return PriceSeries(asset, times, np.array(closes))

    def feed(self) -> LiveFeed:
        return LiveFeed(self.read, SimpleNamespace(names=frozenset, vendors=()), poll_s=3600.0)


def told(batch: Batch | None) -> list[tuple[str, float, int]]:
    assert batch is not None
    return [(one.change.symbol, one.change.price, one.conflated_count) for one in batch.items]


async def test_what_changes_within_the_interval_is_one_message_for_all() -> None:
    group, one = single(0.05)
    two = BatchWatcher()
    group.join(two)
    group.put(change(1, "A"))
    group.put(change(2, "B"))
    first = await one.next(1.0)
    assert told(first) == [("A", 1.0, 0), ("B", 1.0, 0)]
    assert await two.next(1.0) is first, "one object, so that its bytes are made once"
    for sequence in range(3, 20):
        group.put(change(sequence, "AB"[sequence % 2], float(sequence)))
    second = await one.next(1.0)
    assert told(second) == [("B", 19.0, 8), ("A", 18.0, 7)]
    assert (one.sequence, second.sequence) == (19, 19)
    group.end()
    assert await two.next(1.0) is second
    assert (await two.next(1.0), two.ended) == (None, True)


async def test_a_slow_reader_keeps_one_update_a_symbol_and_changes_nobody_elses() -> None:
    group, slow = single(0.01)
    quick = BatchWatcher()
    group.join(quick)
    kept = []
    for sequence in range(1, 101):
        group.put(change(sequence, "AB"[sequence % 2], float(sequence)))
        group.flush()
        kept.append(await quick.next(1.0))
        assert slow.waiting_count <= 2
    assert [told(batch) for batch in kept] == [[("AB"[n % 2], float(n), 0)] for n in range(1, 101)]
    assert told(await slow.next(1.0)) == [("B", 99.0, 49), ("A", 100.0, 49)]
    assert slow.sequence == 100


async def test_silence_is_told_after_the_time_and_the_first_change_after_it_comes_at_once() -> None:
    group, reader = single(0.2)
    assert await reader.next(0.01) is None
    begin = asyncio.get_running_loop().time()
    group.put(change(1, "A"))
    assert told(await reader.next(1.0)) == [("A", 1.0, 0)]
    assert asyncio.get_running_loop().time() - begin < 0.1
    group.put(change(2, "A"))
    assert await reader.next(0.0) is None, "not before the interval ends"
    assert told(await reader.next(1.0)) == [("A", 1.0, 0)]


@pytest.mark.parametrize("number", range(9))
async def test_a_change_waits_for_the_interval_at_most(number: int) -> None:
    loop, group, reader = asyncio.get_running_loop(), BatchGroup(0.02, number), BatchWatcher()
    group.join(reader)
    group.put(change(1, "A"))
    await reader.next(1.0)
    for sequence in range(2, 6):
        put_s = loop.time()
        group.put(change(sequence, "A"))
        due_s = group._timer.when()
        assert -1e-6 <= due_s - put_s <= 0.02 * 1.1 + 1e-6
        await reader.next(1.0)


async def test_watchers_of_one_list_share_groups_and_the_last_one_leaves_nothing_behind() -> None:
    prices = Prices(WTI=[1.0, 2.0], BRENT=[5.0, 6.0])
    feed = prices.feed()
    watchers = [await feed.watch_batches(["WTI", "BRENT"], "", interval_s=0.05) for _ in range(MEMBERS_MAX + 1)]
    assert len({one.group for one in watchers}) == 2
    for one in watchers:
        batch = await one.next(1.0)
        assert told(batch) == [("WTI", 2.0, 0), ("BRENT", 6.0, 0)]
        assert batch.snapshot
    prices.closes["WTI"].append(3.0)
    await feed.poll()
    assert prices.read_count == 2
    assert {told(await one.next(1.0))[0] for one in watchers} == {("WTI", 3.0, 0)}
    for one in watchers:
        feed.leave(one)
    assert (feed.watched_count, feed._groups) == (0, {})
    await feed.close()


async def test_who_comes_back_gets_what_was_missed_and_who_joins_gets_nothing_twice() -> None:
    prices = Prices(WTI=[1.0], BRENT=[5.0])
    feed = prices.feed()
    first = await feed.watch_batches(["WTI", "BRENT"], "", interval_s=3600.0)
    await first.next(1.0)
    seen = first.sequence
    prices.closes["WTI"].append(2.0)
    await feed.poll()
    prices.closes["BRENT"].append(6.0)
    await feed.poll()  # waits for the end of the hour
    again = await feed.watch_batches(["WTI", "BRENT"], "", interval_s=3600.0, after_sequence=seen)
    batch = await again.next(1.0)
    assert (told(batch), batch.snapshot) == ([("WTI", 2.0, 0), ("BRENT", 6.0, 0)], False)
    assert await again.next(0.0) is None
    later = await feed.watch_batches(["WTI", "BRENT"], "", interval_s=3600.0)
    assert (await later.next(1.0)).snapshot
    assert await later.next(0.0) is None
    await feed.close()


async def test_states_and_changes_do_not_share_a_message_and_no_number_runs_ahead() -> None:
    watcher = BatchWatcher()
    for sequence, symbol, snapshot in ((3, "A", True), (5, "B", False), (7, "C", True)):
        watcher.put(change(sequence, symbol), snapshot=snapshot)
    states = await watcher.next(1.0)
    assert ([one.change.symbol for one in states.items], states.snapshot, watcher.sequence) == (["A", "C"], True, 4)
    changes = await watcher.next(1.0)
    assert ([one.change.symbol for one in changes.items], changes.snapshot, watcher.sequence) == (["B"], False, 5)

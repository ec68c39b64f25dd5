"""The live feed: one look for all who watch, one waiting update a symbol, and nothing lost by those who come back."""

import asyncio
from types import SimpleNamespace

import numpy as np
import pytest

from riskwave.server.market.errors import UnknownSymbolError
from riskwave.server.market.feed import KEPT_CHANGES, LiveFeed
from riskwave.server.market.feed_replay import replay, replayed
from riskwave.server.market.feed_watcher import Pending, PriceChange, Watcher
from riskwave.server.market.series import Asset, PriceSeries, Selection

DAY_NS = 86_400_000_000_000


def series(symbol: str, closes: list[float], source: str = "user", first: int = 0) -> PriceSeries:
    times = (first + np.arange(len(closes))) * DAY_NS
    asset = Asset(symbol, source, symbol, "other", "", "USD", "daily", "", 0, int(times[-1]), len(closes))
    return PriceSeries(asset, times, np.array(closes, dtype=float))


class Prices:
    """Prices that a test changes, and how often they were read."""

    def __init__(self, **closes: list[float]) -> None:
        self.closes = closes
        self.source = "user"
        self.reads: list[tuple[str, ...]] = []

    async def read(self, wanted: Selection) -> tuple[list[PriceSeries], frozenset[int]]:
        self.reads.append(wanted.symbols)
        for position, symbol in enumerate(wanted.symbols):
            if symbol not in self.closes:
                raise UnknownSymbolError(f"symbols[{position}]", symbol, self.closes)
        return [series(symbol, self.closes[symbol], self.source) for symbol in wanted.symbols], frozenset()

    def feed(self, *vendors: SimpleNamespace) -> LiveFeed:
        names = {vendor.source.name for vendor in vendors}
        return LiveFeed(self.read, SimpleNamespace(names=lambda: names, vendors=vendors), poll_s=3600.0)


async def take(watcher: Watcher) -> list[tuple[float, int, bool]]:
    """Everything that waits: price, left out before, newest state."""
    found: list[Pending] = []
    while (one := await watcher.next(0.0)) is not None:
        found.append(one)
    return [(one.change.price, one.conflated_count, one.snapshot) for one in found]


async def test_two_watchers_cost_one_look_and_both_get_every_change() -> None:
    prices = Prices(WTI=[1.0, 2.0], BRENT=[5.0, 6.0])
    feed = prices.feed()
    one, two = [await feed.watch(["WTI", "BRENT"], "", min_interval_s=0) for _ in range(2)]
    assert len(prices.reads) == 1
    assert [await take(one), await take(two)] == [[(2.0, 0, True), (6.0, 0, True)]] * 2
    prices.closes["WTI"].append(3.0)
    await feed.poll()
    assert len(prices.reads) == 2
    assert [await take(one), await take(two)] == [[(3.0, 0, False)]] * 2
    feed.leave(one)
    feed.leave(two)
    await feed.poll()
    assert len(prices.reads) == 2, "nobody watches"
    await feed.close()


async def test_a_bar_that_changes_or_another_source_is_news() -> None:
    prices = Prices(WTI=[1.0, 2.0])
    feed = prices.feed()
    watcher = await feed.watch(["WTI"], "", min_interval_s=0)
    await take(watcher)
    await feed.poll()
    assert await take(watcher) == []
    prices.closes["WTI"][-1] = 2.5
    await feed.poll()
    assert await take(watcher) == [(2.5, 0, False)]
    prices.source = "other"
    await feed.poll()
    assert await take(watcher) == [(2.5, 0, False)]
    await feed.close()


async def test_a_slow_reader_keeps_one_update_a_symbol_and_hears_how_many_it_missed() -> None:
    prices = Prices(WTI=[1.0], BRENT=[5.0])
    feed = prices.feed()
    watcher = await feed.watch(["WTI", "BRENT"], "", min_interval_s=0)
    await take(watcher)
    for price in range(1000):
        prices.closes["WTI"].append(float(price))
        await feed.poll()
        assert watcher.waiting_count <= 2
    assert await take(watcher) == [(999.0, 999, False)]
    await feed.close()


async def test_numbers_ascend_and_no_change_is_lost_between_them() -> None:
    watcher = Watcher(0.0)
    for sequence, symbol in ((1, "A"), (2, "B"), (3, "A"), (4, "A"), (5, "C")):
        watcher.put(PriceChange(sequence, symbol, "user", float(sequence), 1.0, sequence))
    sent = []
    while (one := await watcher.next(0.0)) is not None:
        sent.append((watcher.sequence, one.change.sequence))
    # A came first, and with its newest price; coming back after 1 gives B, C and A again, never less.
    assert sent == [(1, 4), (2, 2), (5, 5)]


async def test_who_comes_back_gets_what_was_missed() -> None:
    prices = Prices(WTI=[1.0])
    feed = prices.feed()
    first = await feed.watch(["WTI"], "", min_interval_s=0)
    await take(first)
    seen = first.sequence
    feed.leave(first)
    other = await feed.watch(["WTI"], "")  # somebody else goes on watching
    for price in (2.0, 3.0):
        prices.closes["WTI"].append(price)
        await feed.poll()
    again = await feed.watch(["WTI"], "", after_sequence=seen, min_interval_s=0)
    assert await take(again) == [(3.0, 1, False)]
    upto_date = await feed.watch(["WTI"], "", after_sequence=feed.sequence, min_interval_s=0)
    assert await take(upto_date) == []
    assert other.waiting_count == 1
    await feed.close()


async def test_who_was_away_for_too_long_gets_the_newest_state() -> None:
    prices = Prices(WTI=[1.0])
    feed = prices.feed()
    watcher = await feed.watch(["WTI"], "", min_interval_s=0)
    await take(watcher)
    seen = watcher.sequence
    for price in range(KEPT_CHANGES + 5):
        prices.closes["WTI"].append(float(price))
        await feed.poll()
    for number in (seen, 1, feed.sequence + 10**9):  # forgotten, of an earlier process, of nobody
        again = await feed.watch(["WTI"], "", after_sequence=number, min_interval_s=0)
        assert await take(again) == [(KEPT_CHANGES + 4.0, 0, True)], number
    await feed.close()


async def test_numbers_of_a_later_process_are_larger() -> None:
    first = Prices(WTI=[1.0]).feed()
    await asyncio.sleep(0.001)
    assert Prices(WTI=[1.0]).feed().sequence > first.sequence


async def test_an_unknown_symbol_is_refused_with_near_names_and_one_that_goes_does_not_hurt_the_others() -> None:
    prices = Prices(WTI=[1.0], BRENT=[5.0])
    feed = prices.feed()
    with pytest.raises(UnknownSymbolError) as caught:
        await feed.watch(["WTU"], "")
    assert "WTI" in str(caught.value)
    watcher = await feed.watch(["WTI", "BRENT"], "", min_interval_s=0)
    await take(watcher)
    del prices.closes["WTI"]
    prices.closes["BRENT"].append(6.0)
    await feed.poll()
    assert await take(watcher) == [(6.0, 0, False)]
    await feed.close()


def vendor(name: str, limit: int, *, usable: bool = True) -> SimpleNamespace:
    windows = [SimpleNamespace(length_s=86_400.0, limit=limit), SimpleNamespace(length_s=60.0, limit=5)]
    return SimpleNamespace(source=SimpleNamespace(name=name), limits=windows, usable=usable)


async def test_watching_uses_half_of_a_vendors_limits() -> None:
    feed = Prices(WTI=[1.0], BRENT=[2.0]).feed(vendor("alpha_vantage", 25), vendor("fmp", 40))
    await feed.watch(["WTI", "BRENT"], "alpha_vantage")
    assert feed._interval_s("alpha_vantage") == pytest.approx(2 * 2 * 86_400 / 25)
    assert feed._interval_s("") == 0.0
    await feed.watch(["WTI"], "auto")  # which asks all of them
    assert feed._interval_s("alpha_vantage") == feed._interval_s("auto") == pytest.approx(2 * 3 * 86_400 / 25)
    assert feed._interval_s("fmp") == pytest.approx(2 * 86_400 / 40)
    await feed.close()


async def test_a_vendor_is_looked_at_when_it_is_due_however_often_the_store_is() -> None:
    now_s = 0.0
    prices = Prices(WTI=[1.0])
    fetcher = SimpleNamespace(names=lambda: {"fmp"}, vendors=[vendor("fmp", 10)])
    feed = LiveFeed(prices.read, fetcher, poll_s=3600.0, clock=lambda: now_s)
    await feed.watch(["WTI"], "fmp")
    looks = []
    for hour in range(12):  # a look in 17,280 s
        now_s = 3600.0 * hour
        await feed.poll()
        looks.append(len(prices.reads))
    assert looks == [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3]
    await feed.close()


async def test_a_vendor_without_a_key_makes_nobody_wait() -> None:
    without = vendor("alpha_vantage", 25, usable=False)
    feed = Prices(WTI=[1.0]).feed(without, vendor("fmp", 40))
    await feed.watch(["WTI"], "auto")
    assert feed._interval_s("auto") == pytest.approx(2 * 86_400 / 40)
    await feed.close()
    prices = Prices(WTI=[1.0])
    feed = prices.feed(without)
    watcher = await feed.watch(["WTI"], "auto", min_interval_s=0)
    await take(watcher)
    prices.closes["WTI"].append(2.0)
    await feed.poll()
    assert await take(watcher) == [(2.0, 0, False)], "what is stored is looked at as often as ever"
    await feed.close()


async def test_the_shortest_interval_is_kept() -> None:
    watcher = Watcher(0.05)
    watcher.put(PriceChange(1, "A", "user", 1.0, 1.0, 1))
    assert await watcher.next(1.0) is not None
    watcher.put(PriceChange(2, "A", "user", 2.0, 1.0, 2))
    begin = asyncio.get_running_loop().time()
    assert await watcher.next(0.0) is None
    assert await watcher.next(1.0) is not None
    assert asyncio.get_running_loop().time() - begin >= 0.04


async def test_a_replay_has_every_bar_in_order_and_goes_on_where_it_stopped() -> None:
    both = [series("WTI", [1.0, 2.0, 3.0]), series("BRENT", [5.0, 6.0], first=1)]
    told = [[(one.sequence, one.symbol, one.price) for one in bar] for bar in replayed(both)]
    assert told == [[(1, "WTI", 1.0)], [(2, "WTI", 2.0), (3, "BRENT", 5.0)], [(4, "WTI", 3.0), (5, "BRENT", 6.0)]]
    watcher = Watcher(0.0)
    await replay(both, watcher, 1e5, after_sequence=2)
    assert await take(watcher) == [(6.0, 1, False), (3.0, 0, False)]
    assert watcher.ended

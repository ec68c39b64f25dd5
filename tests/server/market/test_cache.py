"""The price cache: the same answers as the store, whatever Redis does, and no waiting for it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from private_redis import FakeRedis, PrivateRedis

from riskwave.config.settings import CacheSettings, StoreSettings
from riskwave.server.market.cache import PriceCache, identity_of
from riskwave.server.market.cache_codec import CachedBars, decode_bars, encode_bars
from riskwave.server.market.cache_memory import MemoryTier
from riskwave.server.market.database import Database
from riskwave.server.market.series import PriceSeries, Selection, SeriesRows
from riskwave.server.market.store import PriceStore

DAY_NS = 86_400_000_000_000
BOTH = Selection.parse(["WTI", "BRENT"])
PART = Selection.parse(["WTI"], start_date="1970-01-11", end_date="1970-01-20")


def rows(symbol: str, count: int = 100, offset: float = 0.0) -> SeriesRows:
    times = np.arange(count) * DAY_NS
    volume = np.where(np.arange(count) > 50, 5.0, np.nan)
    return SeriesRows(symbol, times, np.arange(count) + offset, volume=volume)


@pytest.fixture
def path(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    database = Database(StoreSettings(url=url))
    database.upgrade()
    PriceStore(database).upsert("user", [rows("WTI"), rows("BRENT", 80, 0.5)])
    database.close()
    return url


@asynccontextmanager
async def opened(
    url: str, redis_url: str | None = None, patience_s: float | None = None
) -> AsyncIterator[tuple[PriceStore, PriceCache]]:
    """A server's store and cache; several of one database are several servers.

    With patience, a machine that is busy with other tests does not make Redis look slow.
    """
    database = Database(StoreSettings(url=url))
    store = PriceStore(database)
    cache = PriceCache(store, CacheSettings(redis_url=redis_url), asyncio.to_thread)
    if cache.redis is not None and patience_s is not None:
        cache.redis._timeout_s = patience_s
    try:
        yield store, cache
    finally:
        await cache.close()
        database.close()


def assert_same(found: list[PriceSeries], expected: list[PriceSeries]) -> None:
    assert [one.asset for one in found] == [one.asset for one in expected]
    for one, other in zip(found, expected, strict=True):
        for name in ("times", "close", "open", "high", "low", "volume"):
            ours, theirs = getattr(one, name), getattr(other, name)
            assert (ours is None) == (theirs is None), name
            if ours is not None:
                np.testing.assert_array_equal(ours, theirs)


async def test_memory_gives_what_the_store_gives_for_every_range(path: str) -> None:
    async with opened(path) as (store, cache):
        first = await cache.get(BOTH)
        assert (first.from_memory, first.from_redis) == (0, 0)
        for selection in (BOTH, PART, Selection.parse(["WTI"], start_date="2020-01-01")):
            read = await cache.get(selection)
            assert read.from_memory == len(selection.symbols)
            assert_same(read.series, store.get(selection))


async def test_an_import_by_another_server_is_seen_at_once(path: str) -> None:
    async with opened(path) as (_, cache), opened(path) as (other, _):
        await cache.get(BOTH)
        other.upsert("user", [rows("WTI", 101, 7.0)])
        read = await cache.get(BOTH)
        assert read.from_memory == 1
        assert_same(read.series, other.get(BOTH))
        assert read.series[0].close[0] == 7.0


async def test_two_imports_in_the_same_moment_have_two_versions(path: str) -> None:
    async with opened(path) as (store, cache):
        store._clock_ns = lambda: 1  # a clock that stands still, or was set back
        for offset in (1.0, 2.0):
            store.upsert("user", [rows("WTI", 100, offset)])
            assert (await cache.get(PART)).series[0].close[0] == 10 + offset


async def test_what_is_cached_cannot_be_changed(path: str) -> None:
    async with opened(path) as (_, cache):
        read = await cache.get(PART)
        with pytest.raises(ValueError, match="read-only"):
            read.series[0].close[0] = 1.0


def test_memory_is_bounded_by_bytes_and_age() -> None:
    now = 0.0
    tier = MemoryTier(100_000, clock=lambda: now)
    for number in range(50):
        tier.put(b"%d" % number, CachedBars.of(np.arange(500), {"close": np.ones(500)}), 100.0)
        assert tier.used_bytes <= 100_000
    assert tier.get(b"49") is not None
    assert tier.get(b"0") is None
    now = 111.0
    assert tier.get(b"49") is None


def test_entries_made_together_do_not_leave_together() -> None:
    now = 0.0
    tier = MemoryTier(1_000_000, clock=lambda: now)
    keys = [b"%d" % number for number in range(60)]
    for key in keys:
        tier.put(key, CachedBars.of(np.arange(5), {"close": np.ones(5)}), 100.0)
    left = []
    for moment in (89.0, 95.0, 100.0, 105.0, 111.0):
        now = moment
        left.append(sum(tier.get(key) is not None for key in keys))
    assert left[0] == 60
    assert left[-1] == 0
    assert len(set(left)) == 5


async def test_bars_within_the_day_leave_sooner(path: str) -> None:
    now = 0.0
    async with opened(path) as (store, cache):
        store.upsert("user", [SeriesRows("M5", np.arange(9) * 300_000_000_000, np.arange(9.0), frequency="5min")])
        cache.memory = MemoryTier(1_000_000, clock=lambda: now)
        wanted = Selection.parse(["M5", "WTI"])
        await cache.get(wanted)
        for moment, held in ((260.0, 2), (340.0, 1)):  # five minutes and thirty, a tenth more or less
            now = moment
            assert (await cache.get(wanted)).from_memory == held


def test_bytes_that_were_altered_are_no_entry() -> None:
    bars = CachedBars.of(np.arange(5), {"close": np.arange(5.0), "volume": np.array([np.nan, 1, 2, 3, 4])})
    data = encode_bars(b"key", bars)
    again = decode_bars(b"key", data)
    np.testing.assert_array_equal(again.times, bars.times)
    np.testing.assert_array_equal(again.columns["volume"], bars.columns["volume"])
    with pytest.raises(ValueError, match="digest"):
        decode_bars(b"other key", data)
    for place in range(len(data)):
        with pytest.raises(ValueError, match=r"entry|digest"):
            decode_bars(b"key", data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(ValueError, match=r"entry|digest"):
            decode_bars(b"key", data[:place])


async def test_a_store_has_one_identity(store_url: str) -> None:
    database, other = Database(StoreSettings(url=store_url)), Database(StoreSettings(url=store_url))
    database.upgrade()
    try:
        assert identity_of(database) == identity_of(other) != ""
    finally:
        database.close()
        other.close()


# ---- a real Redis ------------------------------------------------------------------------------------------------


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[PrivateRedis]:
    server = PrivateRedis(tmp_path)
    yield server
    server.kill()


async def filled(path: str, redis: PrivateRedis) -> None:
    async with opened(path, redis.url, patience_s=5.0) as (_, cache):
        await cache.get(BOTH)
        assert cache.redis is not None
        await cache.redis.settle()


@pytest.mark.services
async def test_a_second_server_finds_it_in_redis_and_then_in_memory(path: str, redis: PrivateRedis) -> None:
    await filled(path, redis)
    async with opened(path, redis.url, patience_s=5.0) as (store, cache):
        read = await cache.get(BOTH)
        assert (read.from_memory, read.from_redis) == (0, 2)
        assert_same(read.series, store.get(BOTH))
        assert (await cache.get(PART)).from_memory == 1
        with redis.client() as client:
            ages = [client.pttl(key) for key in client.keys("riskwave:prices:*")]
        assert len(ages) == 2
        assert all(1_500_000 < age < 2_000_000 for age in ages)  # half an hour, a tenth more or less


@pytest.mark.services
async def test_nonsense_in_redis_is_a_miss_and_is_replaced(path: str, redis: PrivateRedis) -> None:
    await filled(path, redis)
    with redis.client() as client:
        first, second = client.keys("riskwave:prices:*")
        good = client.get(first)
        client.set(first, b"nonsense")
        client.set(second, good)  # good bytes, of another series
    async with opened(path, redis.url, patience_s=5.0) as (store, cache):
        read = await cache.get(BOTH)
        assert read.from_redis == 0
        assert_same(read.series, store.get(BOTH))
        await cache.redis.settle()
    async with opened(path, redis.url, patience_s=5.0) as (_, cache):
        assert (await cache.get(BOTH)).from_redis >= 1


@pytest.mark.services
async def test_a_flushed_redis_is_filled_again(path: str, redis: PrivateRedis) -> None:
    await filled(path, redis)
    with redis.client() as client:
        client.flushall()
    async with opened(path, redis.url, patience_s=5.0) as (store, cache):
        read = await cache.get(BOTH)
        assert_same(read.series, store.get(BOTH))
        await cache.redis.settle()
        with redis.client() as client:
            assert client.dbsize() == 2


@pytest.mark.services
async def test_a_full_redis_is_still_read(path: str, redis: PrivateRedis) -> None:
    await filled(path, redis)
    with redis.client() as client:
        client.config_set("maxmemory", "1")
        client.config_set("maxmemory-policy", "noeviction")
    async with opened(path, redis.url, patience_s=5.0) as (store, cache):
        assert (await cache.get(BOTH)).from_redis == 2
        store.upsert("user", [rows("WTI", 100, 3.0)])
        assert_same((await cache.get(BOTH)).series, store.get(BOTH))
        await cache.redis.settle()
        assert cache.redis.is_open


@pytest.mark.services
@pytest.mark.parametrize("fault", ["freeze", "kill"])
async def test_redis_gone_costs_200_ms_once_and_comes_back(path: str, redis: PrivateRedis, fault: str) -> None:
    await filled(path, redis)
    async with opened(path, redis.url) as (store, cache):
        await cache.get(PART)
        expected = store.get(BOTH)
        cache.memory.clear()
        getattr(redis, fault)()
        costs = []
        for _ in range(5):
            cache.memory.clear()
            begin = time.perf_counter()
            assert_same((await cache.get(BOTH)).series, expected)
            costs.append(time.perf_counter() - begin)
        assert costs[0] < 0.4
        assert max(costs[1:]) < 0.1
        assert not cache.health.healthy
        assert "left alone" in cache.health.detail
        if fault == "freeze":
            redis.thaw()
        else:
            redis.start()
        deadline = time.monotonic() + 20
        while not cache.health.healthy:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        cache.memory.clear()
        assert_same((await cache.get(BOTH)).series, expected)


def _half(connection, _data) -> None:
    connection.sendall(b"*2\r\n$5000\r\nhalf of an ans")


def _drip(connection, _data) -> None:
    connection.sendall(b"*2\r\n$5000\r\n")
    for _ in range(100):
        time.sleep(0.05)
        connection.sendall(b"x")


def _slow(connection, data) -> None:
    """What it says is right, and takes half of the time that an answer waits."""
    if b"MGET" in data:
        time.sleep(0.1)
        connection.sendall(b"*2\r\n$-1\r\n$-1\r\n")
    else:
        connection.sendall(b"+OK\r\n" * data.count(b"*"))


@pytest.mark.parametrize(
    "answer",
    [
        _slow,
        lambda _connection, _data: None,
        _half,
        _drip,
        lambda connection, _data: connection.sendall(b"\x00\xff garbage \r\n" * 50),
        lambda connection, _data: connection.sendall(b"*999999999\r\n"),
        lambda connection, _data: connection.sendall(b"+OK\r\n"),
        lambda connection, _data: connection.sendall(b"-LOADING\r\n"),
        lambda connection, _data: connection.close(),
    ],
    ids=[
        "slow",
        "silent",
        "stops_mid_answer",
        "drips",
        "garbage",
        "endless_array",
        "wrong_type",
        "loading",
        "hangs_up",
    ],
)
async def test_whatever_redis_answers_the_prices_are_right(path: str, answer: Callable[..., None]) -> None:
    fake = FakeRedis(answer)
    try:
        async with opened(path, fake.url) as (store, cache):
            expected = store.get(BOTH)
            costs = []
            for _ in range(4):
                cache.memory.clear()
                begin = time.perf_counter()
                assert_same((await cache.get(BOTH)).series, expected)
                costs.append(time.perf_counter() - begin)
            assert costs[0] < 0.4
            assert max(costs[1:]) < 0.15
            assert not cache.redis.is_open
    finally:
        fake.close()


async def test_a_password_is_shown_nowhere(path: str) -> None:
    async with opened(path, "redis://user:s3cret@127.0.0.1:1/0") as (_, cache):
        await cache.get(PART)
        assert not cache.health.healthy
        assert "s3cret" not in repr(cache.health)


async def test_nothing_is_asked_of_a_store_in_which_nothing_was_stored(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    database, other = Database(StoreSettings(url=url)), Database(StoreSettings(url=url))
    database.upgrade()
    store = PriceStore(database)
    store.upsert("user", [SeriesRows("X", np.arange(3), np.array([1.0, 2.0, 3.0]))])
    asked: list[str] = []

    async def run_io(work: Callable[..., Any], *arguments: Any) -> Any:
        asked.append(work.__name__)
        return work(*arguments)

    cache = PriceCache(store, CacheSettings(), run_io)
    wanted = Selection.parse(["X"])
    await cache.get_series(wanted)  # writes the store's identity
    for closes in ([1.0, 2.0, 4.0], [1.0, 5.0, 4.0]):
        writer = PriceStore(other if closes[1] == 2.0 else database)  # another process, then this one
        writer.upsert("user", [SeriesRows("X", np.arange(3), np.array(closes))])
        asked.clear()
        assert (await cache.get_series(wanted))[0].close.tolist() == closes
        assert "_heads" in asked
        asked.clear()
        for _ in range(3):
            assert (await cache.get_series(wanted))[0].close.tolist() == closes
        assert asked == []
    cache._mark.close()  # as after a failure: what was known is not believed any more
    cache._mark._path = None
    await cache.get_series(wanted)
    assert asked == ["_heads"]
    await cache.close()
    for one in (database, other):
        one.close()

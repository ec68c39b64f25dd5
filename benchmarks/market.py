"""Prices: a cached series from each tier, a large import, and five hundred watchers; peers in the same run.

Peers do by hand what a tier is for: a plain dictionary, redis-py with NumPy's own bytes, SQLAlchemy, PostgreSQL's COPY
and executemany; they neither check a row nor know what was there before. Rounds alternate and the best of each counts.
Redis and PostgreSQL are private ones, started here; what is not installed is left out with a line.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
import sqlalchemy as sa

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "tests" / "support")]

from riskwave.config.settings import CacheSettings, StoreSettings  # noqa: E402 - behind the tests' helpers
from riskwave.server.market.cache import PriceCache  # noqa: E402
from riskwave.server.market.database import Database  # noqa: E402
from riskwave.server.market.series import Selection, SeriesRows  # noqa: E402
from riskwave.server.market.store import PriceStore  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BARS = 10_000
IMPORT_ROWS = int(os.environ.get("RISKWAVE_BENCH_ROWS", "1000000"))
ROUNDS = 15
MINUTE_NS = 60_000_000_000
WATCHERS = 500
WATCHED_SYMBOLS = 50
UPDATES_PER_SECOND = 10
WATCH_S = float(os.environ.get("RISKWAVE_BENCH_WATCH_S", "10"))
WTI = Selection.parse(["WTI"])


def show(name: str, ours: float, theirs: float, unit: str, reach: str = "") -> None:
    """Print one line: what, ours, the peer's, the ratio and what it is to reach."""
    aim = f" ({reach})" if reach else ""
    print(
        f"{name:<44} {ours:11,.3f} {unit:<4} peer {theirs:11,.3f} {unit:<4} ratio {ours / theirs:6.2f}{aim}", flush=True
    )


async def best(*works: Callable[[], Awaitable[object]], rounds: int = ROUNDS) -> list[float]:
    """Return the shortest time of each work in milliseconds, their rounds in turn."""
    times = [[0.0] * rounds for _ in works]
    for number in range(rounds):
        for place, work in enumerate(works):
            begin = time.perf_counter()
            await work()
            times[place][number] = (time.perf_counter() - begin) * 1e3
    return [min(column) for column in times]


def rows(symbol: str, count: int) -> SeriesRows:
    """Return a random walk."""
    closes = 100.0 + np.cumsum(np.random.default_rng(7).normal(0.0, 0.01, count))
    return SeriesRows(symbol, np.arange(count) * MINUTE_NS, closes, category="energy")


def by_hand(engine: sa.Engine) -> tuple[np.ndarray, np.ndarray]:
    """Read a series as SQLAlchemy's documentation shows it."""
    query = sa.text(
        "SELECT time_ns, close FROM prices JOIN series ON series.id = series_id WHERE symbol = 'WTI' ORDER BY time_ns"
    )
    with engine.connect() as connection:
        found = connection.execute(query).all()
    return np.array([row[0] for row in found]), np.array([row[1] for row in found])


async def compare_reads(url: str, redis_url: str | None) -> None:
    """Print a cached series from each tier."""
    database = Database(StoreSettings(url=url))
    database.upgrade()
    store = PriceStore(database)
    store.upsert("user", [rows("WTI", BARS)])
    cache = PriceCache(store, CacheSettings(redis_url=redis_url), asyncio.to_thread)
    kind = "SQLite" if database.kind == "sqlite" else "PostgreSQL"

    async def stored() -> object:
        return await asyncio.to_thread(store.get, WTI)

    async def hand() -> object:
        return await asyncio.to_thread(by_hand, database.engine)

    ours, theirs = await best(stored, hand)
    show(f"{BARS:,} bars from {kind}, SQLAlchemy by hand", ours, theirs, "ms", "at most 1.0")
    await cache.get(WTI)
    head = (await asyncio.to_thread(cache._heads, WTI))[0]
    held = {head.key: cache.memory.get(head.key)}

    async def tier() -> object:
        return [cache.memory.get(head.key) for _ in range(1000)]

    async def plain() -> object:
        return [held.get(head.key) for _ in range(1000)]

    ours, theirs = await best(tier, plain)
    show("memory tier alone (a look-up), dict.get", ours, theirs, "us")

    async def whole() -> object:
        return await cache.get(WTI)

    async def version() -> object:
        return await asyncio.to_thread(cache._heads, WTI)

    ours, theirs = await best(whole, version)
    show(f"whole read from memory, {kind}'s version query", ours, theirs, "ms", "at most 1.2")
    if cache.redis is not None and redis_url is not None:
        await compare_redis(cache, redis_url, head.key)
    await cache.close()
    database.close()


async def compare_redis(cache: PriceCache, url: str, key: bytes) -> None:
    """Print the second tier beside redis-py."""
    from redis.asyncio import Redis

    from riskwave.server.market.cache_codec import decode_bars

    assert cache.redis is not None
    await cache.redis.settle()
    tier = cache.redis
    async with Redis.from_url(url, protocol=2) as client:
        held = cache.memory.get(key)
        assert held is not None
        await client.set("by-hand", held.times.tobytes() + held.columns["close"].tobytes())

        async def ours() -> object:
            value = (await tier.get([key]))[0]
            assert value is not None
            return decode_bars(key, value)

        async def theirs() -> object:
            value = await client.get("by-hand")
            return np.frombuffer(value, dtype=np.float64).copy()

        mine, peer = await best(ours, theirs)
        show(f"{BARS:,} bars from Redis, redis-py by hand", mine, peer, "ms", "at most 2.0")


def compare_import(url: str) -> None:
    """Print a bulk upsert beside what the database can do by hand, without looking at a row."""
    given = rows("BIG", IMPORT_ROWS)
    database = Database(StoreSettings(url=url))
    database.upgrade()
    begin = time.perf_counter()
    PriceStore(database).upsert("user", [given])
    ours = time.perf_counter() - begin
    kind = database.kind
    database.close()
    values = list(zip(given.times.tolist(), given.close.tolist(), strict=True))
    table = "CREATE TABLE by_hand (time_ns BIGINT PRIMARY KEY, close DOUBLE PRECISION NOT NULL)"
    if kind == "sqlite":
        with sqlite3.connect(sa.make_url(url).database + ".hand") as connection:
            connection.execute(table)
            begin = time.perf_counter()
            connection.executemany("INSERT INTO by_hand VALUES (?, ?)", values)
            connection.commit()
            show(f"upsert of {IMPORT_ROWS:,} rows, SQLite executemany", ours, time.perf_counter() - begin, "s")
        return
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(table)
        begin = time.perf_counter()
        with cursor.copy("COPY by_hand FROM STDIN") as copy:
            for row in values:
                copy.write_row(row)
        connection.commit()
        show(f"upsert of {IMPORT_ROWS:,} rows, COPY by hand", ours, time.perf_counter() - begin, "s")
        cursor.execute("TRUNCATE by_hand")
        part = values[: IMPORT_ROWS // 10]
        begin = time.perf_counter()
        cursor.executemany("INSERT INTO by_hand VALUES (%s, %s)", part)
        connection.commit()
        ten = (time.perf_counter() - begin) * 10
        show(f"upsert of {IMPORT_ROWS:,} rows, executemany (a tenth x 10)", ours, ten, "s")


FEED = """
import asyncio, os, resource, sys, time
import numpy as np
os.sched_setaffinity(0, {0})
from riskwave.config import Settings
from riskwave.server.app import build_server
from riskwave.server.market.feed_watcher import PriceChange

def rss_mib():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20

async def main(symbols, rate, seconds):
    settings = Settings(profile="test", limits={"concurrent_calls": 2000}, logging={"level": "WARNING"},
                        market={"live_poll_s": 3600})
    server = build_server(settings)
    async def compile_nothing():
        pass
    server.runtime.kernels.start = compile_nothing  # it would share the core
    await server.start()
    feed = server.runtime.feed
    names = [f"S{number}" for number in range(symbols)]
    from riskwave.server.market.series import SeriesRows
    rows = [SeriesRows(name, np.array([0, 1]), np.array([1.0, 2.0])) for name in names]
    await asyncio.to_thread(server.runtime.market.prices.upsert, "user", rows)
    print(server.port, flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    before, used = rss_mib(), time.process_time()
    begin, count = time.monotonic(), 0
    while time.monotonic() < begin + seconds:
        subject = feed._subjects[names[count % symbols], ""]
        feed._sequence += 1
        feed.publish(subject, PriceChange(feed._sequence, subject.symbol, "user", 1.0, 1.0, time.time_ns()))
        count += 1
        await asyncio.sleep(max(0.0, begin + count / rate - time.monotonic()))
    print(rss_mib() - before, (time.process_time() - used) / seconds, count, flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await server.stop(0)

asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
"""


async def watch(port: int, delays: list[float], began: list[int]) -> None:
    """Watch all symbols over one connection of its own and note how old each update is when it arrives."""
    import grpc

    from riskwave.v1 import market_data_service_pb2 as pb

    request = pb.WatchPricesRequest(symbols=[f"S{number}" for number in range(WATCHED_SYMBOLS)])
    request.min_interval.SetInParent()
    # Several connections: gRPC gives one at most a hundred streams at a time without being told otherwise.
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", [("grpc.use_local_subchannel_pool", 1)]) as channel:
        open_stream = channel.unary_stream(
            "/riskwave.v1.MarketDataService/WatchPrices",
            request_serializer=pb.WatchPricesRequest.SerializeToString,
            response_deserializer=pb.WatchPricesResponse.FromString,
        )

        async def one() -> None:
            async for message in open_stream(request):
                if message.snapshot:
                    began[0] += 1
                elif message.WhichOneof("event") == "update":
                    delay_ns = time.time_ns() - message.update.time
                    delays.append(delay_ns / 1e6)

        await asyncio.gather(*(one() for _ in range(WATCHERS // 10)), return_exceptions=True)


async def compare_watchers() -> None:
    """Print the delay of updates to all watchers, the server on one core."""
    command = [sys.executable, "-c", FEED, str(WATCHED_SYMBOLS), str(UPDATES_PER_SECOND), str(WATCH_S)]
    process = await asyncio.create_subprocess_exec(*command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    port, began = 0, [0]
    delays: list[float] = []
    while not port:
        line = await process.stdout.readline()
        assert line, "the server did not start"
        port = int(line) if line.strip().isdigit() else 0
    tasks = [asyncio.create_task(watch(port, delays, began)) for _ in range(10)]
    async with asyncio.timeout(120):
        while began[0] < WATCHERS * WATCHED_SYMBOLS:  # noqa: ASYNC110 - counts what comes over the wire
            await asyncio.sleep(0.1)
    process.stdin.write(b"\n")
    parts: list[bytes] = []
    while len(parts) != 3:
        line = await process.stdout.readline()
        assert line, "the server ended"
        parts = line.split()
    await asyncio.sleep(0.5)
    begin = time.perf_counter()
    await process.communicate(b"\n")  # reads the log lines of the ends, too: a full pipe would stop the server
    stopped_s = time.perf_counter() - begin
    for task in tasks:
        task.cancel()
    grown, load, sent = float(parts[0]), float(parts[1]), int(parts[2])
    p50, p99 = np.percentile(delays, [50, 99])
    print(
        f"{WATCHERS} watchers of {WATCHED_SYMBOLS} symbols, {UPDATES_PER_SECOND} updates/s on one core: "
        f"{len(delays):,} of {sent * WATCHERS:,} delivered, delay p50 {p50:.1f} ms, p99 {p99:.1f} ms (below 100), "
        f"memory {grown:+.1f} MiB, core {load:.0%} busy; stopped within {stopped_s:.1f} s",
        flush=True,
    )


def main() -> None:
    """Start the private parts, compare, and stop them."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        redis_url = None
        if shutil.which("redis-server"):
            from private_redis import PrivateRedis

            server = PrivateRedis(Path(folder))
            stack.callback(server.kill)
            redis_url = server.url
        else:
            print("no redis-server here: its tier is left out")
        urls: list[Any] = [f"sqlite:///{folder}/prices.sqlite3"]
        if sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
            from private_postgresql import PrivatePostgreSQL

            database = PrivatePostgreSQL()
            stack.callback(database.stop)
            database.start()
            urls.append(database.new_database())
        else:
            print("no PostgreSQL here: it is left out")
        for url in urls:
            asyncio.run(compare_reads(url, redis_url))
        for url in urls:
            compare_import(url)
    asyncio.run(compare_watchers())


if __name__ == "__main__":
    main()

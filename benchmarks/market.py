"""Prices: a cached series from each tier, large imports, and five hundred watchers; peers in the same run.

Peers do by hand what a tier is for: a plain dictionary, redis-py with NumPy's own bytes, SQLAlchemy, PostgreSQL's COPY
and executemany; they neither check a row nor know what was there before. Rounds alternate and the best of each counts.
Redis and PostgreSQL are private ones, started here; what is not installed is left out with a line.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _market_store
import _market_watchers
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


def main() -> None:
    """Start the private parts, compare, and stop them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ten-million", action="store_true", help="also a store of 10,000,000 rows: some minutes")
    arguments = parser.parse_args()
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
        if arguments.ten_million:
            _market_store.main([f"sqlite:///{folder}/large.sqlite3", *(database.new_database() for _ in urls[1:])])
    _market_watchers.main()


if __name__ == "__main__":
    main()

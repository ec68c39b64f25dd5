"""A store of ten million rows: loaded in bulk, then read and written at random places of it."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from riskwave.config.settings import StoreSettings
from riskwave.server.market.backup import back_up
from riskwave.server.market.coverage import coverage_of
from riskwave.server.market.database import Database
from riskwave.server.market.series import Selection, SeriesRows
from riskwave.server.market.store import PriceStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SERIES = 500
BARS = int(os.environ.get("RISKWAVE_BENCH_STORE_ROWS", "10000000")) // SERIES
DAY_NS = 86_400_000_000_000
CALLS = 40


def bars(symbol: str, first: int, count: int) -> SeriesRows:
    """Return a random walk of daily bars from 1960 on."""
    closes = 100.0 + np.cumsum(np.random.default_rng(first + count).normal(0.0, 0.01, count))
    return SeriesRows(symbol, (np.arange(first, first + count) - 3652) * DAY_NS, closes, category="other")


def median_ms(work: Callable[[int], object]) -> float:
    """Return the median time of a call, each of another series."""
    times = []
    for number in range(CALLS):
        begin = time.perf_counter()
        work(number * 7 % SERIES)
        times.append(time.perf_counter() - begin)
    return float(np.median(times)) * 1e3


def measure(url: str) -> None:
    """Load a store and print how it does."""
    database = Database(StoreSettings(url=url))
    database.upgrade()
    store = PriceStore(database)
    begin = time.perf_counter()
    for start in range(0, SERIES, 10):
        store.upsert("user", [bars(f"S{number}", 0, BARS) for number in range(start, start + 10)])
    loaded_s = time.perf_counter() - begin
    kind = "SQLite" if database.kind == "sqlite" else "PostgreSQL"
    rows = sum(one.row_count for one in store.sources())

    def newest(number: int, count: int) -> Selection:
        day = np.datetime64("1960-01-02", "D")
        return Selection.parse([f"S{number}"], "", str(day + BARS - count), str(day + BARS - 1))

    def gaps(number: int) -> object:
        (one,) = store.get(Selection.parse([f"S{number}"]))
        return coverage_of(one, "24/7"), store.revisions(one.asset)

    point, range_ms, whole = (median_ms(lambda n, k=k: store.get(newest(n, k))) for k in (1, 1000, BARS))
    gaps(0)  # loads the calendar
    report = median_ms(gaps)
    described = median_ms(lambda _: store.assets())
    added = median_ms(lambda number: store.upsert("user", [bars(f"S{number}", BARS, 5)]))
    print(
        f"{kind}, {rows:,} rows in {SERIES} series: bulk load {rows / loaded_s:,.0f} rows/s; one bar {point:.1f} ms, "
        f"1,000 bars {range_ms:.1f} ms, {BARS:,} bars {whole:.1f} ms; gaps report of {BARS:,} bars {report:.1f} ms; "
        f"coverage of all series {described:.1f} ms; five new bars stored {added:.1f} ms",
        flush=True,
    )
    database.close()
    if kind == "SQLite":
        with tempfile.TemporaryDirectory() as folder:
            begin = time.perf_counter()
            copy = Path(folder) / "copy.sqlite3"
            back_up(StoreSettings(url=url), copy)
            seconds = time.perf_counter() - begin
            print(f"backup of it {seconds:.1f} s, {copy.stat().st_size / 2**20:,.0f} MiB", flush=True)


def main(urls: Sequence[str]) -> None:
    """Measure each store."""
    for url in urls:
        measure(url)

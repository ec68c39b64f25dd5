"""A vendor's faults, through tiers and store: nothing lost, nothing wrong stored, no key told, the caller told."""

import asyncio
import datetime as dt
import gzip
import json
import logging
import sqlite3
import time

import numpy as np
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from riskwave.config.settings import StoreSettings
from riskwave.server.market import fetch
from riskwave.server.market.budget import Budget
from riskwave.server.market.database import Database
from riskwave.server.market.errors import StoreUnavailableError
from riskwave.server.market.fetch import Vendor
from riskwave.server.market.fetch_breaker import CircuitBreaker
from riskwave.server.market.fetch_series import SeriesFetcher
from riskwave.server.market.fetch_tiers import AllSourcesFailedError, TieredFetcher
from riskwave.server.market.series import Selection, SeriesRows
from riskwave.server.market.sources import SOURCES, Window
from riskwave.server.market.sources._network import HttpTransport
from riskwave.server.market.store import PriceStore

KEY = "s3cr3tKEYs3cr3t"
NOW_NS = int(dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC).timestamp()) * 1_000_000_000
DAY_NS = 86_400_000_000_000
YEAR_NS = 365 * DAY_NS
GOOD = {
    "name": "Crude Oil Prices WTI",
    "interval": "daily",
    "unit": "dollars per barrel",
    "data": [{"date": "2026-11-18", "value": "60.5"}, {"date": "2026-11-17", "value": "60.1"}],
}
ECHO = f"We have detected your API key as {KEY} and our standard API rate limit is 25 requests per day"


class Bench:
    """Alpha Vantage and a store; yesterday's bar is stored and due."""

    def __init__(self, vendor, answers, path):
        self.vendor, self.answers = vendor, answers
        self.now_ns = NOW_NS
        self.path = path
        self.database = Database(StoreSettings(url=f"sqlite:///{path}", busy_timeout_s=0.2))
        self.database.upgrade()
        self.store = PriceStore(self.database)
        self.budget = Budget(None)
        source = SOURCES.get("alpha_vantage")
        self.transport = HttpTransport(base_urls={source.base_url: vendor.url}, body_bytes_max=1 << 20)
        self.asked = Vendor(
            source,
            self.transport,
            self.budget,
            key=SecretStr(KEY),
            limits=(Window(1000, 1.0),),
            breaker=CircuitBreaker(failure_count_max=5),
        )
        series = SeriesFetcher({"alpha_vantage": self.asked}, self.store, clock_ns=lambda: self.now_ns)
        self.fetcher = TieredFetcher(series, clock_ns=lambda: self.now_ns)

    def answer(self, *given):
        self.vendor.answer("/query", *given)

    async def get(self, timeout_s=5.0):
        return await self.fetcher.get(["WTI"], "auto", timeout_s=timeout_s)

    def stored(self):
        return self.store.get(Selection.parse(["WTI"], "alpha_vantage"))[0].close.tolist()


@pytest.fixture
async def bench(vendor, answers, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "BACK_OFF_S", 0.01)
    made = Bench(vendor, answers, tmp_path / "store.sqlite3")
    yield made
    await made.transport.close()
    made.budget.close()
    made.database.close()


def with_rows(answers, *rows):
    return answers.reply(GOOD | {"data": rows})


FAULTS = {
    "slow": (lambda a: a.dripping(GOOD, 0.5), "no complete answer"),
    "hanging": (lambda a: a.hang, "no complete answer"),
    "resetting": (lambda a: a.reset, "UPSTREAM_BROKEN"),
    "truncated": (lambda a: a.truncated(GOOD), "UPSTREAM_BROKEN"),
    "truncated gzip": (
        lambda a: a.reply(gzip.compress(json.dumps(GOOD).encode())[:-9], Content_Encoding="gzip"),
        "UPSTREAM_BROKEN",
    ),
    "oversized": (lambda a: a.endless, "BAD_PAYLOAD"),
    "gzip bomb": (lambda a: a.bomb(64), "BAD_PAYLOAD"),
    "wrong content type": (lambda a: a.reply(GOOD, content_type="text/html"), "content type text/html"),
    "redirected": (lambda a: a.reply("", 302, Location=f"http://127.0.0.1:1/?apikey={KEY}"), "BAD_PAYLOAD"),
    "server error with the key in it": (
        lambda a: a.reply(f"<pre>GET /query?apikey={KEY} failed</pre>", 500, "text/html"),
        "status 500",
    ),
    "quota with the key in it": (lambda a: a.reply({"Information": ECHO}), "QUOTA_EXHAUSTED"),
    "half a document": (lambda a: a.reply(json.dumps(GOOD)[:-20]), "BAD_PAYLOAD"),
    "not a document": (lambda a: a.reply("certainly not JSON"), "BAD_PAYLOAD"),
    "empty": (lambda a: a.reply(""), "BAD_PAYLOAD"),
    "another list": (lambda a: a.reply([1, 2, 3]), "BAD_PAYLOAD"),
    "renamed list": (lambda a: a.reply(GOOD | {"rows": GOOD["data"], "data": None}), "BAD_PAYLOAD"),
    "renamed value": (lambda a: with_rows(a, {"date": "2026-11-18", "val": "60.5"}), "BAD_PAYLOAD"),
    "renamed date": (lambda a: with_rows(a, {"day": "2026-11-18", "value": "60.5"}), "BAD_PAYLOAD"),
    "renamed unit": (lambda a: a.reply(GOOD | {"unit": None, "units": GOOD["unit"]}), "BAD_PAYLOAD"),
    "one row of another kind": (lambda a: with_rows(a, *GOOD["data"], {"date": "soon", "value": "1"}), "BAD_PAYLOAD"),
    "a price beyond all prices": (lambda a: with_rows(a, {"date": "2026-11-18", "value": "1e300"}), "BAD_PAYLOAD"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_loses_nothing_stores_nothing_and_is_told_without_the_key(bench, answers, fault, caplog):
    make, words = FAULTS[fault]
    bench.answer(answers.reply(GOOD))
    await bench.get()
    bench.now_ns += DAY_NS  # the stored bars are due now
    bench.answer(make(answers))
    caplog.set_level(logging.DEBUG)
    started = time.perf_counter()
    with capture_logs() as lines:
        fetched = await bench.get(timeout_s=1.0)
    assert time.perf_counter() - started < 4.0
    (one,) = fetched.series
    assert (one.stale, one.prices.close.tolist()) == (True, [60.1, 60.5])
    assert bench.stored() == [60.1, 60.5]
    refused, stale = fetched.outcomes
    assert (refused.source, refused.status, stale.status) == ("alpha_vantage", "refused", "stale")
    assert words in refused.detail
    assert "3.6 days old" in stale.detail or "4 days old" in stale.detail
    told = [str(lines), caplog.text, str(fetched.outcomes), str(fetched.warnings), bench.asked.health.last_error]
    assert KEY not in "".join(told)
    assert any(line["event"] == "vendor did not deliver" for line in lines)


@pytest.mark.parametrize("fault", [name for name in FAULTS if "quota" not in name])
async def test_the_next_good_answer_counts_again(bench, answers, fault):
    """Nothing of a fault is remembered as if it had been an answer."""
    make, _ = FAULTS[fault]
    bench.answer(make(answers))
    with pytest.raises(AllSourcesFailedError) as caught:
        await bench.get(timeout_s=0.6)
    assert KEY not in str(caught.value)
    assert bench.store.sources() == []
    bench.answer(answers.reply(GOOD))
    assert (await bench.get()).series[0].prices.close.tolist() == [60.1, 60.5]


async def test_an_error_and_then_an_answer_is_an_answer(bench, answers):
    bench.answer(answers.reply("oops", 500, "text/html"), answers.truncated(GOOD), answers.reply(GOOD))
    fetched = await bench.get()
    (outcome,) = fetched.outcomes
    assert outcome.status == "ok"
    assert outcome.detail.startswith("answered at attempt 3; before, UPSTREAM_BROKEN")
    assert len(bench.vendor.asked) == 3


async def test_a_limit_in_the_middle_of_a_batch_loses_nothing_of_it(bench, answers):
    """Of three symbols two are had before the day's limit: they are stored, and not asked for again."""

    async def spent(writer):
        while len(bench.store.assets()) < 2:  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(0.01)
        await answers.reply({"Information": ECHO})(writer)

    bench.answer(answers.reply(GOOD))
    bench.vendor.answer("/query?function=ALUMINUM", spent)
    symbols = ["WTI", "BRENT", "ALUMINUM"]
    with pytest.raises(AllSourcesFailedError) as caught:
        await bench.fetcher.get(symbols, "auto", timeout_s=5.0)
    assert KEY not in str(caught.value)
    had = {one.symbol for one in bench.store.assets()}
    (missed,) = set(symbols) - had
    assert caught.value.symbols == (missed,)
    assert [(one.symbol, one.status) for one in caught.value.outcomes] == [(missed, "refused")]
    assert "QUOTA_EXHAUSTED" in str(caught.value)
    again = await bench.fetcher.get(sorted(had), "auto", timeout_s=5.0)
    assert [one.prices.close.tolist() for one in again.series] == [[60.1, 60.5]] * 2
    assert [one.detail for one in again.outcomes] == ["everything is stored already"] * 2
    assert len(bench.vendor.asked) == 3


async def test_a_store_that_is_locked_loses_no_answer_and_asks_for_none_twice(bench, answers):
    bench.answer(answers.reply(GOOD))
    other = sqlite3.connect(bench.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(2):
        with pytest.raises(StoreUnavailableError, match="locked"):
            await bench.get()
    other.execute("ROLLBACK")
    other.close()
    fetched = await bench.get()
    assert fetched.series[0].prices.close.tolist() == bench.stored() == [60.1, 60.5]
    assert len(bench.vendor.asked) == 1


async def test_an_answer_that_waited_too_long_is_asked_for_again(bench, answers):
    bench.answer(answers.reply(GOOD))
    other = sqlite3.connect(bench.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailableError):
        await bench.get()
    other.close()
    bench.now_ns += DAY_NS
    await bench.get()
    assert len(bench.vendor.asked) == 2


@pytest.mark.parametrize("jump_ns", [-DAY_NS, 2 * YEAR_NS])
async def test_a_clock_that_was_wrong_while_something_was_stored_hides_nothing_for_ever(bench, answers, jump_ns):
    bench.answer(answers.reply(GOOD), answers.reply(GOOD | {"data": [{"date": "2026-11-19", "value": "61"}]}))
    bench.now_ns += jump_ns
    await bench.get()
    bench.now_ns = NOW_NS
    assert (await bench.get()).series[0].prices.close.tolist() == [60.1, 60.5, 61.0]
    assert len(bench.vendor.asked) == 2


async def test_imports_of_the_user_are_never_touched_by_a_vendor(bench, answers):
    bench.store.upsert("user", [SeriesRows("WTI", *_one_bar("2026-11-18", 1.0))])
    bench.answer(answers.reply(GOOD))
    await bench.get()
    assert bench.store.get(Selection.parse(["WTI"], "user"))[0].close.tolist() == [1.0]


def _one_bar(day, price):
    return np.array([day], dtype="datetime64[ns]").astype(np.int64), np.array([price])

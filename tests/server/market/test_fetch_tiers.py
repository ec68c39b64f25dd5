"""Vendors, store and tiers together: real requests to a server on this machine, a real store."""

import asyncio
import datetime as dt
import time

import numpy as np
import pytest
from pydantic import SecretStr

from riskwave.compute.errors import InputError, UnknownNameError
from riskwave.config.settings import StoreSettings
from riskwave.server.market.budget import Budget
from riskwave.server.market.database import Database
from riskwave.server.market.errors import StoreUnavailableError, UnknownSymbolError
from riskwave.server.market.fetch import Vendor
from riskwave.server.market.fetch_series import Freshness, SeriesFetcher
from riskwave.server.market.fetch_tiers import AllSourcesFailedError, TieredFetcher
from riskwave.server.market.series import Selection, SeriesRows
from riskwave.server.market.sources import SOURCES, Window
from riskwave.server.market.sources._network import HttpTransport
from riskwave.server.market.store import PriceStore

ORDER = ("alpha_vantage", "fmp", "commodity_price_api", "api_ninjas")
NOW = dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
UNLIMITED = (Window(1000, 1.0),)
PREMIUM = {"Information": "This is a premium endpoint"}


def wti(**prices):
    data = [{"date": date.replace("_", "-").strip("d"), "value": value} for date, value in prices.items()]
    return {"name": "WTI", "interval": "daily", "unit": "dollars per barrel", "data": data[::-1]}


def future(symbol, **prices):
    return [
        {"symbol": symbol, "date": date.replace("_", "-").strip("d"), "close": price, "open": price}
        for date, price in prices.items()
    ]


class Bench:
    def __init__(self, vendor, answers):
        self.vendor, self.answers = vendor, answers
        self.now_ns = int(NOW.timestamp()) * 1_000_000_000
        self.database = Database(StoreSettings(url="sqlite://"))
        self.database.upgrade()
        self.store = PriceStore(self.database)
        self.budget = Budget(None)
        self.transport = HttpTransport(base_urls={SOURCES.get(name).base_url: vendor.url for name in ORDER})
        self.fetcher = self.make()

    def make(self, names=ORDER, key="s3cr3tKEYs3cr3t"):
        vendors = {
            name: Vendor(
                SOURCES.get(name),
                self.transport,
                self.budget,
                key=SecretStr(key) if key else None,
                limits=UNLIMITED,
            )
            for name in names
        }
        series = SeriesFetcher(
            vendors, self.store, freshness=Freshness(), equities=("AAPL",), clock_ns=lambda: self.now_ns
        )
        return TieredFetcher(series, ORDER, clock_ns=lambda: self.now_ns)

    def alpha_vantage(self, *bodies):
        self.vendor.answer("/query", *(self.answers.reply(body) for body in bodies))

    def fmp(self, *bodies):
        self.vendor.answer("/stable/historical-price-eod/full", *(self.answers.reply(body) for body in bodies))

    async def get(self, symbols=("WTI",), source="auto", timeout_s=10.0, **options):
        return await self.fetcher.get(symbols, source, timeout_s=timeout_s, **options)

    def pass_s(self, duration_s):
        self.now_ns += round(duration_s * 1e9)


@pytest.fixture
async def bench(vendor, answers):
    made = Bench(vendor, answers)
    yield made
    await made.transport.close()
    made.budget.close()
    made.database.close()


def told(fetched):
    return [(one.source, one.symbol, one.status) for one in fetched.outcomes]


async def test_the_first_good_source_wins_and_is_stored(bench):
    bench.alpha_vantage(wti(d2026_11_17="60.1", d2026_11_18="60.5"))
    fetched = await bench.get()
    (one,) = fetched.series
    assert one.prices.close.tolist() == [60.1, 60.5]
    assert (one.prices.source, one.stale, one.provisional) == ("alpha_vantage", False, True)
    assert one.prices.asset.unit == "US dollars per barrel"
    assert told(fetched) == [("alpha_vantage", "WTI", "ok")]
    assert fetched.warnings == ("WTI is from alpha_vantage: Crude oil WTI, spot in US dollars per barrel",)
    assert bench.store.get(Selection.parse(["WTI"], "alpha_vantage"))[0].close.tolist() == [60.1, 60.5]


async def test_what_is_there_is_not_asked_for_again(bench):
    bench.alpha_vantage(wti(d2026_11_17="60.1", d2026_11_18="60.5"))
    await bench.get()
    again = await bench.get()
    assert again.series[0].prices.close.tolist() == [60.1, 60.5]
    assert again.outcomes[0].detail == "everything is stored already"
    await bench.get(start=dt.date(2026, 11, 17), end=dt.date(2026, 11, 17))
    bench.fetcher = bench.make()  # a restart
    await bench.get()
    assert len(bench.vendor.asked) == 1


async def test_new_bars_are_asked_for_when_the_old_are_due(bench):
    bench.alpha_vantage(wti(d2026_11_17="60.1", d2026_11_18="60.5"), wti(d2026_11_18="60.6", d2026_11_19="61"))
    await bench.get()
    bench.pass_s(2100)
    fetched = await bench.get()
    assert fetched.series[0].prices.close.tolist() == [60.1, 60.6, 61.0]
    assert fetched.outcomes[0].detail == "", "the last stored bar was provisional: its change is no restatement"


async def test_only_the_missing_dates_are_asked_for_with_an_overlap(bench):
    bench.fmp(future("GCUSD", d2026_10_02=3900.0, d2026_11_12=4100.0, d2026_11_19=4170.0))
    await bench.get(["GOLD"], "fmp", start=dt.date(2026, 11, 10))
    bench.pass_s(2100)
    await bench.get(["GOLD"], "fmp", start=dt.date(2026, 11, 12))
    await bench.get(["GOLD"], "fmp", start=dt.date(2026, 10, 1), end=dt.date(2026, 10, 5))
    spans = [(one.query["from"], one.query["to"]) for one in bench.vendor.asked]
    assert spans == [("2026-11-10", "2026-11-20"), ("2026-11-10", "2026-11-20"), ("2026-10-01", "2026-11-19")]


async def test_restated_prices_are_kept_both_and_reported(bench):
    bench.alpha_vantage(
        wti(d2026_11_16="59", d2026_11_17="60.1", d2026_11_18="60.5"),
        wti(d2026_11_16="59.25", d2026_11_17="60.1", d2026_11_18="60.7", d2026_11_19="61"),
    )
    await bench.get()
    bench.pass_s(2100)
    fetched = await bench.get()
    assert fetched.outcomes[0].detail == "1 price was restated, on 2026-11-16 from 59 to 59.25"
    assert fetched.series[0].prices.close.tolist() == [59.25, 60.1, 60.7, 61.0]
    (revision,) = bench.store.revisions(fetched.series[0].prices.asset)
    assert (revision.old_close, revision.new_close) == (59.0, 59.25)
    assert fetched.outcomes[0].revisions == (revision,)


async def test_prices_that_a_source_takes_back_are_kept_and_reported(bench):
    """One is passed over, one is a point now; what lies before the answer is not spoken of by it."""
    day = dt.datetime(2026, 11, 13, tzinfo=dt.UTC)
    bench.alpha_vantage(
        wti(d2026_11_12="58", d2026_11_13="59", d2026_11_16="59.5", d2026_11_17="60.1", d2026_11_18="60.5"),
        wti(d2026_11_16=".", d2026_11_17="60.1", d2026_11_18="60.5"),
        wti(d2026_11_12="58", d2026_11_16=".", d2026_11_18="60.5", d2026_11_19="61"),
    )
    await bench.get()
    bench.pass_s(2100)
    assert (await bench.get()).outcomes[0].withdrawn == ()
    bench.pass_s(2100)
    fetched = await bench.get()
    (outcome,) = fetched.outcomes
    assert outcome.withdrawn == tuple(int((day + dt.timedelta(days=n)).timestamp()) * 10**9 for n in (0, 3, 4))
    assert "stored bars that the source no longer has were kept: 3, the last of 2026-11-17" in outcome.detail
    assert fetched.series[0].prices.close.tolist() == [58.0, 59.0, 59.5, 60.1, 60.5, 61.0]


async def test_digits_that_the_store_does_not_keep_are_told_and_are_no_restatement(bench):
    bench.alpha_vantage(wti(d2026_11_16="59.123456789", d2026_11_17="60.1", d2026_11_18="60.5"))
    fetched = await bench.get()
    assert fetched.outcomes[0].detail == "values with more than 6 decimals were rounded: 1"
    assert fetched.series[0].prices.close.tolist() == [59.123457, 60.1, 60.5]
    bench.pass_s(2100)
    assert (await bench.get()).outcomes[0].revisions == ()
    assert len(bench.vendor.asked) == 2


async def test_many_callers_make_one_request(bench):
    bench.alpha_vantage(wti(d2026_11_18="60.5"))
    results = await asyncio.gather(*(bench.get() for _ in range(30)))
    assert len(bench.vendor.asked) == 1
    assert all(result.series[0].prices.close.tolist() == [60.5] for result in results)


async def test_callers_of_other_dates_of_a_series_ask_one_after_the_other(bench):
    bench.alpha_vantage(wti(d2026_11_17="60.1", d2026_11_18="60.5"))
    days = [dt.date(2026, 11, day) for day in (16, 17, 18)]
    await asyncio.gather(*(bench.get(start=day) for day in days), bench.get(end=dt.date(2026, 11, 17)))
    assert len(bench.vendor.asked) == 1, "the whole series comes at once"
    bench.fmp(future("GCUSD", d2026_10_02=3900.0, d2026_11_12=4100.0, d2026_11_19=4170.0))
    asked = (dt.date(2026, 10, 1), dt.date(2026, 11, 10), dt.date(2026, 11, 12))
    await asyncio.gather(*(bench.get(["GOLD"], "fmp", start=day) for day in asked))
    assert [one.query["from"] for one in bench.vendor.asked[1:]] == ["2026-10-01"]


async def test_the_next_source_is_asked_and_the_refusal_told(bench):
    bench.alpha_vantage(PREMIUM)
    bench.fmp(future("CLUSD", d2026_11_19=61.5))
    fetched = await bench.get()
    assert told(fetched) == [("alpha_vantage", "WTI", "refused"), ("fmp", "WTI", "ok")]
    assert "NOT_IN_PLAN: This is a premium endpoint" in fetched.outcomes[0].detail
    assert fetched.series[0].prices.source == "fmp"
    assert "front-month future" in fetched.warnings[0]


async def test_a_series_that_a_source_has_not_is_never_another_one(bench):
    bench.alpha_vantage(wti(d2026_11_18="60.5"))
    bench.fmp(future("PLUSD", d2026_11_19=1500.0))
    fetched = await bench.get(["PLATINUM"])
    assert told(fetched) == [("alpha_vantage", "PLATINUM", "no_data"), ("fmp", "PLATINUM", "ok")]
    assert fetched.outcomes[0].detail == "Alpha Vantage has no series for platinum"
    assert [one.path for one in bench.vendor.asked] == ["/stable/historical-price-eod/full"]


async def test_stored_prices_are_given_with_their_age_when_nobody_delivers(bench):
    bench.alpha_vantage(wti(d2026_11_17="60.1", d2026_11_18="60.5"), PREMIUM)
    await bench.get()
    bench.pass_s(10 * 86_400)
    fetched = await bench.get()
    assert fetched.series[0].stale
    assert fetched.series[0].prices.close.tolist() == [60.1, 60.5]
    assert told(fetched)[-1] == ("alpha_vantage", "WTI", "stale")
    assert fetched.outcomes[-1].detail == "stored prices are given; the newest is 13 days old"
    assert "no source delivered" in fetched.warnings[0]


async def test_nothing_configured_gives_what_is_stored(bench):
    bench.fetcher = bench.make(key="")
    bench.store.upsert("sample", [SeriesRows("WTI", np.array([0], dtype=np.int64), np.array([20.0]))])
    fetched = await bench.get()
    assert told(fetched) == [*[(name, "WTI", "not_asked") for name in ORDER], ("sample", "WTI", "stale")]
    assert "no key of alpha_vantage is configured" in fetched.outcomes[0].detail
    assert bench.vendor.asked == []


async def test_when_all_fail_the_error_has_the_list(bench):
    bench.alpha_vantage(PREMIUM)
    with pytest.raises(AllSourcesFailedError) as caught:
        await bench.get()
    assert {(one.source, one.status) for one in caught.value.outcomes} == {(name, "refused") for name in ORDER}
    assert "WTI from fmp: refused" in str(caught.value)


async def test_a_named_source_is_the_only_one_asked(bench):
    bench.alpha_vantage(wti(d2026_11_18="60.5"))
    bench.vendor.answer("/stable/historical-price-eod/full", bench.answers.reply("Restricted Endpoint: no", 402))
    await bench.get()
    with pytest.raises(AllSourcesFailedError, match="WTI from fmp: refused"):
        await bench.get(source="fmp")
    assert len(bench.vendor.asked) == 2


async def test_one_symbol_of_several_may_come_from_elsewhere(bench):
    bench.alpha_vantage(wti(d2026_11_18="60.5"))
    bench.fmp(future("PLUSD", d2026_11_19=1500.0))
    fetched = await bench.get(["PLATINUM", "WTI"])
    assert [one.prices.source for one in fetched.series] == ["fmp", "alpha_vantage"]


async def test_names_that_nobody_knows(bench):
    with pytest.raises(UnknownSymbolError, match="GOLD") as caught:
        await bench.get(["GLOD"])
    assert caught.value.reason == "UNKNOWN_SYMBOL"
    with pytest.raises(UnknownNameError, match="alpha_vantage"):
        await bench.get(source="alphavantage")
    with pytest.raises(InputError, match="interval"):
        await bench.get(interval="latest")
    assert bench.vendor.asked == []


async def test_another_interval_is_another_series(bench):
    weekly = wti(d2026_11_13="59.9") | {"interval": "weekly"}
    bench.alpha_vantage(wti(d2026_11_18="60.5"), weekly)
    await bench.get(source="alpha_vantage")
    fetched = await bench.get(source="alpha_vantage", interval="weekly")
    assert fetched.series[0].prices.close.tolist() == [59.9]
    assert (await bench.get(source="alpha_vantage")).series[0].prices.close.tolist() == [60.5]


async def test_shares_that_are_configured(bench):
    bench.fmp(future("AAPL", d2026_11_19=250.0))
    fetched = await bench.get(["AAPL"], "fmp")
    assert fetched.series[0].prices.asset.category == "equities"
    with pytest.raises(UnknownSymbolError):
        await bench.get(["MSFT"], "fmp")


async def test_bars_within_the_day_are_due_sooner(bench):
    bar = {"date": "2026-11-20 09:35:00", "open": 250.0, "close": 250.5}
    bench.vendor.answer("/stable/historical-chart/5min", bench.answers.reply([bar]))
    for pause_s, asked in ((0, 1), (260, 1), (80, 2)):  # five minutes, a tenth more or less
        bench.pass_s(pause_s)
        fetched = await bench.get(["AAPL"], "fmp", interval="5min", start=dt.date(2026, 11, 20))
        assert fetched.series[0].prices.close.tolist() == [250.5]
        assert len(bench.vendor.asked) == asked


async def test_no_news_is_remembered_as_news(bench):
    bench.fmp(future("GCUSD", d2026_11_19=4170.0), [])
    await bench.get(["GOLD"], "fmp", start=dt.date(2026, 11, 1))
    bench.pass_s(2100)
    for _ in range(3):
        fetched = await bench.get(["GOLD"], "fmp", start=dt.date(2026, 11, 1))
        assert fetched.outcomes[0].status == "ok"
        assert fetched.series[0].prices.close.tolist() == [4170.0]
    assert len(bench.vendor.asked) == 2


async def test_a_range_without_bars_is_no_data(bench):
    bench.fmp([])
    with pytest.raises(AllSourcesFailedError, match="no_data"):
        await bench.get(["GOLD"], "fmp", start=dt.date(2026, 11, 1))


async def test_a_series_without_bars_is_asked_for_again_when_it_is_due(bench):
    bench.fmp([], future("GCUSD", d2026_11_19=4170.0))
    for _ in range(2):
        with pytest.raises(AllSourcesFailedError, match=r"GOLD from fmp: no_data"):
            await bench.get(["GOLD"], "fmp", start=dt.date(2026, 11, 1))
    assert len(bench.vendor.asked) == 1
    with pytest.raises(AllSourcesFailedError, match="it had no bars when it was asked a while ago"):
        await bench.get(["GOLD"], "fmp", start=dt.date(2026, 11, 5))
    bench.pass_s(2100)
    fetched = await bench.get(["GOLD"], "fmp", start=dt.date(2026, 11, 1))
    assert fetched.series[0].prices.close.tolist() == [4170.0]
    await bench.get(["GOLD"], "fmp", start=dt.date(2026, 11, 1))
    assert len(bench.vendor.asked) == 2


async def test_another_unit_is_not_mixed_into_a_series(bench):
    bench.alpha_vantage(wti(d2026_11_18="60.5"))
    rows = SeriesRows("WTI", np.array([0], dtype=np.int64), np.array([20.0]), unit="US dollars per gallon")
    bench.store.upsert("alpha_vantage", [rows])
    fetched = await bench.get(source="alpha_vantage")
    assert told(fetched) == [("alpha_vantage", "WTI", "refused"), ("alpha_vantage", "WTI", "stale")]
    assert "stored prices are in US dollars per gallon" in fetched.outcomes[0].detail


async def test_rows_that_the_store_refuses_leave_nothing_behind(bench):
    rows = future("GCUSD", d2026_11_18=4100.0, d2026_11_19=4170.0)
    rows[1]["volume"] = -5
    bench.fmp(rows)
    with pytest.raises(AllSourcesFailedError, match=r"BAD_PAYLOAD.*volume"):
        await bench.get(["GOLD"], "fmp", start=dt.date(2026, 11, 1))
    assert bench.store.sources() == []
    assert bench.store.fact("fetched.fmp.GOLD") is None


async def test_a_store_that_does_not_answer_is_said_and_nobody_is_asked(bench):
    def broken(*_, **__):
        raise StoreUnavailableError("the database is locked")

    bench.store.fact = broken
    with pytest.raises(StoreUnavailableError, match="locked"):
        await bench.get()
    assert bench.vendor.asked == []


async def test_slow_sources_share_the_time_of_the_caller(bench):
    for path in ("/query", "/stable/historical-price-eod/full", "/v2/rates/latest", "/v1/commodityprice"):
        bench.vendor.answer(path, bench.answers.hang)
    bench.store.upsert("sample", [SeriesRows("WTI", np.array([0], dtype=np.int64), np.array([20.0]))])
    started = time.perf_counter()
    fetched = await bench.get(timeout_s=0.4)
    assert time.perf_counter() - started < 3
    assert fetched.series[0].stale
    assert told(fetched)[0] == ("alpha_vantage", "WTI", "refused")
    assert {status for _, _, status in told(fetched)[1:-1]} <= {"not_asked", "refused"}

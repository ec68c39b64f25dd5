"""Prices through the whole server: a caller, the services, a vendor on this machine, the store."""

import asyncio
import datetime as dt
import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import numpy as np
import pytest

from riskwave.server.market.errors import StoreUnavailableError
from riskwave.server.market.sources import SOURCES
from riskwave.server.market.store import PriceStore
from riskwave.v1 import indicator_service_pb2, indicator_service_pb2_grpc, meta_pb2
from riskwave.v1 import market_data_service_pb2 as pb
from riskwave.v1.market_data_service_pb2_grpc import MarketDataServiceStub

FOUR = ["alpha_vantage", "fmp", "commodity_price_api", "api_ninjas"]
KEY = "s3cr3tKEYs3cr3t"
YESTERDAY = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
PREMIUM = {"Information": "This is a premium endpoint"}


@dataclass
class Bench:
    vendor: Any
    answers: Any
    channel: grpc.Channel
    server: Any

    @property
    def market(self) -> MarketDataServiceStub:
        return MarketDataServiceStub(self.channel)

    async def get(self, *symbols: str, source: str = "auto", **options: Any) -> pb.GetPricesResponse:
        selection = pb.PriceSelection(symbols=symbols, source=source)
        request = pb.GetPricesRequest(selection=selection, **options)
        # The vendor lives on this test's loop, so the blocking stub waits elsewhere.
        return await asyncio.to_thread(self.market.GetPrices, request, timeout=20)

    async def sources(self) -> dict[str, pb.Source]:
        answer = await asyncio.to_thread(self.market.ListSources, pb.ListSourcesRequest())
        return {one.name: one for one in answer.sources}


@pytest.fixture
def start(vendor, answers, start_server, connect, tmp_path):
    @contextmanager
    def run(**keys: str):
        path = tmp_path / "api_keys.yaml"
        path.write_text("".join(f"{name}: {key}\n" for name, key in keys.items()))
        names = ("alpha_vantage", "fmp", "commodity_price_api", "api_ninjas")
        market = {
            "api_keys_file": path,
            "base_urls": [f"{name}={vendor.url}" for name in names],
            "budget_file": tmp_path / "budget.sqlite3",
        }
        with start_server(market=market) as thread, connect(thread) as channel:
            yield Bench(vendor, answers, channel, thread.server)

    return run


def wti(*prices: str) -> dict[str, Any]:
    dates = [YESTERDAY - dt.timedelta(days=n) for n in range(len(prices))]
    data = [{"date": date.isoformat(), "value": price} for date, price in zip(dates, prices, strict=True)]
    return {"name": "WTI", "interval": "daily", "unit": "dollars per barrel", "data": data}


async def test_a_vendor_delivers_and_is_not_asked_twice(start):
    with start(alpha_vantage=KEY) as bench:
        bench.vendor.answer("/query", bench.answers.reply(wti("61.5", "61")))
        answer = await bench.get("WTI", explain=True)
        (series,) = answer.series
        assert (series.source, list(series.close)) == ("alpha_vantage", [61.0, 61.5])
        assert (series.stale, series.last_bar_provisional) == (False, True)
        assert series.asset.unit == "US dollars per barrel"
        (outcome,) = answer.outcomes
        assert outcome.detail == "asked for all bars, because none were stored"
        assert (outcome.source, outcome.status, outcome.row_count) == ("alpha_vantage", pb.FETCH_STATUS_OK, 2)
        assert [warning.message for warning in answer.meta.warnings] == [
            "WTI is from alpha_vantage: Crude oil WTI, spot in US dollars per barrel"
        ]
        assert answer.meta.origin == meta_pb2.RESULT_ORIGIN_SOURCE
        again = await bench.get("WTI", source="alpha_vantage")
        assert again.meta.origin == meta_pb2.RESULT_ORIGIN_STORE
        assert list(again.series[0].close) == [61.0, 61.5]
        assert not again.outcomes
        assert again.meta.prices[0].source == "alpha_vantage"
        stored = await bench.get("WTI", source="alpha_vantage", stored_only=True)
        assert stored.series[0].last_bar_provisional, "the newest bar may change, whoever reads it"
        selection = pb.PriceSelection(
            symbols=["WTI"], source="alpha_vantage", end_date=str(YESTERDAY - dt.timedelta(days=1))
        )
        older = await asyncio.to_thread(bench.market.GetPrices, pb.GetPricesRequest(selection=selection), timeout=20)
        assert not older.series[0].last_bar_provisional
        assert len(bench.vendor.asked) == 1


async def test_sources_tell_state_budget_and_last_error(start):
    with start(alpha_vantage=KEY, fmp=KEY) as bench:
        daily = {"Information": f"We have detected your API key as {KEY} and our limit is 25 requests per day."}
        bench.vendor.answer("/query", bench.answers.reply(daily))
        bench.vendor.answer(
            "/stable/historical-price-eod/full",
            bench.answers.reply([{"symbol": "CLUSD", "date": YESTERDAY.isoformat(), "close": 61.5}]),
        )
        answer = await bench.get("WTI")
        assert [(one.source, one.status) for one in answer.outcomes] == [
            ("alpha_vantage", pb.FETCH_STATUS_REFUSED),
            ("fmp", pb.FETCH_STATUS_OK),
        ]
        sources = await bench.sources()
        assert [name for name in sources if name in FOUR] == FOUR
        refused, delivered = sources["alpha_vantage"], sources["fmp"]
        assert refused.state == pb.SOURCE_STATE_EXHAUSTED
        assert "25 requests per day" in refused.last_error
        assert refused.last_error_correlation_id == answer.meta.correlation_id
        assert [window.remaining for window in refused.budgets] == [0, 0, 0]
        assert refused.budgets[2].HasField("reset_time")
        assert delivered.state == pb.SOURCE_STATE_READY
        assert (delivered.budgets[0].limit, delivered.budgets[0].remaining) == (250, 249)
        assert delivered.HasField("last_success_time")
        assert (delivered.tier, delivered.row_count) == (pb.SOURCE_TIER_PRIMARY, 1)
        assert sources["api_ninjas"].state == pb.SOURCE_STATE_NO_KEY
        assert sources["sample"].tier == pb.SOURCE_TIER_STORED
        assert KEY not in str(sources) + str(answer)


async def test_restated_prices_are_warned_of_and_both_values_can_be_seen(start):
    with start(alpha_vantage=KEY) as bench:
        bench.vendor.answer("/query", bench.answers.reply(wti("61.5", "61", "60", "59")), bench.answers.reply(
            wti("61.75", "61.25", ".", "59")
        ))  # fmt: skip
        await bench.get("WTI")
        # What was stored yesterday is due today.
        stored = bench.server.runtime.market.prices
        coverage = json.loads(stored.fact("fetched.alpha_vantage.WTI")) | {"fresh_until_ns": 0}
        stored.upsert("alpha_vantage", [], notes={"fetched.alpha_vantage.WTI": json.dumps(coverage)})
        answer = await bench.get("WTI", coverage=True)
        (warning,) = [one for one in answer.meta.warnings if one.code == "PRICES_RESTATED"]
        day = YESTERDAY - dt.timedelta(days=1)
        assert warning.message == f"WTI from alpha_vantage: 1 price was restated, on {day} from 61 to 61.25"
        (warning,) = [one for one in answer.meta.warnings if one.code == "PRICES_WITHDRAWN"]
        gone = YESTERDAY - dt.timedelta(days=2)
        told = "WTI from alpha_vantage: stored bars that the source no longer has were kept"
        assert warning.message == f"{told}: 1, the last of {gone}"
        (revision,) = answer.series[0].coverage.revisions
        assert (revision.old_close, revision.new_close) == (61.0, 61.25)
        assert revision.HasField("found_time")
        assert list(answer.series[0].close) == [59.0, 60.0, 61.25, 61.75]
        assert (await bench.sources())["alpha_vantage"].revision_count == 1


async def test_sources_are_listed_while_the_store_does_not_answer(start, monkeypatch):
    def broken(_):
        raise StoreUnavailableError("locked")

    with start() as bench:
        monkeypatch.setattr(PriceStore, "sources", broken)
        listed = list(await bench.sources())
        assert [name for name in listed if name in FOUR] == FOUR
        assert sorted(listed) == sorted(source.name for source in SOURCES)


async def test_nothing_configured_answers_from_the_store_and_asks_nobody(start):
    with start() as bench:
        default = await bench.get("WTI", source="")
        auto = await bench.get("WTI")
        assert default.series[0].source == auto.series[0].source == "sample"
        assert (default.series[0].stale, auto.series[0].stale) == (False, True)
        np.testing.assert_array_equal(default.series[0].close, auto.series[0].close)
        assert not default.outcomes
        assert [one.status for one in auto.outcomes[:4]] == [pb.FETCH_STATUS_NOT_ASKED] * 4
        assert [(one.source, one.status) for one in auto.outcomes[-1:]] == [("sample", pb.FETCH_STATUS_STALE)]
        stored = await bench.get("WTI", stored_only=True)
        assert not stored.series[0].stale
        assert bench.vendor.asked == []


async def test_all_failed_is_unavailable_with_the_list(start, refusal_of):
    with start(alpha_vantage=KEY) as bench:
        bench.vendor.answer("/query", bench.answers.reply(PREMIUM))
        with pytest.raises(grpc.RpcError) as caught:
            await bench.get("NO_SUCH_THING", "GASOLINE")
        refusal = refusal_of(caught.value)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "UNKNOWN_SYMBOL")
        assert "selection.symbols[0]" in refusal.violations
        with pytest.raises(grpc.RpcError) as caught:
            await bench.get("GASOLINE")
        refusal = refusal_of(caught.value)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAVAILABLE, "SOURCE_UNAVAILABLE")
        assert "GASOLINE from alpha_vantage: no_data, Alpha Vantage has no series for GASOLINE" in refusal.message
        assert refusal.metadata["GASOLINE.api_ninjas"].startswith("not_asked")


async def test_assets_of_vendors_with_a_key_are_listed(start):
    with start(fmp=KEY) as bench:
        listed = await asyncio.to_thread(bench.market.ListAssets, pb.ListAssetsRequest(category="livestock"))
        assert {(one.symbol, one.source) for one in listed.assets} >= {("LEAN_HOGS", "fmp")}
        assert not {one.source for one in listed.assets} & {"api_ninjas", "alpha_vantage"}
        named = await asyncio.to_thread(bench.market.ListAssets, pb.ListAssetsRequest(source="alpha_vantage"))
        symbols = [one.symbol for one in named.assets]
        assert {"WTI", "GOLD", "COPPER"} <= set(symbols)
        assert not {"PLATINUM", "SOYBEANS"} & set(symbols)


async def test_a_computation_by_reference_asks_the_vendor(start):
    with start(alpha_vantage=KEY) as bench:
        prices = [f"{60 + n % 7}.5" for n in range(60)]
        bench.vendor.answer("/query", bench.answers.reply(wti(*prices)))
        stub = indicator_service_pb2_grpc.IndicatorServiceStub(bench.channel)
        request = indicator_service_pb2.ComputeIndicatorsRequest(
            prices=pb.PriceSelection(symbols=["WTI"], source="auto"),
            calls=[indicator_service_pb2.IndicatorCall(name="RSI")],
        )
        answer = await asyncio.to_thread(stub.ComputeIndicators, request, timeout=60)
        assert answer.meta.prices[0].source == "alpha_vantage"
        assert answer.meta.prices[0].row_count == 60
        assert len(bench.vendor.asked) == 1


async def test_a_slow_vendor_leaves_time_for_an_answer(start):
    with start(alpha_vantage=KEY) as bench:
        bench.vendor.answer("/query", bench.answers.hang)
        selection = pb.PriceSelection(symbols=["WTI"], source="auto")
        answer = await asyncio.to_thread(bench.market.GetPrices, pb.GetPricesRequest(selection=selection), timeout=8)
        assert answer.series[0].stale
        assert answer.meta.prices[0].stale
        assert "no complete answer" in answer.outcomes[0].detail


@pytest.mark.parametrize("source", ["alpha_vantage", "auto", "file", "fmp_weekly"])
async def test_nobody_imports_under_a_vendors_name(start, refusal_of, source):
    with start() as bench:
        request = pb.ImportPricesRequest(source=source, series=[pb.ImportSeries(symbol="WTI", times=[0], close=[1.0])])
        with pytest.raises(grpc.RpcError) as caught:
            await asyncio.to_thread(bench.market.ImportPrices, iter([request]))
        assert refusal_of(caught.value).violations.keys() == {"source"}

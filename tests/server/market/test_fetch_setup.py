from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from riskwave.config import ApiKeys, ConfigError, load_settings
from riskwave.server.market.fetch_setup import open_vendors
from riskwave.server.market.market import Market
from riskwave.server.market.sources import SOURCES, Auth, Bars, HttpRequest, Window

KEYS = ApiKeys(Path("/nowhere"), environ={"RISKWAVE_API_KEY_FMP": "s3cr3tKEYs3cr3t"})


def load(**flags):
    return load_settings(
        flags={"profile": "test", **{f"market.{name}": value for name, value in flags.items()}}, environ={}
    )


@pytest.fixture
def market():
    with Market(load()) as made:
        made.open()
        yield made


async def test_the_order_is_files_then_tiers_then_the_settings(market, tmp_path):
    (tmp_path / "WTI.csv").write_text("date,close\n2026-11-19,60\n")
    settings = load(folder=tmp_path, source_order=("fmp", "sample", "alpha_vantage"))
    vendors = open_vendors(settings, market.prices, KEYS)
    order = [vendor.source.name for vendor in vendors.fetcher.vendors]
    named = ["file", "fmp", "alpha_vantage"]
    others = [source for source in SOURCES if source.name not in named]
    assert order == [*named, *(one.name for one in sorted(others, key=lambda one: (one.tier, one.name)))]
    states = {vendor.source.name: (await vendor.state())[0] for vendor in vendors.fetcher.vendors}
    keyless = {"file", "fmp", *(one.name for one in others if one.auth is None)}
    assert states == {name: "ready" if name in keyless else "no_key" for name in order}
    await vendors.close()


def test_how_long_prices_are_new_by_default():
    settings = load()
    assert (settings.market.fresh_daily_s, settings.market.fresh_intraday_s) == (1800.0, 300.0)
    assert (settings.cache.daily_s, settings.cache.intraday_s) == (1800.0, 300.0)


async def test_limits_of_the_settings_replace_a_vendors_own(market):
    vendors = open_vendors(load(limits=("fmp=300/minute", "fmp=9/day")), market.prices, KEYS)
    limits = {vendor.source.name: vendor.limits for vendor in vendors.fetcher.vendors}
    assert limits["fmp"] == (Window(300, 60.0), Window(9, 86_400.0))
    assert limits["alpha_vantage"] == (Window(1, 1.0), Window(5, 60.0), Window(25, 86_400.0))
    await vendors.close()


@pytest.mark.parametrize("entry", [{"limits": ("fpm=1/day",)}, {"base_urls": ("fpm=https://a.example",)}])
async def test_vendors_that_do_not_exist(market, entry):
    with pytest.raises(ConfigError, match="did you mean fmp"):
        open_vendors(load(**entry), market.prices, KEYS)


async def test_without_anything_configured_auto_gives_the_samples(market):
    vendors = open_vendors(load(), market.prices, ApiKeys(Path("/nowhere"), environ={}))
    fetched = await vendors.fetcher.get(["WTI", "GOLD"], "auto", timeout_s=10.0)
    assert [(one.prices.source, one.stale) for one in fetched.series] == [("sample", True)] * 2
    assert all(len(one.prices) > 100 for one in fetched.series)
    await vendors.close()


async def test_a_vendor_from_settings_to_store(market, vendor, answers, tmp_path):
    vendor.answer(
        "/gateway/stable/historical-price-eod/full",
        answers.reply([{"symbol": "GCUSD", "date": "2026-11-19", "close": 4170}]),
    )
    settings = load(base_urls=(f"fmp={vendor.url}/gateway/",), budget_file=tmp_path / "budget.sqlite3")
    vendors = open_vendors(settings, market.prices, KEYS)
    fetched = await vendors.fetcher.get(["GOLD"], "auto", timeout_s=10.0)
    assert fetched.series[0].prices.close.tolist() == [4170.0]
    await vendors.close()
    again = open_vendors(settings, market.prices, KEYS)
    (fmp,) = [vendor for vendor in again.fetcher.vendors if vendor.source.name == "fmp"]
    assert (await fmp.budget_state()).windows[0].remaining == 249
    await again.close()


async def test_a_file_that_changes_is_read_again(market, tmp_path):
    path = tmp_path / "WTI.csv"
    path.write_text("date,close\n2026-11-18,60\n2026-11-19,61\n")
    vendors = open_vendors(load(folder=tmp_path), market.prices, KEYS)
    await vendors.fetcher.get(["WTI"], "auto", timeout_s=10.0)
    path.write_text("date,close\n2026-11-18,59\n2026-11-19,61\n2026-11-20,62\n")
    fetched = await vendors.fetcher.get(["WTI"], "file", timeout_s=10.0)
    assert fetched.series[0].prices.close.tolist() == [59.0, 61.0, 62.0]
    assert "restated" in fetched.outcomes[0].detail
    await vendors.close()


async def test_a_source_that_is_added_needs_nothing_else(market, monkeypatch, vendor, answers):
    """Its key, limits, other address and place among the tiers: all follow from what it says of itself."""
    url, auth = "https://added.example", Auth("header", "X-Key")

    async def fetch(query, ask):
        answer = await ask(HttpRequest(url, "/gold", auth=auth))
        time = np.array(["2026-01-02"], dtype="datetime64[ns]").astype(np.int64)
        return Bars("added", "GOLD", query.interval, time, np.array([float(answer.text)]), query.asset.unit, "USD")

    fmp = SOURCES.get("fmp")
    added = replace(fmp, name="added", tier="secondary", base_url=url, auth=auth, fetch=fetch)
    monkeypatch.setitem(SOURCES._entries, "added", added)
    vendor.answer("/gold", answers.reply("4300.5"))
    keys = ApiKeys(Path("/nowhere"), environ={"RISKWAVE_API_KEY_ADDED": "s3cr3tKEYs3cr3t"})
    vendors = open_vendors(load(limits=("added=7/hour",), base_urls=(f"added={vendor.url}",)), market.prices, keys)
    (asked,) = [one for one in vendors.fetcher.vendors if one.source.name == "added"]
    assert asked.limits == (Window(7, 3600.0),)
    fetched = await vendors.fetcher.get(["GOLD"], "auto", timeout_s=10.0)
    assert {one.status for one in fetched.outcomes[:-1]} == {"not_asked"}
    assert (fetched.outcomes[-1].source, fetched.outcomes[-1].status) == ("added", "ok")
    assert fetched.series[0].prices.close.tolist() == [4300.5]
    assert vendor.asked[0].headers["x-key"] == "s3cr3tKEYs3cr3t"
    await vendors.close()

"""What is put right on the way from a vendor's rows to bars, and that it is told."""

import datetime as dt
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskwave.server.market.sources import SOURCES, BadPayloadError, HttpResponse, NotInPlanError, hide_keys
from riskwave.server.market.sources._parse import Row, day_ns, make_bars, number, time_ns, unix_ns

WTI = SOURCES.get("fmp").query("WTI")
CORN = SOURCES.get("fmp").query("CORN")


def bars(*rows, query=WTI, **options):
    return make_bars("fmp", query, [Row(day_ns(date, ""), *values) for date, *values in rows], "", **options)


def answering(*bodies, status=200):
    replies = iter(bodies)

    async def ask(_):
        return HttpResponse(status, json.dumps(next(replies)).encode(), "application/json")

    return ask


@pytest.mark.parametrize("value", [None, "", ".", "-", "n/a", "1,234.5", "0x10", "nan", "inf", "-Infinity", "1e999"])
@pytest.mark.parametrize("kind", [str, lambda value: value])
def test_what_is_no_number_is_missing(value, kind):
    assert math.isnan(number(kind(value)))


@pytest.mark.parametrize("value", [True, [1], {"a": 1}, math.inf, math.nan, 10**400])
def test_json_that_is_no_number_is_missing(value):
    assert math.isnan(number(value))


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_and_their_texts_are_read_exactly(value):
    assert number(value) == number(repr(value)) == value


@settings(deadline=None)
@given(st.text())
def test_no_text_breaks_it(text):
    value = number(text)
    assert math.isnan(value) or value == float(text)


@pytest.mark.parametrize("text", ["2026-02-30", "20260227", "2026-W09-5", "2026-2-27", "27.02.2026", "", None, 5])
def test_dates_that_are_none(text):
    with pytest.raises(BadPayloadError, match="is not a date"):
        day_ns(text, "")


def test_times_are_utc():
    eastern = dt.timezone(dt.timedelta(hours=-5))
    assert time_ns("2017-12-18 14:56:00", eastern, "") == np.datetime64("2017-12-18T19:56", "ns").astype(np.int64)
    for value in (1776172739000, "soon", None, math.nan):
        with pytest.raises(BadPayloadError):
            unix_ns(value, "")


def test_order_is_put_right_and_told_unless_it_is_one():
    rows = [("2026-01-05", 3), ("2026-01-02", 1), ("2026-01-03", 2)]
    mixed = bars(*rows)
    assert mixed.close.tolist() == [1.0, 2.0, 3.0]
    assert mixed.notes == ("the rows were in no order and have been sorted",)
    assert bars(*sorted(rows)).notes == bars(*sorted(rows, reverse=True)).notes == ()


def test_of_repeated_dates_the_last_row_counts_and_it_is_told():
    found = bars(("2026-01-02", 1), ("2026-01-02", 2), ("2026-01-03", 3), ("2026-01-03", 3))
    assert found.close.tolist() == [2.0, 3.0]
    assert found.notes == (
        "2 repeated times were left out, the last row of each counts: 2026-01-02, 2026-01-03; 1 had different prices",
    )


def test_missing_prices_are_left_out_and_told_and_negative_ones_stay():
    found = bars(("2020-04-17", "18.27"), ("2020-04-20", "-37.63"), ("2020-04-21", "."))
    assert found.close.tolist() == [18.27, -37.63]
    assert found.notes == ("1 rows without a price were left out: 2020-04-21",)


def test_no_price_at_all_is_an_error_and_not_an_empty_series():
    with pytest.raises(BadPayloadError, match="none of 2 rows has a price"):
        bars(("2026-01-02", "."), ("2026-01-03", None))
    with pytest.raises(NotInPlanError, match="premium subscribers only"):
        bars(("2026-01-02", "This field is for premium subscribers only."))


async def test_cents_become_dollars_and_volumes_do_not():
    row = {
        "symbol": "ZCUSX",
        "date": "2026-07-16",
        "close": 458.25,
        "open": 450,
        "high": 460,
        "low": 449,
        "volume": 100,
    }
    source = SOURCES.get("fmp")
    found = await source.fetch(CORN, answering([row]))
    assert (found.close[0], found.open[0], found.high[0], found.low[0]) == (4.5825, 4.5, 4.6, 4.49)
    assert found.volume[0] == 100
    assert (found.unit, found.currency, found.notes) == (
        "US dollars per bushel",
        "USD",
        ("cents converted to dollars",),
    )


async def test_the_vendors_own_word_decides_about_cents():
    """API Ninjas quotes wheat in USX or in USD: the answer says which, and what else it says is refused."""
    source = SOURCES.get("api_ninjas")
    history = [{"time": 1786665600, "open": 1, "high": 1, "low": 1, "close": 560.5, "volume": 7}]
    newest = {"value": "wheat", "unit": "bushel", "price": 560.5, "updated": 1786732736}
    query = source.query("WHEAT")
    cents = await source.fetch(query, answering(newest | {"currency_unit": "USX"}, history))
    dollars = await source.fetch(query, answering(newest | {"currency_unit": "USD"}, history))
    assert (cents.close[0], dollars.close[0]) == (5.605, 560.5)
    for wrong in ({"currency_unit": "EUR"}, {"unit": "tonne"}, {"value": "corn"}):
        with pytest.raises(BadPayloadError):
            await source.fetch(query, answering(newest | {"currency_unit": "USX"} | wrong, history))


async def test_a_series_in_another_currency_is_refused():
    source = SOURCES.get("commodity_price_api")
    body = {"success": True, "timestamp": 1776172739, "rates": {"XAU": 1.0}}
    for metadata in ({}, {"unit": "T.oz", "quote": "EUR"}, {"unit": "g", "quote": "USD"}):
        with pytest.raises(BadPayloadError):
            await source.fetch(source.query("GOLD", "latest"), answering(body | {"metadata": {"XAU": metadata}}))


async def test_prices_that_a_monthly_series_has_not_are_not_zero():
    source = SOURCES.get("commodity_price_api")
    newest = {"success": True, "timestamp": 1776172739, "rates": {"XAU": 4430.5}}
    newest["metaData"] = {"XAU": {"unit": "T.oz", "currency": "USD"}}
    series = {"success": True, "rates": {"2026-04-01": {"XAU": {"open": 0, "high": 0, "low": 0, "close": 4400.5}}}}
    query = source.query("GOLD", start=dt.date(2026, 4, 1), end=dt.date(2026, 4, 2))
    found = await source.fetch(query, answering(newest, series))
    assert (found.close.tolist(), found.open, found.high, found.low) == ([4400.5], None, None, None)


@pytest.mark.parametrize(
    "text", ["apikey=ABCDEFGH", "your API key as ABCDEFGH and", "x-api-key: ABCDEFGH", "token=ABCDEFGH"]
)
def test_keys_are_hidden_even_when_they_are_not_known(text):
    assert "ABCDEFGH" not in hide_keys(text)
    assert "ABCDEFGH" not in hide_keys("free text ABCDEFGH", "ABCDEFGH")


@pytest.mark.parametrize("text", ["GET /a?b=ABCD%2FEFGH%3D%3D", '{"given": "ABCD\\/EFGH=="}', "ABCD/EFGH== is unknown"])
def test_keys_with_signs_are_hidden_in_every_spelling(text):
    hidden = hide_keys(text, "ABCD/EFGH==")
    assert "***" in hidden
    assert "EFGH" not in hidden


def test_every_commodity_has_one_symbol_and_one_category_everywhere():
    for source in SOURCES:
        symbols = [asset.symbol for asset in source.assets]
        assert len(symbols) == len(set(symbols))
        names = [name for asset in source.assets for name in (asset.symbol, *asset.aliases)]
        assert len(names) == len(set(names))
        assert not set(source.absent) & set(symbols)
        for asset in source.assets:
            assert asset.unit.startswith("US dollars per ")
            assert asset.frequencies

"""Alpha Vantage: spot energy and precious metals daily, IMF averages monthly, shares.

Every refusal comes with status 200 and one key, whose name has changed over the years: the text decides. The text about
calls a second also mentions those of a day, so it is looked for first.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from typing import TYPE_CHECKING

from riskwave.server.market.sources._canonical import BARREL, MMBTU, OUNCE, POUND, TONNE, commodity
from riskwave.server.market.sources._errors import (
    BadPayloadError,
    KeyRejectedError,
    NoDataError,
    NotInPlanError,
    QuotaExhaustedError,
    ShortLimitError,
    UnknownSymbolError,
)
from riskwave.server.market.sources._http import Auth, HttpRequest
from riskwave.server.market.sources._model import LATEST, SOURCES, Source, Window
from riskwave.server.market.sources._parse import (
    Row,
    day_ns,
    items,
    load_json,
    make_bars,
    mapping,
    refuse_unknown,
    require_data,
    time_ns,
)
from riskwave.server.market.sources._time import next_day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from riskwave.server.market.sources._http import HttpResponse
    from riskwave.server.market.sources._model import Ask, Bars, Query

NAME = "alpha_vantage"
TITLE = "Alpha Vantage"
BASE_URL = "https://www.alphavantage.co"
AUTH = Auth("query", "apikey")

_METALS = {"GOLD": "XAUUSD", "SILVER": "XAGUSD"}
_INTRADAY = ("1min", "5min", "15min", "30min", "60min")
_COMPACT_DAYS = 100
"""Calendar days that the free answer of 100 bars certainly covers."""

_DAILY = ("daily", "weekly", "monthly")
_MONTHLY = ("monthly", "quarterly", "annual")

ASSETS = (
    commodity("WTI", "WTI", "Crude oil WTI, spot", BARREL, _DAILY, vendor_unit="dollars per barrel"),
    commodity("BRENT", "BRENT", "Crude oil Brent, spot", BARREL, _DAILY, vendor_unit="dollars per barrel"),
    commodity(
        "NATURAL_GAS",
        "NATURAL_GAS",
        "Henry Hub natural gas, spot",
        MMBTU,
        _DAILY,
        vendor_unit="dollars per million BTU",
    ),
    commodity("GOLD", "GOLD", "Gold, spot", OUNCE, (*_DAILY, LATEST), aliases=("XAU",)),
    commodity("SILVER", "SILVER", "Silver, spot", OUNCE, (*_DAILY, LATEST), aliases=("XAG",)),
    commodity("COPPER", "COPPER", "Copper, IMF monthly average", TONNE, _MONTHLY, vendor_unit="dollar per metric ton"),
    commodity(
        "ALUMINUM", "ALUMINUM", "Aluminum, IMF monthly average", TONNE, _MONTHLY, vendor_unit="dollar per metric ton"
    ),
    commodity("WHEAT", "WHEAT", "Wheat, IMF monthly average", TONNE, _MONTHLY, vendor_unit="dollar per metric ton"),
    commodity("CORN", "CORN", "Corn, IMF monthly average", TONNE, _MONTHLY, vendor_unit="dollar per metric ton"),
    commodity(
        "COTTON", "COTTON", "Cotton, IMF monthly average", POUND, _MONTHLY, vendor_unit="cents per pound", cents=True
    ),
    commodity(
        "SUGAR", "SUGAR", "Sugar, IMF monthly average", POUND, _MONTHLY, vendor_unit="cents per pound", cents=True
    ),
    commodity(
        "COFFEE", "COFFEE", "Coffee, IMF monthly average", POUND, _MONTHLY, vendor_unit="cents per pound", cents=True
    ),
)


async def fetch(query: Query, ask: Ask) -> Bars:
    """Ask for the whole series; Alpha Vantage takes no dates for commodities."""
    return parse(query, await ask(make_request(query)))


def make_request(query: Query) -> HttpRequest:
    """Return the request for a commodity, a metal or a share."""
    asset, interval = query.asset, query.interval
    params: dict[str, str]
    if asset.symbol in _METALS:
        function = "GOLD_SILVER_SPOT" if interval == LATEST else "GOLD_SILVER_HISTORY"
        params = {"function": function, "symbol": asset.vendor_symbol}
        if interval != LATEST:
            params["interval"] = interval
    elif asset.category != "equities":
        params = {"function": asset.vendor_symbol, "interval": interval}
    elif interval == LATEST:
        params = {"function": "GLOBAL_QUOTE", "symbol": asset.vendor_symbol}
    elif interval in _INTRADAY:
        params = {"function": "TIME_SERIES_INTRADAY", "symbol": asset.vendor_symbol, "interval": interval}
    else:
        params = {"function": f"TIME_SERIES_{interval.upper()}", "symbol": asset.vendor_symbol}
        if interval == "daily":
            params["outputsize"] = _output_size(query.start)
    return HttpRequest(BASE_URL, "/query", (*params.items(), ("datatype", "json")), AUTH)


def _output_size(start: dt.date | None) -> str:
    """Ask for the whole history, which is not in the free plan, only when the last 100 bars are too few."""
    today = dt.datetime.now(dt.UTC).date()
    return "compact" if start is not None and (today - start).days <= _COMPACT_DAYS else "full"


def parse(query: Query, response: HttpResponse) -> Bars:
    """Return the bars of an answer, or raise the error that it is."""
    body = mapping(load_json(response))
    if body is None:
        refuse_unknown(TITLE, response)
    _refuse(body, response)
    require_data(TITLE, response)
    if not body:
        raise NoDataError(f"{TITLE} answered an empty object for {query.asset.symbol}")
    if query.asset.category == "equities":
        return _equity(query, body, response.text)
    if query.interval == LATEST:
        return _spot(query, body, response.text)
    return _series(query, body, response.text)


def _refuse(body: Mapping[str, object], response: HttpResponse) -> None:
    """Raise the error that the body states; return when it states none."""
    information = body.get("Information", body.get("Note"))
    if isinstance(information, str):
        text = information.lower()
        if "per second" in text or "sparingly" in text:
            raise ShortLimitError(information, 2.0)
        if "per minute" in text:
            raise ShortLimitError(information, 60.0)
        if re.search(r"is a premium (endpoint|feature)", text):
            raise NotInPlanError(information, "parameter" if "parameter" in text else "endpoint")
        if "demo" in text and "api key" in text:
            raise KeyRejectedError(information)
        if "per day" in text:
            raise QuotaExhaustedError(information, next_day())
        refuse_unknown(TITLE, response)
    error = body.get("Error Message")
    if isinstance(error, str):
        if "apikey" in error.lower() and ("invalid" in error or "missing" in error):
            raise KeyRejectedError(error)
        if "invalid api call" in error.lower():
            raise UnknownSymbolError(error)
        refuse_unknown(TITLE, response)


def _series(query: Query, body: Mapping[str, object], text: str) -> Bars:
    """Read the shape of commodities; metals have their own name for the price and neither unit nor interval."""
    asset = query.asset
    if asset.symbol in _METALS:
        expected, key = {"nominal": _METALS[asset.symbol]}, "price"
    else:
        expected, key = {"interval": query.interval, "unit": asset.vendor_unit}, "value"
    for name, value in expected.items():
        if body.get(name) != value:
            raise BadPayloadError(f"{name} was {body.get(name)!r} instead of {value!r}", text)
    data = items(body.get("data"))
    if data is None or not all("date" in item and key in item for item in data):
        raise BadPayloadError(f"no list of date and {key} under data", text)
    rows = [Row(day_ns(item["date"], text), item[key]) for item in data]
    return make_bars(NAME, query, rows, text, cents=asset.cents)


def _spot(query: Query, body: Mapping[str, object], text: str) -> Bars:
    if body.get("nominal") != _METALS.get(query.asset.symbol) or not {"timestamp", "price"} <= body.keys():
        raise BadPayloadError(f"no price of {query.asset.symbol} with its time", text)
    return make_bars(NAME, query, [Row(time_ns(body["timestamp"], dt.UTC, text), body["price"])], text)


def _equity(query: Query, body: Mapping[str, object], text: str) -> Bars:
    if query.interval == LATEST:
        quote = _named(body.get("Global Quote"))
        if quote.get("symbol") != query.asset.vendor_symbol or "price" not in quote:
            raise BadPayloadError(f"no quote of {query.asset.vendor_symbol}", text)
        row = Row(
            day_ns(quote.get("latest trading day"), text),
            quote["price"],
            quote.get("open"),
            quote.get("high"),
            quote.get("low"),
            quote.get("volume"),
        )
        return make_bars(NAME, query, [row], text)
    meta = _named(body.get("Meta Data"))
    if meta.get("Symbol") != query.asset.vendor_symbol:
        raise BadPayloadError(f"symbol was {meta.get('Symbol')!r} instead of {query.asset.vendor_symbol!r}", text)
    name = next((name for name in body if "Time Series" in name), "")
    series = mapping(body.get(name))
    if series is None or not _interval_matches(name, query.interval):
        raise BadPayloadError(f"no {query.interval} time series", text)
    intraday = query.interval in _INTRADAY
    zone = _zone(meta.get("Time Zone"), text) if intraday else dt.UTC
    rows = []
    for moment, values in series.items():
        bar = _named(values)
        if "close" not in bar:
            raise BadPayloadError(f"no close at {moment}", text)
        at = time_ns(moment, zone, text) if intraday else day_ns(moment, text)
        rows.append(Row(at, bar["close"], bar.get("open"), bar.get("high"), bar.get("low"), bar.get("volume")))
    return make_bars(NAME, query, rows, text)


def _interval_matches(name: str, interval: str) -> bool:
    wanted = interval if interval in _INTRADAY else interval.capitalize()
    return wanted in name and "FX" not in name and "Currency" not in name


def _named(value: object) -> dict[str, object]:
    """Return an object without the numbers before its names, which shift when a field is added."""
    return {re.sub(r"^\d+[a-z]?\. ", "", name): item for name, item in (mapping(value) or {}).items()}


def _zone(name: object, text: str) -> dt.tzinfo:
    try:
        # Systems without the old names still have the new one.
        return zoneinfo.ZoneInfo("America/New_York" if name == "US/Eastern" else str(name))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise BadPayloadError(f"{name!r} is not a known time zone", text) from None


SOURCES.add(
    Source(
        name=NAME,
        title=TITLE,
        tier="primary",
        base_url=BASE_URL,
        auth=AUTH,
        # The free plan of 2026 has one call a second and 25 a day; the five a minute are those of the years before.
        limits=(Window(1, 1.0), Window(5, 60.0), Window(25, 86_400.0)),
        assets=ASSETS,
        fetch=fetch,
        absent={
            "PLATINUM": "Alpha Vantage has no series for platinum",
            "SOYBEANS": "Alpha Vantage has no series for soybeans",
        },
        equities=True,
        whole_series=True,
        equity_frequencies=("daily", "weekly", "monthly", LATEST, *_INTRADAY),
    )
)

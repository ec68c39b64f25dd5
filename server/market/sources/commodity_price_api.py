"""CommodityPriceAPI: futures and spot prices, a year a request.

A series comes without its unit, and some are quoted in cents: the newest rate, whose answer says so, is asked first.
Status 404 stands for a wrong key, an unknown symbol and a range without prices alike: the code in the body decides.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from riskwave.server.market.sources._canonical import BARREL, BUSHEL, MMBTU, OUNCE, POUND, commodity
from riskwave.server.market.sources._errors import (
    BadPayloadError,
    KeyRejectedError,
    NoDataError,
    NotInPlanError,
    QuotaExhaustedError,
    ShortLimitError,
    UnknownSymbolError,
    UpstreamBrokenError,
)
from riskwave.server.market.sources._http import Auth, HttpRequest
from riskwave.server.market.sources._model import LATEST, SOURCES, Source, Window
from riskwave.server.market.sources._parse import (
    Row,
    day_ns,
    load_json,
    make_bars,
    mapping,
    number,
    refuse_unknown,
    require_data,
    retry_after_s,
    unix_ns,
)
from riskwave.server.market.sources._time import next_day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from riskwave.server.market.sources._http import HttpResponse
    from riskwave.server.market.sources._model import Ask, Asset, Bars, Query

NAME = "commodity_price_api"
TITLE = "CommodityPriceAPI"
BASE_URL = "https://api.commoditypriceapi.com"
AUTH = Auth("header", "x-api-key")
SPAN_DAYS = 365
"""Longest range of one request."""

FIRST_DATE = dt.date(1990, 1, 1)
"""Where going back in time ends when no start is given and the vendor never says that there is nothing."""

_BOTH = ("daily", LATEST)
_UNITS = {
    "bbl": BARREL,
    "mmbtu": MMBTU,
    "t.oz": OUNCE,
    "lb": POUND,
    "lbs": POUND,
    "bu": BUSHEL,
}
"""Units as the vendor writes them; one that is not here is refused, since its prices could not be labelled."""

ASSETS = (
    commodity("WTI", "WTIOIL-FUT", "Crude oil WTI, future", BARREL, _BOTH),
    commodity("BRENT", "BRENTOIL-FUT", "Crude oil Brent, future", BARREL, _BOTH),
    commodity("NATURAL_GAS", "NG-FUT", "Natural gas, future", MMBTU, _BOTH),
    commodity("GOLD", "XAU", "Gold, spot", OUNCE, _BOTH),
    commodity("SILVER", "XAG", "Silver, spot", OUNCE, _BOTH),
    commodity("PLATINUM", "PL", "Platinum", OUNCE, _BOTH),
    commodity("PALLADIUM", "PA", "Palladium", OUNCE, _BOTH),
    commodity("COPPER", "HG-FUT", "Copper, future", POUND, _BOTH),
    commodity("WHEAT", "ZW-FUT", "Wheat, future", BUSHEL, _BOTH),
    commodity("CORN", "CORN", "Corn", BUSHEL, _BOTH),
    commodity("SOYBEANS", "SOYBEAN-FUT", "Soybeans, future", BUSHEL, _BOTH),
    commodity("COTTON", "CT", "Cotton", POUND, _BOTH),
    commodity("COFFEE", "CA", "Coffee", POUND, _BOTH),
)


async def fetch(query: Query, ask: Ask) -> Bars:
    """Ask for the newest rate and its unit, then backwards year by year until the start or until there is nothing."""
    newest = await ask(HttpRequest(BASE_URL, "/v2/rates/latest", _symbols(query.asset), AUTH))
    latest = parse_latest(query, newest)
    if query.interval == LATEST:
        return latest
    cents = is_cents(query.asset, newest)
    rows: list[Row] = []
    texts: list[str] = []
    first, last = query.start or FIRST_DATE, query.end or dt.datetime.now(dt.UTC).date()
    while last >= first:
        begin = max(first, last - dt.timedelta(days=SPAN_DAYS - 1))
        response = await ask(make_request(query.asset, begin, last))
        try:
            rows += parse_rows(query.asset, response)
        except NoDataError:
            break  # nothing earlier either: histories are without holes of a year
        texts.append(response.text)
        last = begin - dt.timedelta(days=1)
    return make_bars(NAME, query, rows, texts[0] if texts else "", cents=cents)


def make_request(asset: Asset, start: dt.date, end: dt.date) -> HttpRequest:
    """Return the request for the bars of at most a year."""
    params = (*_symbols(asset), ("startDate", start.isoformat()), ("endDate", end.isoformat()))
    return HttpRequest(BASE_URL, "/v2/rates/time-series", params, AUTH)


def _symbols(asset: Asset) -> tuple[tuple[str, str], ...]:
    """One symbol a request: a wrong one fails all of them."""
    return (("symbols", asset.vendor_symbol),)


def parse_latest(query: Query, response: HttpResponse) -> Bars:
    """Return the newest rate as one bar."""
    body = _success(response)
    rate = (mapping(body.get("rates")) or {}).get(query.asset.vendor_symbol)
    fields = mapping(rate)
    value = rate if fields is None else fields.get("rate")
    if value is None:
        raise BadPayloadError(f"no rate of {query.asset.vendor_symbol}", response.text)
    row = Row(unix_ns(body.get("timestamp"), response.text), value)
    newest = replace(query, start=None, end=None)
    return make_bars(NAME, newest, [row], response.text, cents=is_cents(query.asset, response))


def is_cents(asset: Asset, response: HttpResponse) -> bool:
    """Tell whether the rates are cents, from the unit and currency that come with the newest rate.

    Raises
    ------
    BadPayloadError
        They are missing or not those of `asset`, so that nobody knows what the number means.
    """
    body = _success(response)
    described = mapping(body.get("metadata")) or mapping(body.get("metaData")) or {}
    metadata = mapping(described.get(asset.vendor_symbol)) or {}
    unit, quote = metadata.get("unit"), metadata.get("quote", metadata.get("currency"))
    if _UNITS.get(str(unit).lower()) != asset.unit:
        raise BadPayloadError(f"unit of {asset.vendor_symbol} was {unit!r}, not one of {asset.unit}", response.text)
    if quote not in {"USD", "US Cent"}:
        raise BadPayloadError(
            f"currency of {asset.vendor_symbol} was {quote!r} instead of USD or US Cent", response.text
        )
    return quote == "US Cent"


def parse_rows(asset: Asset, response: HttpResponse) -> list[Row]:
    """Return the bars of one time series."""
    rates = mapping(_success(response).get("rates"))
    if rates is None:
        raise BadPayloadError("no rates", response.text)
    rows = []
    for date, symbols in rates.items():
        bar = mapping((mapping(symbols) or {}).get(asset.vendor_symbol))
        if bar is None or "close" not in bar:
            raise BadPayloadError(f"no close of {asset.vendor_symbol} on {date}", response.text)
        # Monthly series say 0 for the prices that they do not have.
        only_close = all(number(bar.get(name)) == 0.0 for name in ("open", "high", "low"))
        opening, high, low = (None,) * 3 if only_close else (bar.get(name) for name in ("open", "high", "low"))
        rows.append(Row(day_ns(date, response.text), bar["close"], opening, high, low))
    if not rows:
        raise NoDataError(f"{TITLE} answered no rates of {asset.vendor_symbol}")
    return rows


def _success(response: HttpResponse) -> Mapping[str, object]:
    body = mapping(load_json(response))
    if body is None:
        refuse_unknown(TITLE, response)
    code = body.get("code", body.get("error"))
    if isinstance(code, str):
        _refuse(code, str(body.get("message", "")), response)
    require_data(TITLE, response)
    if body.get("success") is not True:
        raise BadPayloadError("the answer does not say success", response.text)
    return body


def _refuse(code: str, message: str, response: HttpResponse) -> NoReturn:
    """Raise the error of a code."""
    text = f"{code}: {message}"
    if code in {"API_KEY_NOT_FOUND", "USER_NOT_FOUND"}:  # the second is what a wrong key gets
        raise KeyRejectedError(text)
    if code == "LIMIT_REACHED":
        raise QuotaExhaustedError(text, next_day())
    if code == "TOO_MANY_REQUESTS":
        raise ShortLimitError(text, retry_after_s(response))
    if code == "PAYMENT_REQUIRED":
        raise NotInPlanError(text, "endpoint")
    if code == "SYMBOL_NOT_FOUND":
        raise UnknownSymbolError(text)
    if code in {"RATE_NOT_FOUND", "DATA_NOT_FOUND"}:
        raise NoDataError(text)
    if code == "SERVER_ERROR":
        raise UpstreamBrokenError(text)
    refuse_unknown(TITLE, response)


SOURCES.add(
    Source(
        name=NAME,
        title=TITLE,
        tier="secondary",
        base_url=BASE_URL,
        auth=AUTH,
        # The trial of seven days; the limit a minute is not published, its refusal asks for a wait of one.
        limits=(Window(30, 60.0), Window(2_000, 31 * 86_400.0)),
        assets=ASSETS,
        fetch=fetch,
    )
)

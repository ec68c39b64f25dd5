"""Financial Modeling Prep: rolling front-month futures and shares, with opening, highest and lowest prices.

Refusals that concern the subscription are plain text with status 402; "Limit Reach" asks to upgrade as well, and means
that the day's calls are used up: it is looked for first.
"""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING

from riskwave.server.market.sources._canonical import (
    BARREL,
    BUSHEL,
    GALLON,
    MMBTU,
    OUNCE,
    POUND,
    commodity,
)
from riskwave.server.market.sources._errors import (
    BadPayloadError,
    KeyRejectedError,
    NoDataError,
    NotInPlanError,
    QuotaExhaustedError,
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
    unix_ns,
)
from riskwave.server.market.sources._time import next_day

if TYPE_CHECKING:
    from collections.abc import Mapping

    from riskwave.server.market.sources._http import HttpResponse
    from riskwave.server.market.sources._model import Ask, Asset, Bars, Query

NAME = "fmp"
TITLE = "Financial Modeling Prep"
BASE_URL = "https://financialmodelingprep.com"
AUTH = Auth("query", "apikey")
_EXCHANGE_ZONE = "America/New_York"
_INTRADAY = {"1min": "1min", "5min": "5min", "15min": "15min", "30min": "30min", "60min": "1hour", "4hour": "4hour"}


def _future(symbol: str, root: str, name: str, unit: str) -> Asset:
    """Return a future; the vendor's symbol ends in its currency, USX being cents."""
    return commodity(
        symbol,
        root,
        f"{name}, front-month future",
        unit,
        ("daily", LATEST),
        cents=root.endswith("USX"),
        aliases=(root[:-3], root),
    )


ASSETS = (
    _future("WTI", "CLUSD", "Crude oil WTI", BARREL),
    _future("BRENT", "BZUSD", "Crude oil Brent", BARREL),
    _future("NATURAL_GAS", "NGUSD", "Henry Hub natural gas", MMBTU),
    _future("HEATING_OIL", "HOUSD", "Heating oil", GALLON),
    _future("GASOLINE", "RBUSD", "Gasoline RBOB", GALLON),
    _future("GOLD", "GCUSD", "Gold", OUNCE),
    _future("SILVER", "SIUSD", "Silver", OUNCE),
    _future("PLATINUM", "PLUSD", "Platinum", OUNCE),
    _future("PALLADIUM", "PAUSD", "Palladium", OUNCE),
    _future("COPPER", "HGUSD", "Copper", POUND),
    _future("WHEAT", "KEUSX", "Wheat, hard red winter", BUSHEL),
    _future("CORN", "ZCUSX", "Corn", BUSHEL),
    _future("SOYBEANS", "ZSUSX", "Soybeans", BUSHEL),
    _future("LEAN_HOGS", "HEUSX", "Lean hogs", POUND),
    _future("LIVE_CATTLE", "LEUSX", "Live cattle", POUND),
)


async def fetch(query: Query, ask: Ask) -> Bars:
    """Ask for the bars between the dates."""
    return parse(query, await ask(make_request(query)))


def make_request(query: Query) -> HttpRequest:
    """Return the request for daily bars, bars within the day, or the newest quote."""
    params = {"symbol": query.asset.vendor_symbol}
    if query.interval == LATEST:
        path = "/stable/quote"
    else:
        if query.start is not None:
            params["from"] = query.start.isoformat()
        if query.end is not None:
            params["to"] = query.end.isoformat()
        intraday = _INTRADAY.get(query.interval)
        path = f"/stable/historical-chart/{intraday}" if intraday else "/stable/historical-price-eod/full"
    return HttpRequest(BASE_URL, path, tuple(params.items()), AUTH)


def parse(query: Query, response: HttpResponse) -> Bars:
    """Return the bars of an answer, or raise the error that it is."""
    data = load_json(response)
    body = mapping(data)
    message = body.get("Error Message") if body is not None else None
    _refuse(message if isinstance(message, str) else response.text if data is None else "")
    if data is None or message is not None:
        refuse_unknown(TITLE, response)
    require_data(TITLE, response)
    # The address before 2025 wrapped the list; recordings of it are still replayed.
    rows = items(
        body.get("historical") if body is not None and body.get("symbol") == query.asset.vendor_symbol else data
    )
    if rows is None:
        raise BadPayloadError("no list of bars", response.text)
    if not rows:
        raise NoDataError(f"{TITLE} answered an empty list for {query.asset.vendor_symbol}")
    return make_bars(
        NAME, query, [_row(query, row, response.text) for row in rows], response.text, cents=query.asset.cents
    )


def _refuse(text: str) -> None:
    """Raise the error that a text states; return when it states none that is known."""
    folded = text.lower()
    if "limit reach" in folded:
        raise QuotaExhaustedError(text, next_day())
    if "invalid api key" in folded:
        raise KeyRejectedError(text)
    if "legacy endpoint" in folded or "restricted endpoint" in folded:
        raise NotInPlanError(text, "endpoint")
    if "premium query parameter" in folded:
        raise NotInPlanError(text, "symbol" if "'symbol'" in folded else "parameter")


def _row(query: Query, row: Mapping[str, object], text: str) -> Row:
    symbol = row.get("symbol", query.asset.vendor_symbol)  # bars within the day do not name it
    if symbol != query.asset.vendor_symbol:
        raise BadPayloadError(f"symbol was {symbol!r} instead of {query.asset.vendor_symbol!r}", text)
    if query.interval == LATEST:
        if not {"price", "timestamp"} <= row.keys():
            raise BadPayloadError("no price with its time", text)
        return Row(
            unix_ns(row["timestamp"], text),
            row["price"],
            row.get("open"),
            row.get("dayHigh"),
            row.get("dayLow"),
            row.get("volume"),
        )
    name = "close" if "close" in row else "price"  # as the short form calls it
    if name not in row or "date" not in row:
        raise BadPayloadError("a bar without date and close", text)
    if query.interval in _INTRADAY:
        at = time_ns(row["date"], zoneinfo.ZoneInfo(_EXCHANGE_ZONE), text)
    else:
        at = day_ns(row["date"], text)
    return Row(at, row[name], row.get("open"), row.get("high"), row.get("low"), row.get("volume"))


SOURCES.add(
    Source(
        name=NAME,
        title=TITLE,
        tier="primary",
        base_url=BASE_URL,
        auth=AUTH,
        limits=(Window(250, 86_400.0),),
        assets=ASSETS,
        fetch=fetch,
        equities=True,
        # Times of commodities within the day come without a time zone that is known.
        equity_frequencies=("daily", LATEST, *_INTRADAY),
    )
)

"""API Ninjas: rolling futures; histories need a subscription, newest prices of some commodities do not.

Nearly every refusal is status 400: its text decides, in the order quota, key, plan. A success may have sentences
in place of numbers.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

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
    ShortLimitError,
)
from riskwave.server.market.sources._http import Auth, HttpRequest
from riskwave.server.market.sources._model import LATEST, SOURCES, Source, Window
from riskwave.server.market.sources._parse import (
    DAY_NS,
    Row,
    items,
    load_json,
    make_bars,
    mapping,
    refuse_unknown,
    require_data,
    retry_after_s,
    unix_ns,
)
from riskwave.server.market.sources._time import next_day

if TYPE_CHECKING:
    from riskwave.server.market.sources._http import HttpResponse
    from riskwave.server.market.sources._model import Ask, Asset, Bars, Query

NAME = "api_ninjas"
TITLE = "API Ninjas"
BASE_URL = "https://api.api-ninjas.com"
AUTH = Auth("header", "X-Api-Key")

_PERIODS = {
    "daily": "1d",
    "1min": "1m",
    "5min": "5m",
    "15min": "15m",
    "30min": "30m",
    "60min": "1h",
    "4hour": "4h",
}
_FREQUENCIES = ("daily", LATEST, "1min", "5min", "15min", "30min", "60min", "4hour")
_UNITS = {
    "barrel": BARREL,
    "mmbtu": MMBTU,
    "gallon": GALLON,
    "troy_ounce": OUNCE,
    "pound": POUND,
    "bushel": BUSHEL,
}
"""Units as the vendor writes them; only troy_ounce has been seen in an answer."""


def _future(symbol: str, slug: str, name: str, unit: str) -> Asset:
    return commodity(symbol, slug, f"{name}, rolling future", unit, _FREQUENCIES)


ASSETS = (
    _future("WTI", "crude_oil", "Crude oil WTI", BARREL),
    _future("BRENT", "brent_crude_oil", "Crude oil Brent", BARREL),
    _future("NATURAL_GAS", "natural_gas", "Natural gas", MMBTU),
    _future("HEATING_OIL", "heating_oil", "Heating oil", GALLON),
    _future("GASOLINE", "gasoline_rbob", "Gasoline RBOB", GALLON),
    _future("GOLD", "gold", "Gold", OUNCE),
    _future("SILVER", "silver", "Silver", OUNCE),
    _future("PLATINUM", "platinum", "Platinum", OUNCE),
    _future("PALLADIUM", "palladium", "Palladium", OUNCE),
    _future("COPPER", "copper", "Copper", POUND),
    _future("WHEAT", "wheat", "Wheat", BUSHEL),
    _future("CORN", "corn", "Corn", BUSHEL),
    _future("SOYBEANS", "soybean", "Soybeans", BUSHEL),
    _future("OATS", "oat", "Oats", BUSHEL),
    _future("COTTON", "cotton", "Cotton", POUND),
    _future("COFFEE", "coffee", "Coffee", POUND),
    _future("SUGAR", "sugar", "Sugar", POUND),
    _future("LEAN_HOGS", "lean_hogs", "Lean hogs", POUND),
    _future("LIVE_CATTLE", "live_cattle", "Live cattle", POUND),
    _future("FEEDER_CATTLE", "feeder_cattle", "Feeder cattle", POUND),
)


async def fetch(query: Query, ask: Ask) -> Bars:
    """Ask for the newest price and its unit, which histories leave out, then for the history."""
    newest = await ask(_request("/v1/commodityprice", query.asset))
    latest = parse_latest(query, newest)
    if query.interval == LATEST:
        return latest
    return parse_history(query, await ask(make_request(query)), cents=is_cents(query.asset, newest))


def make_request(query: Query) -> HttpRequest:
    """Return the request for a history."""
    params = {"period": _PERIODS[query.interval]}
    if query.start is not None:
        params["start"] = str(_unix(query.start))
    if query.end is not None:
        params["end"] = str(_unix(query.end + dt.timedelta(days=1)) - 1)
    return _request("/v1/commoditypricehistorical", query.asset, *params.items())


def _request(path: str, asset: Asset, *params: tuple[str, str]) -> HttpRequest:
    return HttpRequest(BASE_URL, path, (("name", asset.vendor_symbol), *params), AUTH)


def _unix(date: dt.date) -> int:
    return int(dt.datetime.combine(date, dt.time(), dt.UTC).timestamp())


def parse_latest(query: Query, response: HttpResponse) -> Bars:
    """Return the newest price as one bar."""
    body = mapping(_success(response)) or {}
    if not {"price", "updated"} <= body.keys():
        raise BadPayloadError("no price with its time", response.text)
    row = Row(unix_ns(body["updated"], response.text), body["price"])
    newest = replace(query, start=None, end=None)
    return make_bars(NAME, newest, [row], response.text, cents=is_cents(query.asset, response))


def is_cents(asset: Asset, response: HttpResponse) -> bool:
    """Tell whether prices are cents, from what comes with the newest price.

    Raises
    ------
    BadPayloadError
        Unit or currency are missing or not those of `asset`, so that nobody knows what the number means.
    """
    body = mapping(_success(response)) or {}
    if body.get("value") != asset.vendor_symbol:
        raise BadPayloadError(
            f"the price is one of {body.get('value')!r} instead of {asset.vendor_symbol}", response.text
        )
    unit, currency = body.get("unit"), body.get("currency_unit")
    if _UNITS.get(str(unit).lower()) != asset.unit:
        raise BadPayloadError(f"unit of {asset.vendor_symbol} was {unit!r}, not one of {asset.unit}", response.text)
    if currency not in {"USD", "USX"}:
        raise BadPayloadError(
            f"currency of {asset.vendor_symbol} was {currency!r} instead of USD or USX", response.text
        )
    return currency == "USX"


def parse_history(query: Query, response: HttpResponse, *, cents: bool = False) -> Bars:
    """Return the bars of a history; clients have seen its times under two names and in both orders."""
    data = items(_success(response))
    if data is None:
        raise BadPayloadError("no list of bars", response.text)
    if not data:
        raise NoDataError(f"{TITLE} answered an empty list for {query.asset.vendor_symbol}")
    name = "time" if "time" in data[0] else "timestamp"
    rows = []
    for bar in data:
        if "close" not in bar:
            raise BadPayloadError("a bar without close", response.text)
        at = unix_ns(bar.get(name), response.text)
        if query.interval == "daily":
            at -= at % DAY_NS
        rows.append(Row(at, bar["close"], bar.get("open"), bar.get("high"), bar.get("low"), bar.get("volume")))
    return make_bars(NAME, query, rows, response.text, cents=cents)


def _success(response: HttpResponse) -> object:
    data = load_json(response)
    if data is None:
        _refuse_status(response)
    body = mapping(data) or {}
    message = body.get("error", body.get("message"))
    if isinstance(message, str):
        _refuse(message, response)
    if not 200 <= response.status < 300:
        _refuse_status(response)
    require_data(TITLE, response)
    return data


def _refuse_status(response: HttpResponse) -> NoReturn:
    """Raise for a body that says nothing known. Status 502 is what this vendor also says of unusable parameters."""
    if response.status == 502:
        raise BadPayloadError(f"{TITLE} answered status 502, which repeating does not change", response.text)
    refuse_unknown(TITLE, response)


def _refuse(message: str, response: HttpResponse) -> None:
    text = message.lower()
    if "quota" in text:
        raise QuotaExhaustedError(message, next_day())
    if "too many requests" in text:
        raise ShortLimitError(message, retry_after_s(response))
    if "api key" in text:
        raise KeyRejectedError(message)
    if any(
        words in text for words in ("premium subscriber", "is for premium", "available to premium", "down for free")
    ):
        raise NotInPlanError(message, "parameter" if "parameter" in text else "endpoint")
    _refuse_status(response)


SOURCES.add(
    Source(
        name=NAME,
        title=TITLE,
        tier="secondary",
        base_url=BASE_URL,
        auth=AUTH,
        limits=(Window(100, 3_600.0), Window(3_000, 31 * 86_400.0)),
        assets=ASSETS,
        fetch=fetch,
    )
)

"""From a vendor's rows to `Bars`: one strict reading of numbers, dates and JSON for all of them."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, cast

import numpy as np

from riskwave.server.market.sources._errors import (
    BadPayloadError,
    NoDataError,
    NotInPlanError,
    ShortLimitError,
    UpstreamBrokenError,
)
from riskwave.server.market.sources._model import Bars

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from riskwave.server.market.sources._http import HttpResponse
    from riskwave.server.market.sources._model import Query, Times, Values

DAY_NS = 86_400_000_000_000
SHOWN_MAX = 5
RETRY_AFTER_S = 60.0
"""Wait after a refusal that does not say how long."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_EPOCH = dt.date(1970, 1, 1).toordinal()


def number(value: object) -> float:
    """Return a JSON number or a number in a text; NaN for everything else, which is then reported as missing.

    Examples
    --------
    >>> number("-36.98"), number(4170), number("."), number("for premium subscribers only"), number(True)
    (-36.98, 4170.0, nan, nan, nan)
    """
    if isinstance(value, str):
        text = value.strip()
        result = float(text) if _NUMBER.fullmatch(text) else math.nan
    elif isinstance(value, bool) or not isinstance(value, int | float):
        result = math.nan
    else:
        try:
            result = float(value)
        except OverflowError:
            result = math.nan
    return result if math.isfinite(result) else math.nan


def day_ns(text: object, body: str) -> int:
    """Return 00:00 UTC of an ISO date in nanoseconds; BadPayloadError for anything else."""
    try:
        # Forms such as 20260131 and 2026-W05-6 are ISO dates as well, and no vendor's.
        date = dt.date.fromisoformat(text) if isinstance(text, str) and len(text) == 10 and text[4] == "-" else None
    except ValueError:
        date = None
    if date is None or date.isoformat() != text:
        raise BadPayloadError(f"{text!r} is not a date", body)
    return (date.toordinal() - _EPOCH) * DAY_NS


def time_ns(text: object, zone: dt.tzinfo, body: str) -> int:
    """Return ``YYYY-MM-DD HH:MM:SS`` of a time zone in nanoseconds UTC; BadPayloadError for anything else."""
    try:
        moment = dt.datetime.fromisoformat(text) if isinstance(text, str) and len(text) == 19 else None
    except ValueError:
        moment = None
    if moment is None:
        raise BadPayloadError(f"{text!r} is not a date and time", body)
    return round(moment.replace(tzinfo=zone).timestamp()) * 1_000_000_000


def unix_ns(value: object, body: str) -> int:
    """Return seconds since 1970-01-01 UTC in nanoseconds; BadPayloadError for anything that is not a sensible one."""
    seconds = number(value)
    if not -5e9 < seconds < 5e9:  # also refuses NaN and milliseconds
        raise BadPayloadError(f"{value!r} is not a time in seconds", body)
    return round(seconds * 1e9)


def load_json(response: HttpResponse) -> object:
    """Return the JSON of a body, whatever its status; None for a body that is not JSON."""
    try:
        return cast("object", json.loads(response.body, parse_constant=lambda _: None))
    except (ValueError, RecursionError):
        return None


def refuse_unknown(source_title: str, response: HttpResponse) -> NoReturn:
    """Raise for an answer whose body says nothing that is known: by status where that is clear, else as it is."""
    if response.status == 429:
        raise ShortLimitError(f"{source_title} answered status 429: {response.text}", retry_after_s(response))
    if response.status >= 500:
        raise UpstreamBrokenError(f"{source_title} answered status {response.status}: {response.text}")
    kind = f" of type {response.content_type}" if response.content_type else ""
    raise BadPayloadError(f"{source_title} answered status {response.status} with an unknown body{kind}", response.text)


def retry_after_s(response: HttpResponse) -> float:
    """Return the Retry-After header in seconds, `RETRY_AFTER_S` without a usable one."""
    wait_s = number(response.headers.get("retry-after", ""))
    return min(max(wait_s, 1.0), 3600.0) if math.isfinite(wait_s) else RETRY_AFTER_S


def require_data(source_title: str, response: HttpResponse) -> None:
    """Refuse to read prices from an answer that is not a success or does not call itself JSON."""
    if not 200 <= response.status < 300:
        refuse_unknown(source_title, response)
    kind = response.content_type
    if kind not in {"application/json", "text/json"} and not kind.endswith("+json"):
        shown = kind or "none"
        raise BadPayloadError(f"{source_title} answered with content type {shown}, not JSON", response.text)


@dataclass(frozen=True, slots=True)
class Row:
    """One bar as the vendor wrote it; prices still as texts or numbers."""

    time_ns: int
    close: object
    open: object = None
    high: object = None
    low: object = None
    volume: object = None


def make_bars(
    source: str, query: Query, rows: Sequence[Row], body: str, *, cents: bool = False, notes: Sequence[str] = ()
) -> Bars:
    """Return the bars of `query`: numbers read, ordered, without duplicates, in dollars, within the dates asked for.

    Parameters
    ----------
    source
        Name of the source.
    query
        What was asked.
    rows
        In any order. Of several with one time the last one counts.
    body
        The answer, for the excerpt of an error.
    cents
        True when prices are in hundredths.
    notes
        What is known already; what is put right here is added.

    Raises
    ------
    NoDataError
        There are no rows, or none within the dates.
    NotInPlanError
        The prices are sentences about subscriptions.
    BadPayloadError
        There are rows, and none has a price.
    """
    if not rows:
        raise NoDataError(f"{source} has no bars of {query.asset.symbol}")
    columns = {
        name: np.array([number(getattr(row, name)) for row in rows])
        for name in ("close", "open", "high", "low", "volume")
    }
    times = np.array([row.time_ns for row in rows], dtype=np.int64)
    notes = list(notes)
    missing = np.isnan(columns["close"])
    if missing.all():
        sentence = next((row.close for row in rows if isinstance(row.close, str) and "premium" in row.close), None)
        if sentence is not None:
            raise NotInPlanError(sentence, "symbol")
        raise BadPayloadError(f"none of {len(rows)} rows has a price", body)
    if missing.any():
        dates = np.sort(times[missing])
        notes.append(f"{missing.sum()} rows without a price were left out: {_shown(dates)}")
    keep = np.flatnonzero(~missing)
    order, note = _ordered(times[keep], columns["close"][keep])
    notes += note
    keep = keep[order]
    inside = _inside(times[keep], query)
    if not inside.any():
        raise NoDataError(f"{source} has no bars of {query.asset.symbol} {_range(query)}")
    keep = keep[inside]
    scale = 100.0 if cents else 1.0
    if cents:
        notes.append("cents converted to dollars")
    return Bars(
        source=source,
        symbol=query.asset.symbol,
        interval=query.interval,
        times=times[keep],
        close=columns["close"][keep] / scale,
        unit=query.asset.unit,
        currency=query.asset.currency,
        notes=tuple(notes),
        open=_present(columns["open"][keep] / scale),
        high=_present(columns["high"][keep] / scale),
        low=_present(columns["low"][keep] / scale),
        volume=_present(columns["volume"][keep]),
    )


def _present(values: Values) -> Values | None:
    """Return a column, None when nothing is in it."""
    return None if np.isnan(values).all() else values


def _ordered(times: Times, close: Values) -> tuple[Times, list[str]]:
    """Return the indices of ascending, unique times (the last of equals) and what had to be put right."""
    notes = []
    steps = np.diff(times)
    if (steps > 0).any() and (steps < 0).any():
        notes.append("the rows were in no order and have been sorted")
    order = np.argsort(times, kind="stable")
    last = np.append(np.diff(times[order]) > 0, True)
    if not last.all():
        repeated = times[order][~last]
        conflicts = sum(len(set(close[times == moment])) > 1 for moment in np.unique(repeated))
        text = f"{len(repeated)} repeated times were left out, the last row of each counts: {_shown(repeated)}"
        notes.append(text + (f"; {conflicts} had different prices" if conflicts else ""))
    return order[last], notes


def _inside(times: Times, query: Query) -> NDArray[np.bool_]:
    inside = np.ones(len(times), dtype=np.bool_)
    if query.start is not None:
        inside &= times >= (query.start.toordinal() - _EPOCH) * DAY_NS
    if query.end is not None:
        inside &= times < (query.end.toordinal() + 1 - _EPOCH) * DAY_NS
    return inside


def _shown(times: Times) -> str:
    texts = [str(np.datetime64(int(moment), "ns").astype("datetime64[D]")) for moment in times[:SHOWN_MAX]]
    return ", ".join(texts) + (f" and {len(times) - SHOWN_MAX} more" if len(times) > SHOWN_MAX else "")


def _range(query: Query) -> str:
    return f"from {query.start or 'the first'} to {query.end or 'the last'}"


def mapping(value: object) -> Mapping[str, object] | None:
    """Return a JSON object, None for anything else."""
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else None


def items(value: object) -> list[Mapping[str, object]] | None:
    """Return a JSON array whose elements are all objects, None for anything else."""
    if isinstance(value, list) and all(isinstance(element, dict) for element in value):
        return cast("list[Mapping[str, object]]", value)
    return None

"""ISO 8601 dates to and from nanoseconds since 1970-01-01 UTC."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

import numpy as np

from riskwave.compute.errors import InputError

DAY_NS: Final = 86_400_000_000_000
#: What fits into signed 64-bit nanoseconds, in whole days.
FIRST_DATE: Final = dt.date(1678, 1, 1)
LAST_DATE: Final = dt.date(2261, 12, 31)
_EPOCH: Final = dt.date(1970, 1, 1)
TIME_MIN_NS: Final = (FIRST_DATE - _EPOCH).days * DAY_NS
TIME_MAX_NS: Final = ((LAST_DATE - _EPOCH).days + 1) * DAY_NS - 1
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def date_ns(field: str, value: str) -> int:
    """Return the start of an ISO date in nanoseconds UTC.

    Parameters
    ----------
    field
        Name of the field, for the error.
    value
        A date such as ``2010-01-31``; no time, no other ISO form.

    Raises
    ------
    InputError
        It is no such date, or outside 1678-01-01 to 2261-12-31.

    Examples
    --------
    >>> date_ns("start_date", "1970-01-02")
    86400000000000
    """
    allowed = f"an ISO date such as 2010-01-31, from {FIRST_DATE} to {LAST_DATE}"
    if not _ISO.fullmatch(value):
        raise InputError(field, value, allowed)
    try:
        day = dt.date.fromisoformat(value)
    except ValueError:
        raise InputError(field, value, allowed) from None
    if not FIRST_DATE <= day <= LAST_DATE:
        raise InputError(field, value, allowed)
    return (day - _EPOCH).days * DAY_NS


def range_ns(start_date: str, end_date: str, *, path: str = "") -> tuple[int, int]:
    """Return first and last nanosecond of a range of dates, both included; empty means open.

    Parameters
    ----------
    start_date, end_date
        ISO dates or empty; the whole end date belongs to the range.
    path
        What stands before the fields' names in errors, such as ``selection.``.

    Raises
    ------
    InputError
        A date is none, or the start is after the end.

    Examples
    --------
    >>> range_ns("1970-01-01", "1970-01-01")
    (0, 86399999999999)
    """
    start = date_ns(f"{path}start_date", start_date) if start_date else TIME_MIN_NS
    end = date_ns(f"{path}end_date", end_date) + DAY_NS - 1 if end_date else TIME_MAX_NS
    if start > end:
        raise InputError(f"{path}start_date", start_date, f"on or before {path}end_date, {end_date}")
    return start, end


def iso(time_ns: int) -> str:
    """Show a time: the date alone at midnight, otherwise date and time of day.

    Examples
    --------
    >>> iso(0), iso(5_400_000_000_000)
    ('1970-01-01', '1970-01-01T01:30:00')
    """
    if time_ns % DAY_NS == 0:
        return str(np.datetime64(time_ns, "ns").astype("datetime64[D]"))
    return str(np.datetime64(time_ns, "ns").astype("datetime64[s]"))

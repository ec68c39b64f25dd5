"""On which days a market is open: the sessions of exchange calendars, as dates."""

from __future__ import annotations

import datetime as dt
import functools
import warnings
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.errors import UnknownNameError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Dates = NDArray[np.datetime64]

EVERY_DAY: Final = "24/7"
WEEKDAYS: Final = "24/5"
_WEEKDAYS_ONLY: Final = "1111100"
_FIRST: Final = dt.date(1900, 1, 1)


def sessions_between(name: str, first: dt.date, last: dt.date, *, field: str = "calendar") -> Dates:
    """Return the days on which the market of a calendar is open.

    Parameters
    ----------
    name
        A name or alias of exchange_calendars, such as XNYS, XLON or NYMEX; ``24/7`` for every day, ``24/5`` for every
        weekday.
    first, last
        Both included. Days before the calendar's own first one are not among the sessions.
    field
        The request's field, for the error.

    Returns
    -------
    array of datetime64[D]
        Ascending.

    Raises
    ------
    UnknownNameError
        There is no such calendar.

    Examples
    --------
    >>> sessions_between("XNYS", dt.date(2026, 11, 25), dt.date(2026, 11, 30)).astype(str).tolist()
    ['2026-11-25', '2026-11-27', '2026-11-30']
    """
    if name in {EVERY_DAY, WEEKDAYS}:
        days = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1)
        return days if name == EVERY_DAY else days[np.is_busday(days, weekmask=_WEEKDAYS_ONLY)]
    found = _sessions(name, field, last.year)
    return found[(found >= np.datetime64(first, "D")) & (found <= np.datetime64(last, "D"))]


def check_calendar(name: str, *, field: str = "calendar") -> None:
    """Raise UnknownNameError when there is no such calendar."""
    sessions_between(name, dt.date(2020, 1, 1), dt.date(2020, 1, 1), field=field)


def is_weekday(days: Dates) -> NDArray[np.bool_]:
    """Mark Mondays to Fridays."""
    marked: NDArray[np.bool_] = np.is_busday(days, weekmask=_WEEKDAYS_ONLY)
    return marked


@functools.lru_cache(maxsize=64)
def _sessions(name: str, field: str, last_year: int) -> Dates:
    # A second of imports that nobody pays who does not ask.
    import exchange_calendars
    from exchange_calendars.errors import InvalidCalendarName

    # The library reads its own schedules in a way that pandas 3 announces the end of.
    warnings.filterwarnings("ignore", message="Series.values returning an ndarray that drops timezone")
    try:
        recent = exchange_calendars.get_calendar(name)
    except InvalidCalendarName:
        known = exchange_calendars.get_calendar_names(include_aliases=True)
        raise UnknownNameError(field, name, known) from None
    earliest, latest = recent.bound_min(), recent.bound_max()
    start = _FIRST if earliest is None else max(_FIRST, earliest.date())
    end = dt.date(last_year, 12, 31) if latest is None else min(dt.date(last_year, 12, 31), latest.date())
    if end <= start:
        return np.empty(0, dtype="datetime64[D]")
    whole = exchange_calendars.get_calendar(name, start=start.isoformat(), end=end.isoformat())
    sessions: Dates = whole.sessions.to_numpy().astype("datetime64[D]")
    return sessions

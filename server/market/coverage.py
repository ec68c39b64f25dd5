"""Which bars of a series are there: gaps told from holidays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypedDict

import numpy as np

from riskwave.server.market.calendars import EVERY_DAY, WEEKDAYS, is_weekday, sessions_between

if TYPE_CHECKING:
    import datetime as dt

    from riskwave.server.market.calendars import Dates
    from riskwave.server.market.series import Asset, PriceSeries

GAPS_MAX: Final = 1000
"""Gaps that a report lists, the longest ones."""

_WEEKEND_SHARE: Final = 0.1
"""A series with more of its bars on weekends than this is taken to have one every day."""

_DAYS_MIN: Final = 14
"""Fewer days say nothing about weekends."""

_PERIODS: Final = {
    "weekly": "weeks",
    "monthly": "months",
    "quarterly": "quarters",
    "annual": "years",
    "yearly": "years",
}
_MONTHS: Final = {"monthly": 1, "quarterly": 3, "annual": 12, "yearly": 12}
_CALENDARS: Final = {"BRENT": "XLON"}
_MARKET: Final = "XNYS"


class _Gaps(TypedDict):
    gap_count: int
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """Consecutive bars that are due and not there: dates of the first and last one, and how many."""

    start: dt.date
    end: dt.date
    missing_count: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which bars are there, from the first to the last one.

    Parameters
    ----------
    calendar
        What says when a bar is due: an exchange calendar, or ``weeks``, ``months``, ``quarters``, ``years``; empty
        where nothing does, and then the counts are 0.
    due_count
        Bars that are due.
    missing_count
        Bars that are due and not there.
    holiday_count
        Weekdays without a bar on which none is due.
    unexpected_count
        Bars on days on which none is due.
    gap_count
        Stretches of missing bars.
    gaps
        The longest of them, at most `GAPS_MAX`, in order of time.
    """

    calendar: str = ""
    due_count: int = 0
    missing_count: int = 0
    holiday_count: int = 0
    unexpected_count: int = 0
    gap_count: int = 0
    gaps: tuple[Gap, ...] = ()


def coverage_of(series: PriceSeries, calendar: str = "", *, field: str = "calendar") -> Coverage:
    """Compare the dates of a series with those on which it is due.

    Parameters
    ----------
    series
        Its frequency decides: days are judged by a calendar, longer periods by themselves, and intraday bars by the
        days that have any. Irregular series are not judged.
    calendar
        Name of the calendar of daily and intraday series; empty takes `calendar_of`.
    field
        The request's field that has it, for the error.

    Raises
    ------
    UnknownNameError
        There is no such calendar.

    Examples
    --------
    >>> from riskwave.server.market.series import Asset, PriceSeries
    >>> days = np.array(["2026-11-24", "2026-11-25", "2026-11-30"], dtype="datetime64[ns]").astype(np.int64)
    >>> wti = Asset("WTI", "user", "WTI", "energy", "", "USD", "daily", "", None, None, 3)
    >>> found = coverage_of(PriceSeries(wti, days, np.ones(3)))
    >>> found.calendar, found.due_count, found.holiday_count, found.missing_count, str(found.gaps[0].start)
    ('XNYS', 4, 1, 1, '2026-11-27')
    """
    frequency = series.asset.frequency
    if frequency == "irregular" or len(series) == 0:
        return Coverage()
    days = np.unique(series.times.view("datetime64[ns]").astype("datetime64[D]"))
    if frequency in _PERIODS:
        return _by_periods(days, frequency)
    name = calendar or calendar_of(series.asset, days)
    first, last = days[0].item(), days[-1].item()
    due = sessions_between(name, first, last, field=field)
    missing = np.setdiff1d(due, days, assume_unique=True)
    judged = days[days >= due[0]] if len(due) else days[:0]  # a calendar may begin later than the series
    every = np.arange(judged[0], judged[-1] + 1) if len(judged) else judged
    closed = np.setdiff1d(every, due, assume_unique=True)
    return Coverage(
        name,
        due_count=len(due),
        missing_count=len(missing),
        holiday_count=int(is_weekday(np.setdiff1d(closed, judged, assume_unique=True)).sum()),
        unexpected_count=int(np.isin(judged, due, assume_unique=True, invert=True).sum()),
        **_gaps(missing, due),
    )


def calendar_of(asset: Asset, days: Dates) -> str:
    """Return the calendar that fits an asset whose bars are on these days.

    Commodities and shares that vendors quote in the United States follow its exchanges' holidays, crude oil Brent
    those of London. Series of any other kind are due on weekdays, and those that have weekends, every day.
    """
    if len(days) >= _DAYS_MIN and (~is_weekday(days)).mean() > _WEEKEND_SHARE:
        return EVERY_DAY
    if asset.category == "other":
        return WEEKDAYS
    return _CALENDARS.get(asset.symbol, _MARKET)


def _by_periods(days: Dates, frequency: str) -> Coverage:
    """Judge weeks (from Monday), months, quarters or years, each named by its first day."""
    if frequency == "weekly":
        monday = np.datetime64("1969-12-29")
        there = np.unique((days - monday) // np.timedelta64(7, "D"))
        every = np.arange(there[0], there[-1] + 1)
        due, held = monday + every * np.timedelta64(7, "D"), there
    else:
        months = days.astype("datetime64[M]").astype(np.int64)
        length = _MONTHS[frequency]
        held = np.unique(months // length)
        every = np.arange(held[0], held[-1] + 1)
        due = (every * length).astype("datetime64[M]").astype("datetime64[D]")
    missing = due[~np.isin(every, held, assume_unique=True)]
    return Coverage(_PERIODS[frequency], len(due), len(missing), **_gaps(missing, due))


def _gaps(missing: Dates, due: Dates) -> _Gaps:
    """Put missing bars together that follow each other among those that are due."""
    if len(missing) == 0:
        return {"gap_count": 0, "gaps": ()}
    place = np.searchsorted(due, missing)
    runs = np.split(missing, np.flatnonzero(np.diff(place) > 1) + 1)
    longest = sorted(range(len(runs)), key=lambda at: -len(runs[at]))[:GAPS_MAX]
    listed = tuple(Gap(runs[at][0].item(), runs[at][-1].item(), len(runs[at])) for at in sorted(longest))
    return {"gap_count": len(runs), "gaps": listed}

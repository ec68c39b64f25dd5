"""Which bars of a series are there, and what its source has changed after the fact."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riskwave._results import Grid, Result, format_number, timestamp

if TYPE_CHECKING:
    from riskwave.v1 import market_data_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class Gap:
    """Consecutive bars that are due and not there: dates of the first and last one, and how many."""

    start: dt.date
    end: dt.date
    missing_count: int


@dataclass(frozen=True, slots=True)
class PriceRevision:
    """A price that its source has changed after the fact.

    Attributes
    ----------
    time
        Time of the bar, datetime64[ns] UTC.
    old_close, new_close
        The price before and since.
    found_time
        When it was found.
    """

    time: np.datetime64
    old_close: float
    new_close: float
    found_time: dt.datetime


@dataclass(frozen=True, slots=True)
class Coverage(Result):
    """Which bars of a series are there, from the first to the last one of the answer.

    Attributes
    ----------
    calendar
        What says when a bar is due: an exchange calendar such as XNYS; weeks, months, quarters or years of series of
        that frequency; empty where nothing does, and then only revisions are told.
    due_count, missing_count
        Bars that are due, and those of them that are not there.
    holiday_count
        Weekdays without a bar on which none is due.
    unexpected_count
        Bars on days on which none is due.
    gap_count, gaps
        Stretches of missing bars; the longest of them, at most 1000, in order of time.
    revisions
        Bars whose earlier value is kept, at most the newest 1000, in order of time.
    """

    calendar: str
    due_count: int
    missing_count: int
    holiday_count: int
    unexpected_count: int
    gap_count: int
    gaps: tuple[Gap, ...]
    revisions: tuple[PriceRevision, ...]

    def grid(self) -> Grid:
        """Return the gaps and the restated prices in order of time."""
        rows = [
            (
                str(one.start),
                str(one.end),
                f"{one.missing_count:,}",
                "bars missing" if one.missing_count > 1 else "bar missing",
            )
            for one in self.gaps
        ]
        rows += [(_day(one.time), _day(one.time), "", _in_words(one)) for one in self.revisions]
        judged = f"of {self.due_count:,} bars due by {self.calendar}" if self.calendar else "bars, of which none is due"
        title = f"{self.missing_count:,} missing {judged}, {self.holiday_count:,} holidays"
        return Grid(title, ("from", "to", "bars", "what"), tuple(sorted(rows)), frozenset({2}))


def _day(time: np.datetime64) -> str:
    return str(time.astype("datetime64[D]"))


def _in_words(one: PriceRevision) -> str:
    old, new = format_number(one.old_close), format_number(one.new_close)
    return f"restated from {old} to {new}, found {one.found_time.date()}"


def decode_coverage(message: pb.Coverage) -> Coverage:
    """Return a report of its message."""
    return Coverage(
        calendar=message.calendar,
        due_count=message.due_count,
        missing_count=message.missing_count,
        holiday_count=message.holiday_count,
        unexpected_count=message.unexpected_count,
        gap_count=message.gap_count,
        gaps=tuple(
            Gap(dt.date.fromisoformat(one.start_date), dt.date.fromisoformat(one.end_date), one.missing_count)
            for one in message.gaps
        ),
        revisions=tuple(
            PriceRevision(np.datetime64(one.time, "ns"), one.old_close, one.new_close, timestamp(one.found_time))
            for one in message.revisions
        ),
    )

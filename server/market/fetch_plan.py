"""Which dates of a series are missing: decided here, from what was asked before, without asking anybody."""

from __future__ import annotations

import datetime as dt
import json
import random
from dataclasses import asdict, dataclass, replace

DAY_NS = 86_400_000_000_000
JITTER = 0.1
"""Freshness varies by this fraction, so that series fetched together do not fall due together."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What has been asked of a source about one series, and was answered.

    Parameters
    ----------
    first_date
        ISO date from which everything that the source has is stored; empty means from its first bar.
    last_date
        ISO date of the last stored bar; empty when there is none. It may still change, and so may what follows.
    checked_ns
        When it was asked last, in nanoseconds UTC.
    fresh_until_ns
        Until when it need not be asked for newer bars.
    """

    first_date: str = ""
    last_date: str = ""
    checked_ns: int = 0
    fresh_until_ns: int = 0

    def to_json(self) -> str:
        """Return it as a text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str | None) -> Coverage | None:
        """Return what `to_json` wrote; None for anything else, after which the series is asked for as a whole."""
        try:
            given = json.loads(text or "null")
            coverage = cls(**given) if isinstance(given, dict) else None
            if coverage is not None:
                _ = _date(coverage.first_date), _date(coverage.last_date)
                _ = coverage.checked_ns + coverage.fresh_until_ns
        except (ValueError, TypeError):
            return None
        return coverage


@dataclass(frozen=True, slots=True)
class Missing:
    """Dates to ask for, both included; None means from the first bar."""

    start: dt.date | None
    end: dt.date

    def covers(self, other: Missing) -> bool:
        """Return whether every date of `other` is among these."""
        begins = self.start is None or (other.start is not None and self.start <= other.start)
        return begins and other.end <= self.end


def asked_in_words(asked: Missing, coverage: Coverage | None) -> str:
    """Return what is asked for and why, for people.

    Examples
    --------
    >>> asked_in_words(Missing(None, dt.date(2020, 7, 2)), None)
    'asked for all bars, because none were stored'
    >>> held = Coverage("2020-01-01", "2020-06-30")
    >>> asked_in_words(Missing(dt.date(2020, 6, 23), dt.date(2020, 7, 2)), held)
    'asked for 2020-06-23 to 2020-07-02, because bars after 2020-06-30 were due'
    >>> asked_in_words(Missing(dt.date(2019, 1, 1), dt.date(2020, 1, 8)), held)
    'asked for 2019-01-01 to 2020-01-08, because bars before 2020-01-01 were not stored'
    """
    span = "all bars" if asked.start is None else f"{asked.start} to {asked.end}"
    if coverage is None:
        return f"asked for {span}, because none were stored"
    reasons = []
    first = _date(coverage.first_date)
    if first is not None and (asked.start is None or asked.start < first):
        reasons.append(f"bars before {first} were not stored")
    if not coverage.last_date or asked.end.isoformat() > coverage.last_date:
        reasons.append(f"bars after {coverage.last_date} were due" if coverage.last_date else "there may be bars now")
    return f"asked for {span}, because {' and '.join(reasons) or 'the newest bar may have changed'}"


def missing_dates(
    coverage: Coverage | None,
    start: dt.date | None,
    end: dt.date | None,
    *,
    now_ns: int,
    overlap_days: int,
) -> Missing | None:
    """Return one range that has everything that is missing, or None when nothing is.

    Parameters
    ----------
    coverage
        What was asked before; None when nothing was.
    start, end
        What is wanted, both included; None leaves a side open.
    now_ns
        The time, in nanoseconds UTC; nothing after its date is asked for.
    overlap_days
        Days before the first missing one that are asked for again, to notice prices that were restated.

    Examples
    --------
    >>> day = 86_400_000_000_000
    >>> held = Coverage("2020-01-01", "2020-06-30", fresh_until_ns=18_444 * day)    # 2020-07-01
    >>> missing_dates(held, dt.date(2020, 2, 1), dt.date(2020, 3, 1), now_ns=20_000 * day, overlap_days=7) is None
    True
    >>> missing_dates(held, dt.date(2020, 2, 1), None, now_ns=18_445 * day, overlap_days=7)
    Missing(start=datetime.date(2020, 6, 23), end=datetime.date(2020, 7, 2))
    """
    today = (dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=now_ns // 1000)).date()
    until = today if end is None else min(end, today)
    if coverage is None:
        return Missing(start, today) if start is None or start <= today else None
    overlap = dt.timedelta(days=overlap_days)
    first, last = _date(coverage.first_date), _date(coverage.last_date)
    earlier = first is not None and (start is None or start < first)
    # A check that lies ahead was made by a clock that was wrong then, or is now.
    fresh = coverage.checked_ns <= now_ns < coverage.fresh_until_ns
    later = (last is None or until >= last) and not fresh
    if earlier and later:
        return Missing(start, today)
    if earlier:
        assert first is not None
        return Missing(start, min(first + overlap, today))
    if later:
        return Missing(start if last is None else _earliest(first, last - overlap), today)
    return None


def _earliest(first: dt.date | None, date: dt.date) -> dt.date:
    """Return `date`, or the beginning of what is covered where that is later."""
    return date if first is None else max(first, date)


def extended(
    coverage: Coverage | None, asked: Missing, last_date: str, *, now_ns: int, fresh_s: float, jitter: bool = True
) -> Coverage:
    """Return the coverage after `asked` was answered; `last_date` is that of the last bar that is stored now."""
    first = asked.start.isoformat() if asked.start is not None else ""
    if coverage is not None:
        first = min(coverage.first_date, first) if coverage.first_date and first else ""
    reaches_now = coverage is None or asked.end.isoformat() >= _iso_day(now_ns)
    if not reaches_now:
        assert coverage is not None
        return replace(coverage, first_date=first)
    factor = random.uniform(1 - JITTER, 1 + JITTER) if jitter else 1.0  # noqa: S311 - spreads load, hides nothing
    return Coverage(first, last_date, now_ns, now_ns + round(fresh_s * factor * 1e9))


def _iso_day(now_ns: int) -> str:
    return (dt.date(1970, 1, 1) + dt.timedelta(days=now_ns // DAY_NS)).isoformat()


def _date(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None

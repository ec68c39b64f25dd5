import datetime as dt
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from riskwave.compute.errors import UnknownNameError
from riskwave.server.market.calendars import sessions_between
from riskwave.server.market.coverage import Coverage, Gap, calendar_of, coverage_of
from riskwave.server.market.series import Asset, PriceSeries

ASSET = Asset("WTI", "user", "WTI", "energy", "", "USD", "daily", "", None, None, 0)


def make_series(days, **about):
    times = np.array(days, dtype="datetime64[ns]").astype(np.int64)
    return PriceSeries(replace(ASSET, **about), times, np.ones(len(times)))


def gap(start, end, missing_count):
    return Gap(dt.date.fromisoformat(start), dt.date.fromisoformat(end), missing_count)


def every_day(first, last):
    return np.arange(first, np.datetime64(last) + 1, dtype="datetime64[D]")


# The holidays that the New York Stock Exchange published for 2025, the day of mourning of 9 January among them.
NYSE_2025 = [
    "2025-01-01", "2025-01-09", "2025-01-20", "2025-02-17", "2025-04-18", "2025-05-26", "2025-06-19", "2025-07-04",
    "2025-09-01", "2025-11-27", "2025-12-25",
]  # fmt: skip


def test_the_holidays_of_a_year_are_those_that_the_exchange_published():
    days = every_day("2025-01-01", "2025-12-31")
    weekdays = days[np.is_busday(days)]
    found = sessions_between("XNYS", dt.date(2025, 1, 1), dt.date(2025, 12, 31))
    assert np.setdiff1d(weekdays, found).astype(str).tolist() == NYSE_2025


def test_a_holiday_is_no_gap_and_a_gap_is_one():
    days = sessions_between("XNYS", dt.date(2025, 1, 2), dt.date(2025, 12, 31)).astype(str).tolist()
    left_out = ["2025-03-03", "2025-07-03", "2025-07-07", "2025-07-08"]
    found = coverage_of(make_series([day for day in days if day not in left_out]))
    assert (found.calendar, found.due_count, found.missing_count) == ("XNYS", 250, 4)
    # Independence Day and the weekend after it lie in the middle of the second gap, which is one.
    assert found.gaps == (
        gap("2025-03-03", "2025-03-03", 1),
        gap("2025-07-03", "2025-07-08", 3),
    )
    assert (found.gap_count, found.holiday_count, found.unexpected_count) == (2, 10, 0)


def test_bars_on_closed_days_are_counted():
    found = coverage_of(make_series(["2025-07-03", "2025-07-04", "2025-07-05", "2025-07-07"]))
    assert (found.due_count, found.missing_count, found.unexpected_count, found.holiday_count) == (2, 0, 2, 0)


@pytest.mark.parametrize(
    ("symbol", "category", "weekends", "calendar"),
    [
        ("WTI", "energy", False, "XNYS"),
        ("BRENT", "energy", False, "XLON"),
        ("AAPL", "equities", False, "XNYS"),
        ("MINE", "other", False, "24/5"),
        ("GOLD", "precious_metals", True, "24/7"),
    ],
)
def test_the_calendar_follows_the_asset_and_its_days(symbol, category, weekends, calendar):
    days = every_day("2026-01-01", "2026-03-01")
    days = days if weekends else days[np.is_busday(days)]
    assert calendar_of(replace(ASSET, symbol=symbol, category=category), days) == calendar


def test_the_caller_may_name_the_calendar():
    days = ["2026-05-22", "2026-05-26"]  # between them the spring bank holiday in London, Memorial Day in New York
    assert coverage_of(make_series(days), "LSE").missing_count == 0
    assert coverage_of(make_series(days), "24/5").missing_count == 1
    assert coverage_of(make_series(days), "24/7").missing_count == 3


def test_an_unknown_calendar_names_near_ones():
    with pytest.raises(UnknownNameError, match="XNYS") as caught:
        coverage_of(make_series(["2026-05-22", "2026-05-26"]), "XNSY", field="calendar")
    assert caught.value.field == "calendar"


def test_days_before_a_calendar_begins_are_not_judged():
    found = coverage_of(make_series(every_day("1996-12-01", "1997-01-31")[::1]), "XTKS")
    assert found.missing_count == 0
    assert found.due_count == 19


@pytest.mark.parametrize(
    ("frequency", "days", "calendar", "missing"),
    [
        ("monthly", ["2025-11-01", "2025-12-01", "2026-03-31"], "months", gap("2026-01-01", "2026-02-01", 2)),
        ("weekly", ["2026-11-06", "2026-11-12", "2026-11-27"], "weeks", gap("2026-11-16", "2026-11-16", 1)),
        ("quarterly", ["2025-10-01", "2026-04-01"], "quarters", gap("2026-01-01", "2026-01-01", 1)),
        ("annual", ["1969-06-01", "1972-06-01"], "years", gap("1970-01-01", "1971-01-01", 2)),
    ],
)  # fmt: skip
def test_longer_periods_are_judged_by_themselves(frequency, days, calendar, missing):
    found = coverage_of(make_series(days, frequency=frequency))
    assert (found.calendar, found.gaps, found.missing_count) == (calendar, (missing,), missing.missing_count)


def test_intraday_bars_are_judged_by_their_days():
    times = ["2026-11-24T15:00", "2026-11-24T15:05", "2026-11-27T15:00"]
    found = coverage_of(make_series(times, frequency="5min"))
    assert (found.due_count, found.missing_count, found.holiday_count) == (3, 1, 1)


@pytest.mark.parametrize("days", [[], ["2026-11-24", "2026-11-25"]])
def test_nothing_is_said_where_nothing_is_due(days):
    assert coverage_of(make_series(days, frequency="irregular")) == Coverage()


def test_the_longest_gaps_are_listed_when_there_are_many():
    days = every_day("2000-01-01", "2020-12-31")
    kept = days[::2]
    kept = kept[(kept < np.datetime64("2010-01-01")) | (kept > np.datetime64("2010-02-01"))]
    found = coverage_of(make_series(kept), "24/7")
    assert found.gap_count > 1000
    assert len(found.gaps) == 1000
    assert max(one.missing_count for one in found.gaps) > 30
    assert [one.start for one in found.gaps] == sorted(one.start for one in found.gaps)


def test_calendars_are_loaded_when_they_are_asked_for():
    code = "import sys, riskwave.server.market.coverage; print('exchange_calendars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"

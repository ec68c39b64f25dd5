import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskwave.server.market.fetch_plan import Coverage, Missing, extended, missing_dates

DAY_NS = 86_400_000_000_000
TODAY = dt.date(2026, 11, 20)
NOW_NS = (TODAY - dt.date(1970, 1, 1)).days * DAY_NS + 15 * 3_600_000_000_000
FRESH = Coverage("2020-01-01", "2026-11-19", NOW_NS, NOW_NS + 1)
DUE = Coverage("2020-01-01", "2026-11-19", NOW_NS - 2, NOW_NS - 1)


def day(text):
    return dt.date.fromisoformat(text) if text else None


@pytest.mark.parametrize(
    ("coverage", "start", "end", "expected"),
    [
        (None, "", "", ("", "2026-11-20")),
        (None, "2026-01-01", "2026-02-01", ("2026-01-01", "2026-11-20")),
        (None, "2027-01-01", "", None),
        (FRESH, "2020-01-01", "", None),
        (FRESH, "2024-01-01", "2024-12-31", None),
        (FRESH, "2024-01-01", "2027-12-31", None),
        (DUE, "2024-01-01", "2024-12-31", None),
        (DUE, "2024-01-01", "", ("2026-11-12", "2026-11-20")),
        (DUE, "2024-01-01", "2026-11-19", ("2026-11-12", "2026-11-20")),
        (DUE, "2024-01-01", "2026-11-18", None),
        (FRESH, "", "2024-12-31", ("", "2020-01-08")),
        (FRESH, "2019-06-01", "", ("2019-06-01", "2020-01-08")),
        (DUE, "2019-06-01", "", ("2019-06-01", "2026-11-20")),
        (Coverage("", "", NOW_NS, NOW_NS + 1), "2020-01-01", "", None),
        (Coverage("", "", NOW_NS - 2, NOW_NS - 1), "2020-01-01", "", ("2020-01-01", "2026-11-20")),
    ],
)
def test_only_what_is_missing_is_asked_for(coverage, start, end, expected):
    missing = missing_dates(coverage, day(start), day(end), now_ns=NOW_NS, overlap_days=7)
    assert missing == (expected and Missing(day(expected[0]), day(expected[1])))


days = st.dates(dt.date(2015, 1, 1), dt.date(2026, 11, 25))


@settings(deadline=None, max_examples=60)
@given(requests=st.lists(st.tuples(days | st.none(), days | st.none(), st.integers(0, 4_000)), max_size=12))
def test_whatever_was_asked_before_every_wanted_bar_is_there_and_nothing_is_asked_twice(requests):
    """A vendor with a bar a day up to yesterday, and callers who come back after a while."""
    held: set[dt.date] = set()
    coverage, now_ns = None, NOW_NS
    for start, end, pause_s in requests:
        now_ns += pause_s * 1_000_000_000
        for _ in range(2):
            asked = missing_dates(coverage, start, end, now_ns=now_ns, overlap_days=7)
            if asked is None:
                break
            first = asked.start or dt.date(2015, 1, 1)
            yesterday = TODAY - dt.timedelta(days=1)
            held |= {first + dt.timedelta(days=n) for n in range((min(asked.end, yesterday) - first).days + 1)}
            last = max(held).isoformat() if held else ""
            coverage = extended(coverage, asked, last, now_ns=now_ns, fresh_s=1800.0)
        else:
            pytest.fail("what was asked for a moment ago is asked for again")
        first, last = start or dt.date(2015, 1, 1), min(end or TODAY, TODAY - dt.timedelta(days=1))
        assert {first + dt.timedelta(days=n) for n in range((last - first).days + 1)} <= held


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", '{"last_date": "soon"}', '{"unknown": 1}', '{"checked_ns": "x"}']
)
def test_a_note_that_cannot_be_read_counts_as_none(text):
    assert Coverage.from_json(text) is None


def test_a_note_is_read_as_it_was_written():
    assert Coverage.from_json(FRESH.to_json()) == FRESH


def test_series_fetched_together_do_not_fall_due_together():
    until = {
        extended(None, Missing(None, TODAY), "2026-11-19", now_ns=NOW_NS, fresh_s=1800.0).fresh_until_ns - NOW_NS
        for _ in range(50)
    }
    assert len(until) > 10
    assert all(1620e9 <= one <= 1980e9 for one in until)

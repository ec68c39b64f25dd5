"""When a vendor is asked again that said that the day's or month's calls are used up."""

from __future__ import annotations

import datetime as dt


def next_day() -> dt.datetime:
    """Return the next midnight UTC.

    The vendors do not publish the hour at which their day begins, and a month's quota may be raised meanwhile: asking
    once a day costs one refused call.
    """
    today = dt.datetime.now(dt.UTC).date()
    return dt.datetime.combine(today + dt.timedelta(days=1), dt.time(), dt.UTC)

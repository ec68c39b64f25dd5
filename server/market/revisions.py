"""Prices that their source has changed after the fact: the earlier value is kept beside the one that counts now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy import insert, select

from riskwave.server.market.dates import iso
from riskwave.server.market.series import COLUMNS
from riskwave.server.market.tables import revisions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from riskwave.server.market.merging import Change
    from riskwave.server.market.series import Times, Values

LISTED_MAX: Final = 1000
"""Revisions that are read for one series, the newest bars."""

_PRICES: Final = ("close", "open", "high", "low")


@dataclass(frozen=True, slots=True)
class Revision:
    """A bar whose price was changed.

    Parameters
    ----------
    time_ns
        Of the bar, in nanoseconds UTC.
    old_close, new_close
        The price before and since.
    found_ns
        When it was found, in nanoseconds UTC.
    """

    time_ns: int
    old_close: float
    new_close: float
    found_ns: int


def keep_revised(
    connection: Connection, series_id: int, times: Times, columns: Mapping[str, Values], change: Change, found_ns: int
) -> tuple[Revision, ...]:
    """Store the earlier values of the prices that a change replaces.

    A value that was missing and is there now is no revision, and neither is another volume.

    Parameters
    ----------
    times, columns
        The stored rows that the change was compared with, without those that were provisional.
    change
        What is going to be written.
    found_ns
        The time, in nanoseconds UTC.

    Returns
    -------
    tuple of Revision
        In order of time.
    """
    new_times = change.times[change.replaced]
    _, old_at, new_at = np.intersect1d(times, new_times, assume_unique=True, return_indices=True)
    differs = np.zeros(len(old_at), dtype=bool)
    for name in _PRICES:
        old, new = columns[name][old_at], change.columns[name][change.replaced][new_at]
        differs |= (old != new) & ~np.isnan(old) & ~np.isnan(new)
    old_at, new_at = old_at[differs], new_at[differs]
    if len(old_at) == 0:
        return ()
    closes = change.columns["close"][change.replaced][new_at].tolist()
    rows: list[dict[str, Any]] = [
        {"series_id": series_id, "time_ns": time_ns, "found_ns": found_ns, "new_close": new_close}
        for time_ns, new_close in zip(times[old_at].tolist(), closes, strict=True)
    ]
    for name in COLUMNS:
        for row, value in zip(rows, columns[name][old_at].tolist(), strict=True):
            row[name] = None if value != value else value  # noqa: PLR0124 - NaN
    connection.execute(insert(revisions), rows)
    return tuple(Revision(row["time_ns"], row["close"], row["new_close"], found_ns) for row in rows)


def in_words(found: Sequence[Revision]) -> str:
    """Return what was changed, for people.

    Examples
    --------
    >>> in_words([Revision(86_400_000_000_000, 59.0, 59.25, 0)])
    '1 price was restated, on 1970-01-02 from 59 to 59.25'
    """
    one = found[-1]
    counted = "1 price was restated," if len(found) == 1 else f"{len(found)} prices were restated, the last"
    return f"{counted} on {iso(one.time_ns)} from {one.old_close:.10g} to {one.new_close:.10g}"


def read_revisions(connection: Connection, series_id: int, start_ns: int, end_ns: int) -> tuple[Revision, ...]:
    """Return the revisions of bars in a range, both ends included, in order of time; at most the newest ones."""
    query = (
        select(revisions.c.time_ns, revisions.c.close, revisions.c.new_close, revisions.c.found_ns)
        .where(revisions.c.series_id == series_id, revisions.c.time_ns.between(start_ns, end_ns))
        .order_by(revisions.c.time_ns.desc(), revisions.c.found_ns.desc())
        .limit(LISTED_MAX)
    )
    return tuple(Revision(*row) for row in reversed(connection.execute(query).all()))

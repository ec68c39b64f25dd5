"""Compares given rows with stored ones, by columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from riskwave.server.market.series import COLUMNS
from riskwave.server.market.validation import rounded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from riskwave.server.market.series import SeriesRows, Times, Values


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """Rows to write, and what they are to the stored ones.

    Parameters
    ----------
    times, columns
        New and changed rows in ascending time; every one of `COLUMNS`, NaN where missing.
    replaced
        Marks the changed ones among them.
    unchanged
        Given rows that are stored as they are.
    rounded
        Values that had more than 6 decimals.
    """

    times: Times
    columns: Mapping[str, Values]
    replaced: NDArray[np.bool_]
    unchanged: int
    rounded: int

    @property
    def inserted(self) -> int:
        """Number of new rows."""
        return int((~self.replaced).sum())

    @property
    def changed(self) -> int:
        """Number of changed rows."""
        return int(self.replaced.sum())


def merged(given: Sequence[SeriesRows]) -> list[SeriesRows]:
    """Put several entries of one symbol together, in the order of their first ones.

    A column that only some entries have is missing in the others' rows; a later description wins.
    """
    by_symbol: dict[str, list[SeriesRows]] = {}
    for rows in given:
        by_symbol.setdefault(rows.symbol, []).append(rows)
    return [parts[0] if len(parts) == 1 else _joined(parts) for parts in by_symbol.values()]


def _joined(parts: list[SeriesRows]) -> SeriesRows:
    joined: dict[str, Any] = {"times": np.concatenate([part.times for part in parts])}
    for name in COLUMNS:
        present = [part.column(name) for part in parts]
        filled = [
            np.full(len(part.times), np.nan) if values is None else values
            for part, values in zip(parts, present, strict=True)
        ]
        joined[name] = None if all(values is None for values in present) else np.concatenate(filled)
    for name in ("name", "category", "unit", "currency", "frequency", "acknowledgement"):
        joined[name] = next((getattr(part, name) for part in reversed(parts) if getattr(part, name)), "")
    return replace(parts[0], **joined)


def compare(stored_times: Times, stored: Mapping[str, Values], rows: SeriesRows) -> Change:
    """Tell new, changed and unchanged rows apart.

    Parameters
    ----------
    stored_times, stored
        The stored rows of at least the range of the given ones, in ascending time, every one of `COLUMNS`.
    rows
        Valid rows, each time once. A column that is None keeps what is stored.
    """
    order = np.argsort(rows.times, kind="stable")
    times = rows.times[order]
    place = np.searchsorted(stored_times, times)
    known = place < len(stored_times)
    known[known] = stored_times[place[known]] == times[known]
    place = place[known]
    differs = np.zeros(int(known.sum()), dtype=bool)
    columns: dict[str, Values] = {}
    more_decimals = 0
    for name in COLUMNS:
        given = rows.column(name)
        if given is None:
            values = np.full(len(times), np.nan)
            values[known] = stored[name][place]
        else:
            values = rounded(given[order])
            more_decimals += int(np.count_nonzero((values != given[order]) & ~np.isnan(values)))
            before, after = stored[name][place], values[known]
            differs |= (before != after) & ~(np.isnan(before) & np.isnan(after))
        columns[name] = values
    write = ~known
    write[known] = differs
    return Change(
        times=times[write],
        columns={name: values[write] for name, values in columns.items()},
        replaced=known[write],
        unchanged=int((~differs).sum()),
        rounded=more_decimals,
    )

"""Puts series side by side on the dates that all of them have; nothing is filled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.errors import InputError
from riskwave.compute.result_warning import ResultWarning
from riskwave.server.market.dates import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from riskwave.server.market.series import Asset, PriceSeries, Times, Values

MIXED_FREQUENCIES: Final = "MIXED_FREQUENCIES"
ROWS_DROPPED: Final = "ROWS_DROPPED"


@dataclass(frozen=True, slots=True, eq=False)
class AlignedPrices:
    """Prices of several symbols on their common dates.

    Parameters
    ----------
    assets
        The series, in the order of the columns.
    times
        Common times in nanoseconds UTC, ascending, shape (dates,).
    close
        Prices, finite, shape (dates, symbols).
    rows_dropped
        For each symbol, its rows that some other symbol lacks.
    dates_dropped
        Dates that at least one series had and that were left out.
    warnings
        What the caller should know.
    """

    assets: tuple[Asset, ...]
    times: Times
    close: Values
    rows_dropped: dict[str, int]
    dates_dropped: int
    warnings: tuple[ResultWarning, ...]

    @property
    def symbols(self) -> tuple[str, ...]:
        """Canonical symbols, in the order of the columns."""
        return tuple(asset.symbol for asset in self.assets)


def align(series: Sequence[PriceSeries], *, field: str = "symbols") -> AlignedPrices:
    """Join series on the times that every one has.

    Parameters
    ----------
    series
        At least one.
    field
        The request's field that warnings are about.

    Notes
    -----
    Series of different frequency are joined like all others, and a warning says so: a monthly price is mostly the
    average of its month, dated at the first day, so beside daily prices it looks ahead and few dates are common.

    Examples
    --------
    >>> from riskwave.server.market.series import Asset, PriceSeries
    >>> def made(symbol, days):
    ...     asset = Asset(symbol, "user", symbol, "other", "", "USD", "daily", "", None, None, len(days))
    ...     return PriceSeries(asset, np.array(days) * 86_400_000_000_000, np.array(days, dtype=float))
    >>> aligned = align([made("A", [0, 1, 2, 5]), made("B", [1, 2, 3])])
    >>> aligned.close.tolist(), aligned.rows_dropped, aligned.dates_dropped
    ([[1.0, 1.0], [2.0, 2.0]], {'A': 2, 'B': 1}, 3)
    """
    if not series:
        raise InputError(field, "empty", "at least one series")
    times = reduce(lambda left, right: np.intersect1d(left, right, assume_unique=True), (one.times for one in series))
    every = np.unique(np.concatenate([one.times for one in series]))
    close = np.empty((len(times), len(series)), dtype=np.float64)
    for column, one in enumerate(series):
        close[:, column] = one.close[np.searchsorted(one.times, times)]
    return AlignedPrices(
        assets=tuple(one.asset for one in series),
        times=times,
        close=close,
        rows_dropped={one.symbol: len(one) - len(times) for one in series},
        dates_dropped=len(every) - len(times),
        warnings=tuple(_warnings(series, times, len(every), field)),
    )


def _warnings(series: Sequence[PriceSeries], times: Times, every: int, field: str) -> list[ResultWarning]:
    found: list[ResultWarning] = []
    if len(times) < every:
        counts = ", ".join(f"{one.symbol} {len(one) - len(times)} of {len(one)}" for one in series)
        between = f"from {iso(int(times[0]))} to {iso(int(times[-1]))}" if len(times) else "none"
        message = (
            f"rows on dates that another symbol lacks were left out: {counts}; {len(times)} dates remain, {between}"
        )
        found.append(ResultWarning(ROWS_DROPPED, message, field))
    by_frequency: dict[str, list[str]] = {}
    for one in series:
        by_frequency.setdefault(one.asset.frequency, []).append(one.symbol)
    if len(by_frequency) > 1:
        parts = "; ".join(f"{name}: {', '.join(symbols)}" for name, symbols in sorted(by_frequency.items()))
        message = (
            f"series of different frequency were joined ({parts}): {len(times)} dates are common, and a monthly price "
            "is mostly the average of its month, dated at the first day"
        )
        found.append(ResultWarning(MIXED_FREQUENCIES, message, field))
    return found

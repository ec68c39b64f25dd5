"""Checks rows before they are stored, by columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from riskwave.compute.errors import InputError, ShapeMismatchError
from riskwave.server.market.dates import FIRST_DATE, LAST_DATE, TIME_MAX_NS, TIME_MIN_NS, iso
from riskwave.server.market.errors import RejectedRow
from riskwave.server.market.series import CATEGORIES, COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from riskwave.server.market.series import SeriesRows, Times, Values

SYMBOL_LENGTH_MAX: Final = 64
SOURCE_LENGTH_MAX: Final = 32
TEXT_LENGTH_MAX: Final = 500
PRICE_MAX: Final = 1e12
VOLUME_MAX: Final = 1e18
REJECTED_MAX: Final = 1000
DECIMALS: Final = 6
# Above this a double has fewer than 6 decimals itself: there is nothing to round.
_ROUNDED_MAX: Final = 2.0**53 / 10**DECIMALS


def check_symbol(field: str, symbol: str) -> None:
    """Refuse a symbol that cannot be stored or written in a list."""
    fine = 0 < len(symbol) <= SYMBOL_LENGTH_MAX and symbol.isprintable() and not set(symbol) & set(" ,;\"'")
    if not fine:
        allowed = f"1 to {SYMBOL_LENGTH_MAX} printable characters without spaces, commas, semicolons or quotes"
        raise InputError(field, symbol or "empty", allowed)


def check_source(field: str, source: str) -> None:
    """Refuse a name of a source that cannot be one."""
    fine = 0 < len(source) <= SOURCE_LENGTH_MAX and source.isascii() and source.isidentifier() and source.islower()
    if not fine:
        allowed = f"1 to {SOURCE_LENGTH_MAX} lower-case letters, digits and underscores, a letter first"
        raise InputError(field, source or "empty", allowed)


def check_about(field: str, rows: SeriesRows) -> None:
    """Refuse descriptions of a series that cannot be stored, and columns that do not fit together."""
    check_symbol(f"{field}.symbol", rows.symbol)
    if rows.category and rows.category not in CATEGORIES:
        raise InputError(f"{field}.category", rows.category, f"one of {', '.join(CATEGORIES)}")
    if rows.currency and not (len(rows.currency) == 3 and rows.currency.isascii() and rows.currency.isupper()):
        raise InputError(f"{field}.currency", rows.currency, "a code of ISO 4217, such as USD")
    for name in ("name", "unit", "frequency", "acknowledgement"):
        given: str = getattr(rows, name)
        if len(given) > TEXT_LENGTH_MAX or not given.isprintable():
            raise InputError(f"{field}.{name}", given, f"at most {TEXT_LENGTH_MAX} printable characters")
    for name in COLUMNS:
        values = rows.column(name)
        if values is not None and values.shape != rows.times.shape:
            raise ShapeMismatchError(
                f"{field}.{name}", f"{values.size} values", f"{rows.times.size}, one for each time"
            )


def rejected_rows(rows: SeriesRows) -> list[RejectedRow]:
    """Return the rows that cannot be stored, in their order, at most `REJECTED_MAX`.

    A row is rejected for a time outside 1678 to 2261 or given twice, a price that is not finite or beyond 1e12, a
    highest price below the lowest, a negative volume. Prices below zero are prices.
    """
    found: list[RejectedRow] = []

    def reject(
        bad: NDArray[np.bool_], column: str, values: Times | Values, reason: str, show: Callable[[Any], str] = str
    ) -> None:
        places = np.flatnonzero(bad)[:REJECTED_MAX].tolist()
        found.extend(RejectedRow(rows.symbol, row, column, show(values[row].item()), reason) for row in places)

    times = rows.times
    outside = (times < TIME_MIN_NS) | (times > TIME_MAX_NS)
    reject(outside, "times", times, f"it must be from {FIRST_DATE} to {LAST_DATE}, in nanoseconds since 1970")
    reject(_repeated(times), "times", times, "given before in the same import; a time may occur once", iso)
    reject(~(np.abs(rows.close) <= PRICE_MAX), "close", rows.close, f"it must be a finite number up to {PRICE_MAX:g}")
    for name in ("open", "high", "low"):
        values = rows.column(name)
        if values is not None:
            bad = ~((np.abs(values) <= PRICE_MAX) | np.isnan(values))
            reject(bad, name, values, f"it must be a finite number up to {PRICE_MAX:g}, or missing")
    if rows.high is not None and rows.low is not None:
        reject(rows.high < rows.low, "high", rows.high, "it must not be below low")
    if rows.volume is not None:
        bad = ~(((rows.volume >= 0) & (rows.volume <= VOLUME_MAX)) | np.isnan(rows.volume))
        reject(bad, "volume", rows.volume, f"it must be from 0 to {VOLUME_MAX:g}, or missing")
    found.sort(key=lambda rejected: rejected.row)
    return found[:REJECTED_MAX]


def all_rejected(given: Sequence[SeriesRows]) -> list[RejectedRow]:
    """Return the rejected rows of several series, at most `REJECTED_MAX`."""
    found: list[RejectedRow] = []
    for rows in given:
        found += rejected_rows(rows)
        if len(found) >= REJECTED_MAX:
            break
    return found[:REJECTED_MAX]


def rounded(values: Values) -> Values:
    """Return the values at 6 decimals; the result is the double nearest to the decimal number.

    Examples
    --------
    >>> rounded(np.array([1.23456789, -36.98, -0.0])).tolist()
    [1.234568, -36.98, 0.0]
    """
    scale = 10.0**DECIMALS
    near = np.rint(values * scale) / scale
    # Adding zero makes -0.0, which SQLite cannot keep, into 0.0.
    return np.where(np.abs(values) < _ROUNDED_MAX, near, values) + 0.0


def _repeated(times: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark every occurrence of a time but its first."""
    repeated = np.zeros(len(times), dtype=bool)
    if len(times) > 1 and np.all(times[1:] > times[:-1]):
        return repeated
    order = np.argsort(times, kind="stable")
    repeated[order[1:]] = times[order[1:]] == times[order[:-1]]
    return repeated

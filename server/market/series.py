"""Series of prices on their way into the store and out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.server.market.dates import DAY_NS, range_ns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from riskwave.server.market.revisions import Revision

    Times = NDArray[np.int64]
    Values = NDArray[np.float64]

CATEGORIES: Final = (
    "energy",
    "precious_metals",
    "industrial_metals",
    "agricultural",
    "livestock",
    "equities",
    "other",
)
#: Value columns of a bar, the price first.
COLUMNS: Final = ("close", "open", "high", "low", "volume")


@dataclass(frozen=True, slots=True)
class Asset:
    """One symbol from one source, as it is stored.

    Parameters
    ----------
    symbol, source
        Together they name the series.
    name, category, unit, currency, frequency, acknowledgement
        As in the contract's Asset.
    first_ns, last_ns
        Times of the first and last bar, None when there is none.
    row_count
        Stored bars.
    """

    symbol: str
    source: str
    name: str
    category: str
    unit: str
    currency: str
    frequency: str
    acknowledgement: str
    first_ns: int | None
    last_ns: int | None
    row_count: int


@dataclass(frozen=True, slots=True)
class SourceSummary:
    """What is stored of one source: series, bars, times of the first and last one, and restated bars."""

    name: str
    asset_count: int
    row_count: int
    first_ns: int | None = None
    last_ns: int | None = None
    revision_count: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class PriceSeries:
    """Stored bars of one series.

    Parameters
    ----------
    asset
        The series.
    times
        Nanoseconds UTC, ascending, shape (rows,), int64.
    close
        Prices in ``asset.unit``, finite, shape (rows,), float64.
    open, high, low, volume
        None where the series has none; NaN where a row has none.
    """

    asset: Asset
    times: Times
    close: Values
    open: Values | None = None
    high: Values | None = None
    low: Values | None = None
    volume: Values | None = None

    @property
    def symbol(self) -> str:
        """Canonical symbol."""
        return self.asset.symbol

    @property
    def source(self) -> str:
        """The source that was used."""
        return self.asset.source

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.times)


@dataclass(frozen=True, slots=True, eq=False)
class SeriesRows:
    """Bars of one symbol to be stored.

    Parameters
    ----------
    symbol
        1 to 64 printable characters without spaces or commas.
    times
        Nanoseconds UTC in any order, each once, shape (rows,).
    close
        Prices, finite, shape (rows,). They are rounded to 6 decimals; negative ones are prices too.
    open, high, low
        As `close`; NaN is missing. None keeps what is stored.
    volume
        Not negative; NaN is missing. None keeps what is stored.
    name, category, unit, currency, frequency, acknowledgement
        About the series; empty keeps what is stored. A new series without them has its symbol for a name, category
        ``other``, currency USD, and the frequency that its times show.
    """

    symbol: str
    times: Times
    close: Values
    open: Values | None = None
    high: Values | None = None
    low: Values | None = None
    volume: Values | None = None
    name: str = ""
    category: str = ""
    unit: str = ""
    currency: str = ""
    frequency: str = ""
    acknowledgement: str = ""

    def column(self, name: str) -> Values | None:
        """Return one of `COLUMNS`."""
        values: Values | None = getattr(self, name)
        return values


@dataclass(frozen=True, slots=True)
class UpsertCount:
    """What storing did to one symbol; `rounded` values had more than 6 decimals, `revisions` were kept."""

    symbol: str
    inserted: int
    changed: int
    unchanged: int
    rounded: int
    revisions: tuple[Revision, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """Which stored prices a request means; `parse` makes it from the contract's texts.

    Parameters
    ----------
    symbols
        At least one, each once.
    source
        Empty takes the preferred source of each symbol.
    start_ns, end_ns
        First and last time, both included.
    path
        What stands before the fields' names in errors, such as ``selection.``.
    """

    symbols: tuple[str, ...]
    source: str
    start_ns: int
    end_ns: int
    path: str = field(default="", compare=False)

    @classmethod
    def parse(
        cls, symbols: Sequence[str], source: str = "", start_date: str = "", end_date: str = "", *, path: str = ""
    ) -> Selection:
        """Check a request's texts; empty source and dates mean the preferred one, the first and the last.

        Raises
        ------
        InputError
            No symbol, a symbol twice, a date that is not ISO 8601, a start after the end.

        Examples
        --------
        >>> Selection.parse(["WTI"], start_date="1970-01-02").start_ns
        86400000000000
        """
        from riskwave.compute.errors import InputError

        if not symbols:
            raise InputError(f"{path}symbols", "empty", "at least one symbol")
        seen: set[str] = set()
        for position, symbol in enumerate(symbols):
            if symbol in seen:
                raise InputError(f"{path}symbols[{position}]", symbol, "a symbol that is not in the list already")
            seen.add(symbol)
        start_ns, end_ns = range_ns(start_date, end_date, path=path)
        return cls(tuple(symbols), source, start_ns, end_ns, path)


def frequency_of(times: Times) -> str:
    """Name the frequency of ascending times by their median distance.

    Returns
    -------
    str
        ``daily``, ``weekly``, ``monthly``, ``quarterly``, ``yearly``, an intraday interval such as ``5min``, or
        ``irregular`` when there are fewer than two times or the distance is none of these.

    Examples
    --------
    >>> frequency_of(np.arange("2020-01", "2021-01", dtype="datetime64[M]").astype("datetime64[ns]").astype(np.int64))
    'monthly'
    """
    if len(times) < 2:
        return "irregular"
    # The lower of the two middle ones: a distance that occurs.
    distances = np.sort(np.diff(times))
    step = int(distances[(len(distances) - 1) // 2])
    days = step / DAY_NS
    bounds = {"daily": (1, 4), "weekly": (5, 10), "monthly": (27, 32), "quarterly": (88, 93), "yearly": (364, 367)}
    for name, (low, high) in bounds.items():
        if low <= days <= high:
            return name
    minutes, rest = divmod(step, 60_000_000_000)
    if rest or not 0 < minutes < 24 * 60:
        return "irregular"
    return f"{minutes // 60}hour" if minutes % 60 == 0 else f"{minutes}min"

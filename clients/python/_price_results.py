"""What the price calls return."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from riskwave._inputs import enum_name
from riskwave._meta import ResultMeta, decode_meta
from riskwave._price_coverage import Coverage, decode_coverage
from riskwave._results import Grid, Result, format_number, optional_timestamp, seconds
from riskwave.v1 import codec
from riskwave.v1 import market_data_service_pb2 as pb

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd
    from numpy.typing import NDArray

_OPTIONAL = ("open", "high", "low", "volume")


@dataclass(frozen=True, slots=True)
class Asset(Result):
    """An asset of a source.

    Attributes
    ----------
    symbol, name
        Canonical symbol and the name in words.
    category
        energy, precious_metals, industrial_metals, agricultural, livestock, equities or other.
    unit, currency
        Unit of its prices, and the currency's ISO 4217 code.
    source
        The source.
    frequency
        daily, weekly, monthly or the interval of intraday bars.
    first_time, last_time
        Times of the first and last stored bar. None when none is stored.
    row_count
        Stored bars.
    acknowledgement
        What its publisher asks to be said.
    """

    symbol: str
    name: str
    category: str
    unit: str
    currency: str
    source: str
    frequency: str
    first_time: dt.datetime | None
    last_time: dt.datetime | None
    row_count: int
    acknowledgement: str


@dataclass(frozen=True, slots=True)
class BudgetWindow:
    """What is left of a vendor's limit: calls in a window of seconds; when the next one is free, if none is."""

    window_s: float
    limit: int
    remaining: int
    reset_time: dt.datetime | None

    def __str__(self) -> str:
        """Return it in short."""
        for length_s, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
            if self.window_s >= length_s and self.window_s % length_s == 0:
                return f"{self.remaining:,} of {self.limit:,} in {self.window_s / length_s:,.0f} {unit}"
        return f"{self.remaining:,} of {self.limit:,} in {self.window_s:g} s"


@dataclass(frozen=True, slots=True)
class Source(Result):
    """A source of prices.

    Attributes
    ----------
    name, title
        The name, such as alpha_vantage or sample, and the name in words.
    tier
        primary, secondary or stored.
    state
        ready, no_key, exhausted or failing.
    budgets
        What is left of its limits.
    asset_count, row_count
        Its assets and stored bars.
    last_error, last_error_correlation_id
        Its last error, and the call that met it. Empty means none.
    last_success_time
        When it last delivered. None means never.
    first_time, last_time
        Times of its first and last stored bar. None when none is stored.
    revision_count
        Its stored bars whose earlier value is kept because it was restated.
    """

    name: str
    title: str
    tier: str
    state: str
    budgets: tuple[BudgetWindow, ...]
    asset_count: int
    row_count: int
    last_error: str
    last_error_correlation_id: str
    last_success_time: dt.datetime | None
    first_time: dt.datetime | None = None
    last_time: dt.datetime | None = None
    revision_count: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class PriceSeries(Result):
    """The prices of one symbol.

    Attributes
    ----------
    symbol, source
        The symbol, and the source that delivered.
    times
        Time of each bar, datetime64[ns] UTC, ascending.
    close
        Price (closing price where there are bars), one a time.
    open, high, low, volume
        The other parts of the bars. None where the source has none.
    asset
        The asset.
    stale
        True when the source could not be asked and older stored bars are given.
    last_bar_provisional
        True when the last bar may still change.
    coverage
        What is missing and what was restated. None unless it was asked for.
    """

    symbol: str
    source: str
    times: NDArray[np.datetime64]
    close: NDArray[np.float64]
    open: NDArray[np.float64] | None
    high: NDArray[np.float64] | None
    low: NDArray[np.float64] | None
    volume: NDArray[np.float64] | None
    asset: Asset
    stale: bool
    last_bar_provisional: bool
    coverage: Coverage | None = None

    def __len__(self) -> int:
        return len(self.close)

    def to_pandas(self) -> pd.DataFrame:
        """Return one row a bar: close, and the other parts that the source has."""
        import pandas as pd

        columns = {name: getattr(self, name) for name in ("open", "high", "low", "close", "volume")}
        index = pd.DatetimeIndex(self.times, name="time")
        return pd.DataFrame({name: values for name, values in columns.items() if values is not None}, index=index)

    def grid(self) -> Grid:
        """Return the last bars."""
        rows = tuple(
            (str(time.astype("datetime64[D]")), format_number(float(price)))
            for time, price in zip(self.times[-5:], self.close[-5:], strict=True)
        )
        heading = f"{self.symbol} ({self.source}), {len(self):,} bars, {self.asset.unit}"
        return Grid(heading, ("date", "close"), rows, frozenset({1}))


@dataclass(frozen=True, slots=True)
class FetchOutcome:
    """What came of asking one source for one symbol: ok, stale, no_data, refused or not_asked, and why."""

    source: str
    symbol: str
    status: str
    detail: str
    duration_s: float
    row_count: int


@dataclass(frozen=True, slots=True, eq=False)
class Prices(Result, Sequence[PriceSeries]):
    """The prices of several symbols, in the order of the request; also found by symbol.

    Attributes
    ----------
    series
        One entry a symbol.
    outcomes
        What was asked of whom; filled when asked for or when something failed.
    meta
        About the answer.
    """

    series: tuple[PriceSeries, ...]
    outcomes: tuple[FetchOutcome, ...]
    meta: ResultMeta

    def __len__(self) -> int:
        return len(self.series)

    def __iter__(self) -> Iterator[PriceSeries]:
        return iter(self.series)

    def __getitem__(self, key: Any) -> Any:
        """Return a series by its index or its symbol."""
        if not isinstance(key, str):
            return self.series[key]
        for one in self.series:
            if one.symbol == key:
                return one
        raise KeyError(f"{key}; the symbols are {', '.join(one.symbol for one in self.series)}")

    def to_pandas(self) -> pd.DataFrame:
        """Return the closing prices: one row a time, one column a symbol, NaN where a symbol has no bar."""
        import pandas as pd

        closes = {
            one.symbol: pd.Series(one.close, index=pd.DatetimeIndex(one.times, name="time")) for one in self.series
        }
        return pd.concat(closes, axis=1, names=["symbol"], sort=True) if closes else pd.DataFrame()

    def grid(self) -> Grid:
        """Return one row a symbol: range and last price."""
        rows = tuple(
            (
                one.symbol,
                one.source,
                f"{len(one):,}",
                str(one.times[0].astype("datetime64[D]")) if len(one) else "",
                str(one.times[-1].astype("datetime64[D]")) if len(one) else "",
                format_number(float(one.close[-1])) if len(one) else "",
                one.asset.unit,
            )
            for one in self.series
        )
        headings = ("symbol", "source", "bars", "first", "last", "last close", "unit")
        return Grid(f"{len(self)} series", headings, rows, frozenset({2, 5}), self.meta.notes())


@dataclass(frozen=True, slots=True)
class ImportCount:
    """What an import did to one symbol: rows that are new, that changed, that were there already."""

    symbol: str
    inserted: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class ImportReport(Result):
    """What an import did.

    Attributes
    ----------
    counts
        One entry a symbol.
    meta
        About the answer.
    """

    counts: tuple[ImportCount, ...]
    meta: ResultMeta

    def grid(self) -> Grid:
        """Return one row a symbol."""
        rows = tuple((one.symbol, f"{one.inserted:,}", f"{one.changed:,}", f"{one.unchanged:,}") for one in self.counts)
        return Grid("import", ("symbol", "new", "changed", "unchanged"), rows, frozenset({1, 2, 3}))


@dataclass(frozen=True, slots=True)
class PriceUpdate:
    """A new price.

    Attributes
    ----------
    sequence
        Number of the message; give the last one as after_sequence to go on after an interruption.
    symbol, price, source
        What, how much, from whom.
    change
        Difference from the previous bar, in price units.
    change_fraction
        The same as a fraction. NaN when the previous price is not positive.
    time
        Time of the price, datetime64[ns] UTC.
    provisional
        True when the bar may still change.
    conflated_count
        Updates of this symbol that were left out for a slow reader since the last one.
    snapshot
        True when it is the newest state and not a change: at the beginning, and after a long interruption.
    """

    sequence: int
    symbol: str
    price: float
    change: float
    change_fraction: float
    time: np.datetime64
    source: str
    provisional: bool
    conflated_count: int
    snapshot: bool = False


def decode_asset(message: pb.Asset) -> Asset:
    """Return an asset of its message."""
    return Asset(
        symbol=message.symbol,
        name=message.name,
        category=message.category,
        unit=message.unit,
        currency=message.currency,
        source=message.source,
        frequency=message.frequency,
        first_time=optional_timestamp(message, "first_time"),
        last_time=optional_timestamp(message, "last_time"),
        row_count=message.row_count,
        acknowledgement=message.acknowledgement,
    )


def decode_source(message: pb.Source) -> Source:
    """Return a source of its message."""
    budgets = tuple(
        BudgetWindow(seconds(one.window), one.limit, one.remaining, optional_timestamp(one, "reset_time"))
        for one in message.budgets
    )
    return Source(
        name=message.name,
        title=message.title,
        tier=enum_name(pb.SourceTier, message.tier),
        state=enum_name(pb.SourceState, message.state),
        budgets=budgets,
        asset_count=message.asset_count,
        row_count=message.row_count,
        last_error=message.last_error,
        last_error_correlation_id=message.last_error_correlation_id,
        last_success_time=optional_timestamp(message, "last_success_time"),
        first_time=optional_timestamp(message, "first_time"),
        last_time=optional_timestamp(message, "last_time"),
        revision_count=message.revision_count,
    )


def decode_prices(message: pb.GetPricesResponse) -> Prices:
    """Return prices of their message."""
    outcomes = tuple(
        FetchOutcome(
            one.source,
            one.symbol,
            enum_name(pb.FetchStatus, one.status),
            one.detail,
            seconds(one.duration),
            one.row_count,
        )
        for one in message.outcomes
    )
    return Prices(tuple(_decode_series(one) for one in message.series), outcomes, decode_meta(message.meta))


def _decode_series(message: pb.PriceSeries) -> PriceSeries:
    parts = {name: codec.read(message, name) if len(getattr(message, name)) else None for name in _OPTIONAL}
    return PriceSeries(
        symbol=message.symbol,
        source=message.source,
        times=codec.read(message, "times").view("datetime64[ns]"),
        close=codec.read(message, "close"),
        asset=decode_asset(message.asset),
        stale=message.stale,
        last_bar_provisional=message.last_bar_provisional,
        coverage=decode_coverage(message.coverage) if message.HasField("coverage") else None,
        **parts,
    )


def decode_import(message: pb.ImportPricesResponse) -> ImportReport:
    """Return what an import did."""
    counts = tuple(ImportCount(one.symbol, one.inserted, one.changed, one.unchanged) for one in message.counts)
    return ImportReport(counts, decode_meta(message.meta))


class PriceUpdateDecoder:
    """Turns the messages of WatchPrices into updates.

    A batch has one number. Of its updates only the last one bears it, the others that of the message before: whoever
    goes on behind any of them misses nothing.

    Parameters
    ----------
    sequence
        Behind which the stream is opened.
    """

    def __init__(self, sequence: int = 0) -> None:
        self._sequence = sequence

    def __call__(self, message: pb.WatchPricesResponse) -> PriceUpdate | list[PriceUpdate] | None:
        """Return a new price, several of them, or None for a heartbeat."""
        kind = message.WhichOneof("event")
        before, self._sequence = self._sequence, message.sequence
        if kind == "update":
            return _decode_update(message.update, message.sequence, snapshot=message.snapshot)
        if kind != "batch":
            return None
        updates, last = message.batch.updates, len(message.batch.updates) - 1
        return [
            _decode_update(one, message.sequence if place == last else before, snapshot=message.snapshot)
            for place, one in enumerate(updates)
        ]


def _decode_update(update: pb.PriceUpdate, sequence: int, *, snapshot: bool) -> PriceUpdate:
    return PriceUpdate(
        sequence=sequence,
        symbol=update.symbol,
        price=update.price,
        change=update.change,
        change_fraction=update.change_fraction,
        time=np.datetime64(update.time, "ns"),
        source=update.source,
        provisional=update.provisional,
        conflated_count=update.conflated_count,
        snapshot=snapshot,
    )

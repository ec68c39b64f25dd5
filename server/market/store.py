"""The price store: bars by symbol, source and time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy import Row, delete, func, insert, select, update

from riskwave.compute.errors import UnknownNameError
from riskwave.server.market.bulk import read_rows, write_rows
from riskwave.server.market.dates import TIME_MAX_NS, TIME_MIN_NS
from riskwave.server.market.errors import RowsRejectedError, UnknownSymbolError
from riskwave.server.market.merging import compare, merged
from riskwave.server.market.revisions import keep_revised as keep_prices
from riskwave.server.market.revisions import read_revisions
from riskwave.server.market.series import (
    CATEGORIES,
    COLUMNS,
    Asset,
    PriceSeries,
    SourceSummary,
    UpsertCount,
    frequency_of,
)
from riskwave.server.market.tables import facts, prices, revisions, series
from riskwave.server.market.validation import all_rejected, check_about, check_source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from riskwave.server.market.database import Database
    from riskwave.server.market.revisions import Revision
    from riskwave.server.market.series import Selection, SeriesRows, Times, Values

    SeriesRow = Row[Any]

SOURCE_ORDER: Final = ("user", "*", "sample")
_OTHERS: Final = "*"


class PriceStore:
    """Prices of many symbols from several sources. Safe to use from many threads.

    Parameters
    ----------
    database
        Brought to this version by its `upgrade`.
    source_order
        Whose prices are used when none is named, best first; ``*`` stands for all that are not listed.
    batch_rows
        Rows that go to SQLite in one call.
    clock_ns
        The time that is written beside each row, in nanoseconds UTC.

    Examples
    --------
    >>> from riskwave.config.settings import StoreSettings
    >>> from riskwave.server.market.database import Database
    >>> from riskwave.server.market.series import Selection, SeriesRows
    >>> database = Database(StoreSettings(url="sqlite://"))
    >>> database.upgrade()
    >>> store = PriceStore(database)
    >>> days = np.arange("2020-04-17", "2020-04-22", dtype="datetime64[D]").astype("datetime64[ns]").astype(np.int64)
    >>> rows = SeriesRows("WTI", days[[0, 3, 4]], np.array([18.31, -36.98, 8.91]), unit="US dollars per barrel")
    >>> store.upsert("user", [rows])
    [UpsertCount(symbol='WTI', inserted=3, changed=0, unchanged=0, rounded=0, revisions=())]
    >>> found = store.get(Selection.parse(["WTI"], end_date="2020-04-20"))
    >>> found[0].source, found[0].close.tolist()
    ('user', [18.31, -36.98])
    >>> database.close()
    """

    def __init__(
        self,
        database: Database,
        *,
        source_order: Sequence[str] = SOURCE_ORDER,
        batch_rows: int = 1000,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.database = database
        self._source_order = tuple(source_order)
        self._batch_rows = batch_rows
        self._clock_ns = clock_ns

    # ---- reading -------------------------------------------------------------------------------------------------

    def get(self, selection: Selection) -> list[PriceSeries]:
        """Return the selected bars of each symbol, in the order of the request; nothing is filled.

        A series without bars in the range comes back with length 0. When no source is named, each symbol has its
        preferred one; the result says which.

        Raises
        ------
        UnknownSymbolError
            A symbol is not stored, or not from the named source; near names are in the error.
        UnknownNameError
            Nothing is stored of the named source.
        StoreUnavailableError
            The database does not answer.
        """
        with self.database.reading() as connection:
            chosen = self._choose(connection, selection)
            return [_read(connection, row, selection.start_ns, selection.end_ns) for row in chosen]

    def resolve(self, selection: Selection) -> list[Asset]:
        """Return the series that `get` would read, without reading; errors as there."""
        with self.database.reading() as connection:
            return [_asset(row) for row in self._choose(connection, selection)]

    def assets(self, *, source: str = "", category: str = "") -> list[Asset]:
        """Return the stored series by category, symbol and source; empty means all.

        Raises
        ------
        UnknownNameError
            Nothing is stored of the source, or there is no such category.
        """
        if category and category not in CATEGORIES:
            raise UnknownNameError("category", category, CATEGORIES)
        order = {name: position for position, name in enumerate(CATEGORIES)}
        with self.database.reading() as connection:
            if source:
                _check_known_source(connection, "source", source)
            query = select(series)
            if source:
                query = query.where(series.c.source == source)
            if category:
                query = query.where(series.c.category == category)
            found = [_asset(row) for row in connection.execute(query)]
        return sorted(found, key=lambda asset: (order[asset.category], asset.symbol, asset.source))

    def sources(self) -> list[SourceSummary]:
        """Return what is stored of each source, the preferred one first."""
        bars = func.sum(series.c.row_count), func.min(series.c.first_ns), func.max(series.c.last_ns)
        query = select(series.c.source, func.count(), *bars).group_by(series.c.source)
        kept = select(series.c.source, func.count()).join(revisions).group_by(series.c.source)
        with self.database.reading() as connection:
            revised = {name: int(count) for name, count in connection.execute(kept)}
            found = [
                SourceSummary(name, count, int(rows), first_ns, last_ns, revised.get(name, 0))
                for name, count, rows, first_ns, last_ns in connection.execute(query)
            ]
        return sorted(found, key=lambda summary: self._rank(summary.name))

    def revisions(self, asset: Asset, start_ns: int = TIME_MIN_NS, end_ns: int = TIME_MAX_NS) -> tuple[Revision, ...]:
        """Return the bars of a stored series whose earlier price is kept, in order of time; at most the newest 1000."""
        where = series.c.symbol == asset.symbol, series.c.source == asset.source
        with self.database.reading() as connection:
            held = connection.execute(select(series.c.id).where(*where)).scalar_one_or_none()
            return () if held is None else read_revisions(connection, held, start_ns, end_ns)

    def fact(self, name: str) -> str | None:
        """Return a text that an upsert left about the store, None when there is none."""
        with self.database.reading() as connection:
            value: str | None = connection.execute(select(facts.c.value).where(facts.c.name == name)).scalar()
            return value

    def _rank(self, source: str) -> tuple[int, str]:
        order = self._source_order
        if source in order:
            return order.index(source), source
        return (order.index(_OTHERS) if _OTHERS in order else len(order)), source

    def _choose(self, connection: Connection, selection: Selection) -> list[SeriesRow]:
        query = select(series).where(series.c.symbol.in_(selection.symbols))
        if selection.source:
            query = query.where(series.c.source == selection.source)
        best: dict[str, SeriesRow] = {}
        for row in connection.execute(query):
            held = best.get(row.symbol)
            if held is None or self._rank(row.source) < self._rank(held.source):
                best[row.symbol] = row
        for position, symbol in enumerate(selection.symbols):
            if symbol not in best:
                _raise_unknown(connection, selection, position)
        return [best[symbol] for symbol in selection.symbols]

    # ---- writing -------------------------------------------------------------------------------------------------

    def upsert(
        self,
        source: str,
        given: Sequence[SeriesRows],
        *,
        validate_only: bool = False,
        replace: bool = False,
        keep_revised: bool = False,
        notes: Mapping[str, str] | None = None,
    ) -> list[UpsertCount]:
        """Store rows, new or changed: all of them, or none when anything is wrong.

        Parameters
        ----------
        source
            Under which they are stored.
        given
            Series; several of one symbol count as one.
        validate_only
            Checks and counts everything and stores nothing.
        replace
            Forgets what the source had and `given` has not.
        keep_revised
            Keeps the earlier price of every changed bar but the last stored one, which is provisional.
        notes
            Texts about the store that are written in the same transaction; `fact` reads them.

        Returns
        -------
        list of UpsertCount
            One entry a symbol, in the order of `given`.

        Raises
        ------
        InputError
            A symbol, source or description is not allowed, or columns differ in length.
        RowsRejectedError
            Rows cannot be stored; the error has each.
        StoreUnavailableError
            The database does not answer, or another writer held it for too long.
        """
        check_source("source", source)
        for position, rows in enumerate(given):
            check_about(f"series[{position}]", rows)
        together = merged(given)
        rejected = all_rejected(together)
        if rejected:
            raise RowsRejectedError(rejected)
        counts: dict[str, UpsertCount] = {}
        with self.database.writing(discard=validate_only) as connection:
            # In one order everywhere, so that two writers never wait for each other.
            for rows in sorted(together, key=lambda rows: rows.symbol):
                counts[rows.symbol] = self._upsert_one(connection, source, rows, replace=replace, keep=keep_revised)
            if replace:
                _forget(connection, source, [rows.symbol for rows in together])
            for name, value in (notes or {}).items():
                connection.execute(delete(facts).where(facts.c.name == name))
                connection.execute(insert(facts).values(name=name, value=value))
        return [counts[rows.symbol] for rows in together]

    def _upsert_one(
        self, connection: Connection, source: str, rows: SeriesRows, *, replace: bool, keep: bool
    ) -> UpsertCount:
        stored_ns = self._clock_ns()
        held = _locked(connection, source, rows, stored_ns)
        stored_ns = max(stored_ns, held.stored_ns + 1)  # the series' version, by which caches know it: it only grows
        if replace:
            low, high = TIME_MIN_NS, TIME_MAX_NS
        else:
            low, high = (int(rows.times.min()), int(rows.times.max())) if len(rows.times) else (0, -1)
        times, columns = _bars(connection, held, low, high)
        change = compare(times, columns, rows)
        revised: tuple[Revision, ...] = ()
        if keep and held.last_ns is not None:
            settled = times < held.last_ns
            before = {name: values[settled] for name, values in columns.items()}
            revised = keep_prices(connection, held.id, times[settled], before, change, stored_ns)
        gone = 0
        if replace:
            surplus = times[~np.isin(times, rows.times, assume_unique=True)].tolist()
            gone = len(surplus)
            for start in range(0, gone, self._batch_rows):
                part = prices.c.time_ns.in_(surplus[start : start + self._batch_rows])
                connection.execute(delete(prices).where(prices.c.series_id == held.id, part))
        write_rows(
            connection,
            held.id,
            change.times,
            change.columns,
            replaced=change.replaced,
            stored_ns=stored_ns,
            batch_rows=self._batch_rows,
        )
        _describe(connection, held, rows, change.inserted - gone, stored_ns, refresh=gone > 0)
        return UpsertCount(rows.symbol, change.inserted, change.changed, change.unchanged, change.rounded, revised)


def _forget(connection: Connection, source: str, kept: Sequence[str]) -> None:
    """Delete the series of a source that are not among `kept`, and their bars."""
    query = select(series.c.id).where(series.c.source == source, series.c.symbol.not_in(kept)).with_for_update()
    gone = connection.execute(query).scalars().all()
    connection.execute(delete(prices).where(prices.c.series_id.in_(gone)))
    connection.execute(delete(series).where(series.c.id.in_(gone)))


def _raise_unknown(connection: Connection, selection: Selection, position: int) -> None:
    symbol = selection.symbols[position]
    if selection.source:
        _check_known_source(connection, f"{selection.path}source", selection.source)
    elsewhere = connection.execute(select(series.c.source).where(series.c.symbol == symbol)).scalars().all()
    query = select(series.c.symbol).distinct()
    if selection.source:
        query = query.where(series.c.source == selection.source)
    known = connection.execute(query).scalars().all()
    raise UnknownSymbolError(f"{selection.path}symbols[{position}]", symbol, known, elsewhere=sorted(elsewhere))


def _check_known_source(connection: Connection, field: str, source: str) -> None:
    known = connection.execute(select(series.c.source).distinct()).scalars().all()
    if source not in known:
        raise UnknownNameError(field, source, known)


def _asset(row: SeriesRow) -> Asset:
    return Asset(
        symbol=row.symbol,
        source=row.source,
        name=row.name,
        category=row.category,
        unit=row.unit,
        currency=row.currency,
        frequency=row.frequency,
        acknowledgement=row.acknowledgement,
        first_ns=row.first_ns,
        last_ns=row.last_ns,
        row_count=row.row_count,
    )


def _read(connection: Connection, row: SeriesRow, start_ns: int, end_ns: int) -> PriceSeries:
    times, columns = _bars(connection, row, start_ns, end_ns)
    optional: dict[str, Values | None] = {
        name: None if np.isnan(values).all() else values for name, values in columns.items() if name != "close"
    }
    return PriceSeries(_asset(row), times, columns["close"], **optional)


def _bars(connection: Connection, row: SeriesRow, start_ns: int, end_ns: int) -> tuple[Times, dict[str, Values]]:
    """Read bars in ascending time; columns that the series has nowhere are NaN and not read."""
    present = ["close", *(["open", "high", "low"] if row.has_bars else []), *(["volume"] if row.has_volume else [])]
    times, columns = read_rows(connection, row.id, start_ns, end_ns, present)
    return times, {name: columns.get(name, np.full(len(times), np.nan)) for name in COLUMNS}


def _locked(connection: Connection, source: str, rows: SeriesRows, stored_ns: int) -> SeriesRow:
    """Return the series' row, made if need be, that no other writer can change until the transaction ends."""
    query = select(series).where(series.c.symbol == rows.symbol, series.c.source == source).with_for_update()
    held = connection.execute(query).one_or_none()
    if held is not None:
        return held
    values = {
        "symbol": rows.symbol,
        "source": source,
        "name": rows.name or rows.symbol,
        "category": rows.category or "other",
        "unit": rows.unit,
        "currency": rows.currency or "USD",
        "frequency": rows.frequency or "irregular",
        "acknowledgement": rows.acknowledgement,
        "has_bars": False,
        "has_volume": False,
        "row_count": 0,
        "stored_ns": stored_ns,
    }
    if connection.dialect.name == "postgresql":  # another transaction may make it at this moment
        from sqlalchemy.dialects.postgresql import insert as pg_insert

        connection.execute(pg_insert(series).values(**values).on_conflict_do_nothing())
    else:
        connection.execute(insert(series).values(**values))
    return connection.execute(query).one()


def _describe(
    connection: Connection, held: SeriesRow, rows: SeriesRows, added: int, stored_ns: int, *, refresh: bool
) -> None:
    """Bring the series' own row up to what is stored of it."""
    first_ns, last_ns = held.first_ns, held.last_ns
    if refresh:
        query = select(func.min(prices.c.time_ns), func.max(prices.c.time_ns)).where(prices.c.series_id == held.id)
        first_ns, last_ns = connection.execute(query).one()
    elif len(rows.times):
        low, high = int(rows.times.min()), int(rows.times.max())
        first_ns, last_ns = (
            min(low, first_ns if held.row_count else low),
            max(high, last_ns if held.row_count else high),
        )
    texts = {
        name: getattr(rows, name)
        for name in ("name", "category", "unit", "currency", "frequency", "acknowledgement")
        if getattr(rows, name)
    }
    if not rows.frequency and held.frequency == "irregular":
        texts["frequency"] = frequency_of(np.sort(rows.times))
    bars = [values for values in (rows.open, rows.high, rows.low) if values is not None]
    connection.execute(
        update(series)
        .where(series.c.id == held.id)
        .values(
            **texts,
            first_ns=first_ns,
            last_ns=last_ns,
            row_count=held.row_count + added,
            has_bars=held.has_bars or any(not np.isnan(values).all() for values in bars),
            has_volume=held.has_volume or (rows.volume is not None and not np.isnan(rows.volume).all()),
            stored_ns=stored_ns,
        )
    )

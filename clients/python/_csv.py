"""Prices from CSV files: wide (a column a symbol), long (a row a symbol and date) or the bars of one symbol.

The file's form is guessed and told. Every row that cannot be stored is listed with its line and the reason; nothing is
repaired, and an empty cell is a missing price.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from riskwave._csv_guess import (
    MISSING,
    SAMPLE_LINES,
    Columns,
    DateOrder,
    Decimal,
    columns_of,
    date_order_of,
    decimal_of,
    delimiter_of,
    parse_date,
    parse_number,
    plain,
)
from riskwave._csv_text import check_header, counts, decoded, rows_of
from riskwave._errors import invalid

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from riskwave._prices import NewSeries

PRICE_MAX: Final = 1e12
VOLUME_MAX: Final = 1e18
SYMBOL_LENGTH_MAX: Final = 64
YEARS: Final = range(1678, 2262)
_BARS: Final = ("open", "high", "low", "volume")


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row, or one cell of it, that cannot be stored.

    Parameters
    ----------
    line
        Line of the file where the row begins, from 1.
    column
        Name of the column.
    value
        What is in the cell.
    reason
        What would be right.
    """

    line: int
    column: str
    value: str
    reason: str

    def __str__(self) -> str:
        """Say where, what and why."""
        return f"line {self.line}, {self.column or 'row'}: {self.value!r}; {self.reason}"


@dataclass(frozen=True, slots=True)
class CsvGuess:
    """How the file was read.

    Parameters
    ----------
    encoding, delimiter, decimal
        How its text is written.
    date_order
        ``ymd``, ``dmy`` or ``mdy``.
    layout
        ``wide``, ``long`` or ``single``.
    date_column, symbol_column
        Names of columns; empty where there is none.
    columns
        What each value column was taken for: a symbol, or ``close``, ``open``...
    ignored
        Columns that were not read.
    """

    encoding: str
    delimiter: str
    decimal: str
    date_order: str
    layout: str
    date_column: str
    symbol_column: str
    columns: Mapping[str, str]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CsvReport:
    """What a file holds.

    Parameters
    ----------
    series
        The good rows, a series a symbol, in the order of the file's columns or of their first rows.
    accepted_rows
        Prices in `series`.
    missing_cells
        Cells without a price; they are no rows and no mistakes.
    rejected
        What cannot be stored, in the order of the file. When there is any, store nothing, unless the user says so.
    guess
        How the file was read.
    """

    series: tuple[NewSeries, ...]
    accepted_rows: int
    missing_cells: int
    rejected: tuple[RejectedRow, ...]
    guess: CsvGuess


@dataclass(slots=True)
class _Rows:
    """Good rows of one symbol while the file is read."""

    times: list[dt.datetime] = field(default_factory=list)
    close: list[float] = field(default_factory=list)
    bars: dict[str, list[float]] = field(default_factory=dict)
    lines: dict[dt.datetime, int] = field(default_factory=dict)


def read_prices_csv(
    source: Path | str | bytes,
    *,
    symbol: str | None = None,
    names: Mapping[str, str] | None = None,
    date_column: str | None = None,
    symbol_column: str | None = None,
    price_column: str | None = None,
    delimiter: str | None = None,
    decimal: Decimal | None = None,
    date_order: DateOrder | None = None,
) -> CsvReport:
    r"""Read prices from a CSV file; what is not given is guessed.

    Parameters
    ----------
    source
        A path, or the file's bytes.
    symbol
        The symbol of a file that has one series without a name.
    names
        Symbols for columns or names that are none, such as ``{"Crude oil, Brent": "BRENT"}``.
    date_column, symbol_column, price_column
        Names in the header.
    delimiter
        One character.
    decimal
        ``.`` or ``,``.
    date_order
        ``dmy`` for 31/01/2020, ``mdy`` for 01/31/2020, ``ymd`` when neither occurs.

    Raises
    ------
    InvalidRequestError
        The file is no CSV file of prices, or can be read in two ways; the message says which parameter decides.
    OSError
        The file cannot be read.

    Examples
    --------
    >>> report = read_prices_csv(b"Datum;WTI;BRENT\n20.04.2020;-36,98;17,36\n21.04.2020;8,91;\n")
    >>> [(one.symbol, one.close.tolist()) for one in report.series], report.missing_cells
    ([('WTI', [-36.98, 8.91]), ('BRENT', [17.36])], 1)
    >>> report.guess.delimiter, report.guess.decimal, report.guess.date_order, report.rejected
    (';', ',', 'dmy', ())
    """
    text, encoding = decoded(source if isinstance(source, bytes) else Path(source).read_bytes())
    delimiter, header_line, header, body = _split(text, delimiter)
    sample = [row for _, row in body[:SAMPLE_LINES]]
    columns = columns_of(header, sample, date=date_column, symbol=symbol_column, price=price_column)
    if columns.layout == "single" and not symbol:
        raise invalid("symbol", "not given", "given: the file has one series without a name")
    order = date_order or date_order_of(row[columns.date] for _, row in body if len(row) > columns.date)
    cells = (row[n] for _, row in body for n in columns.values.values() if len(row) > n)
    sign: Decimal = decimal or decimal_of(cells, delimiter)
    reader = _Reader(header, columns, order, sign, symbol or "", dict(names or {}), header_line)
    for line, row in body:
        reader.read(line, row)
    guess = _told(columns, header, encoding, delimiter, sign, order, reader.taken_for())
    series = tuple(_as_series(name, found) for name, found in reader.found.items() if found.times)
    accepted = sum(len(found.times) for found in reader.found.values())
    return CsvReport(series, accepted, reader.missing, tuple(reader.rejected), guess)


def _told(
    columns: Columns,
    header: Sequence[str],
    encoding: str,
    delimiter: str,
    decimal: Decimal,
    order: DateOrder,
    taken_for: Mapping[str, str],
) -> CsvGuess:
    return CsvGuess(
        encoding=encoding,
        delimiter=delimiter,
        decimal=decimal,
        date_order=order,
        layout=columns.layout,
        date_column=header[columns.date],
        symbol_column="" if columns.symbol is None else header[columns.symbol],
        columns=taken_for,
        ignored=tuple(header[n] for n in columns.ignored if header[n]),
    )


def _split(text: str, delimiter: str | None) -> tuple[str, int, list[str], list[tuple[int, list[str]]]]:
    """Return delimiter, the header with its line, and the rows with theirs."""
    lines = [line for line in text.splitlines()[: SAMPLE_LINES * 2] if counts(line)]
    delimiter = delimiter or delimiter_of(lines)
    rows = list(rows_of(text, delimiter))
    if len(rows) < 2:
        raise invalid("file", f"{len(rows)} lines", "a header and at least one row")
    header_line, header = rows[0]
    check_header(header, header_line)
    return delimiter, header_line, header, rows[1:]


class _Reader:
    """Reads row after row into series and rejected rows."""

    def __init__(
        self,
        header: Sequence[str],
        columns: Columns,
        order: DateOrder,
        decimal: Decimal,
        symbol: str,
        names: dict[str, str],
        header_line: int,
    ) -> None:
        self.header, self.columns, self.order, self.decimal = header, columns, order, decimal
        self.names = names
        self.found: dict[str, _Rows] = {}
        self.rejected: list[RejectedRow] = []
        self.missing = 0
        self._single = symbol
        self._bad_columns: set[int] = set()
        self._dates: dict[str, dt.datetime | None] = {}
        if columns.layout == "wide":
            for name, n in columns.values.items():
                reason = _symbol_fault(self.symbol_of(name))
                if reason:
                    self._reject(header_line, n, name, f"{reason}; rename it, as in names={{{name!r}: ...}}")
                    self._bad_columns.add(n)
                elif self.symbol_of(name) in self.found:
                    self._reject(header_line, n, name, "the symbol of another column, too")
                    self._bad_columns.add(n)
                else:
                    self.found[self.symbol_of(name)] = _Rows()

    def symbol_of(self, name: str) -> str:
        """Return the symbol that a column's or cell's name stands for."""
        return self.names.get(name, name)

    def taken_for(self) -> dict[str, str]:
        """Return what each value column was taken for, by its name."""
        wide = self.columns.layout == "wide"
        return {self.header[n]: self.symbol_of(name) if wide else name for name, n in self.columns.values.items()}

    def read(self, line: int, row: Sequence[str]) -> None:
        """Take one row."""
        if len(row) != len(self.header):
            reason = f"it has {len(row)} fields, the header has {len(self.header)}"
            self.rejected.append(RejectedRow(line, "", _short(",".join(row)), reason))
            return
        cell = row[self.columns.date]
        if cell not in self._dates:
            self._dates[cell] = parse_date(cell, self.order)
        time = self._dates[cell]
        if time is None or time.year not in YEARS:
            known = {"ymd": "2020-01-31", "dmy": "31/01/2020", "mdy": "01/31/2020"}[self.order]
            reason = f"it must be a date such as {known}, from {YEARS.start} to {YEARS.stop - 1}"
            self._reject(line, self.columns.date, cell, reason)
        elif self.columns.layout == "wide":
            for name, n in self.columns.values.items():
                if n not in self._bad_columns:
                    self._take(line, time, self.symbol_of(name), {"close": n}, row)
        else:
            symbol = self._symbol(line, row)
            if symbol:
                self._take(line, time, symbol, self.columns.values, row)

    def _symbol(self, line: int, row: Sequence[str]) -> str:
        if self.columns.symbol is None:
            return self._single
        symbol = self.symbol_of(row[self.columns.symbol].strip())
        reason = "" if symbol in self.found else _symbol_fault(symbol)
        if reason:
            self._reject(line, self.columns.symbol, row[self.columns.symbol], reason)
            return ""
        return symbol

    def _take(self, line: int, time: dt.datetime, symbol: str, places: Mapping[str, int], row: Sequence[str]) -> None:
        values: dict[str, float] = {}
        for name, n in places.items():
            number = parse_number(row[n], self.decimal)
            if number is None and plain(row[n]).casefold() in MISSING:
                number = np.nan
            elif not _is_fine(name, number):
                allowed = f"from 0 to {VOLUME_MAX:g}" if name == "volume" else f"up to {PRICE_MAX:g}"
                self._reject(line, n, row[n], f"it must be a number {allowed}, or empty")
                return
            assert number is not None
            values[name] = number
        if values["close"] != values["close"]:
            self.missing += 1
            return
        if values.get("high", np.inf) < values.get("low", -np.inf):
            self._reject(line, places["high"], row[places["high"]], "the highest price must not be below the lowest")
            return
        held = self.found.setdefault(symbol, _Rows())
        if time in held.lines:
            self._reject(
                line, self.columns.date, row[self.columns.date], f"{symbol} has this date in line {held.lines[time]}"
            )
            return
        held.lines[time] = line
        held.times.append(time)
        held.close.append(values["close"])
        for name in _BARS:
            if name in places:
                held.bars.setdefault(name, []).append(values[name])

    def _reject(self, line: int, column: int, value: str, reason: str) -> None:
        self.rejected.append(RejectedRow(line, self.header[column], _short(value), reason))


def _as_series(symbol: str, found: _Rows) -> NewSeries:
    from riskwave._prices import NewSeries

    times = np.array(found.times, dtype="datetime64[ns]")
    order = np.argsort(times, kind="stable")
    bars: dict[str, Any] = {}
    for name, values in found.bars.items():
        column = np.array(values, dtype=np.float64)
        if not np.isnan(column).all():
            bars[name] = column[order]
    return NewSeries(symbol, times[order], np.array(found.close, dtype=np.float64)[order], **bars)


def _is_fine(name: str, number: float | None) -> bool:
    if number is None:
        return False
    return 0 <= number <= VOLUME_MAX if name == "volume" else -PRICE_MAX <= number <= PRICE_MAX


def _symbol_fault(symbol: str) -> str:
    fine = 0 < len(symbol) <= SYMBOL_LENGTH_MAX and symbol.isprintable() and not set(symbol) & set(" ,;\"'")
    return (
        "" if fine else f"a symbol has 1 to {SYMBOL_LENGTH_MAX} characters without spaces, commas, semicolons or quotes"
    )


def _short(value: str) -> str:
    return value if len(value) <= 80 else value[:77] + "..."

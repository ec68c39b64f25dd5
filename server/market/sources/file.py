"""Files: a folder with one CSV or Parquet file a symbol, such as ``WTI.csv``.

A file has columns ``date`` (ISO dates, or dates in Parquet) and ``close`` or ``price``, and may have open, high, low
and volume. The folder belongs to whoever runs the server; no request can name a path.
"""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import re
from typing import TYPE_CHECKING

from riskwave.server.market.sources._canonical import CATEGORIES
from riskwave.server.market.sources._errors import BadPayloadError, UnknownSymbolError
from riskwave.server.market.sources._model import Asset, Source
from riskwave.server.market.sources._parse import Row, day_ns, make_bars

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from riskwave.server.market.sources._model import Ask, Bars, Query

NAME = "file"
TITLE = "Files"
FILE_BYTES_MAX = 256 * 1024 * 1024
_SUFFIXES = (".csv", ".parquet")
_SYMBOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.^=-]{0,63}")
_OPTIONAL = ("open", "high", "low", "volume")


def folder_source(folder: Path) -> Source:
    """Return the source of a folder's files, as they are now; a file that is added later needs a restart.

    Where a symbol has both kinds of file, the CSV is read.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix in _SUFFIXES and path.is_file() and _SYMBOL.fullmatch(path.stem):
            found.setdefault(path.stem, path)
    assets = tuple(
        Asset(symbol, path.name, f"{symbol}, from {path.name}", CATEGORIES.get(symbol, "other"), "", ("daily",))
        for symbol, path in found.items()
    )

    async def fetch(query: Query, _: Ask) -> Bars:
        path = found.get(query.asset.symbol)
        if path is None:
            raise UnknownSymbolError(f"there is no file for {query.asset.symbol}")
        return await asyncio.to_thread(read_file, query, path)

    return Source(
        name=NAME,
        title=TITLE,
        tier="primary",
        base_url="",
        auth=None,
        limits=(),
        assets=assets,
        fetch=fetch,
        whole_series=True,
    )


def read_file(query: Query, path: Path) -> Bars:
    """Return the bars of one file.

    Raises
    ------
    BadPayloadError
        The file is too large, unreadable, or has not the columns or dates that it needs.
    """
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise BadPayloadError(f"{path.name} is larger than {FILE_BYTES_MAX} bytes")
        columns, text = _read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadPayloadError(f"{path.name} cannot be read: {type(error).__name__}") from None
    price = next((name for name in ("close", "price") if name in columns), "")
    if "date" not in columns or not price:
        raise BadPayloadError(f"{path.name} needs columns date and close, and has {', '.join(columns)}")
    optional = [columns.get(name) for name in _OPTIONAL]
    dates, prices = columns["date"], columns[price]
    rows = [
        Row(day_ns(_iso(date), text), prices[at], *(None if values is None else values[at] for values in optional))
        for at, date in enumerate(dates)
    ]
    return make_bars(NAME, query, rows, text)


def _iso(date: object) -> object:
    """Return a Parquet date, or a time at midnight, as the text that it would be in a CSV."""
    if isinstance(date, dt.datetime):
        return date.date().isoformat() if date.time() == dt.time() else date.isoformat()
    return date.isoformat() if isinstance(date, dt.date) else date


def _read_csv(path: Path) -> tuple[Mapping[str, list[object]], str]:
    text = path.read_text(encoding="utf-8-sig")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = [name.strip().lower() for name in next(reader, [])]
    rows = [row for row in reader if row]
    if any(len(row) != len(header) for row in rows):
        raise BadPayloadError(f"{path.name} has rows of another length than its header", text)
    return {name: [row[at] for row in rows] for at, name in enumerate(header)}, text


def _read_parquet(path: Path) -> tuple[Mapping[str, list[object]], str]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError:
        raise BadPayloadError(f'{path.name} needs pyarrow: pip install "riskwave[parquet]"') from None
    try:
        table = parquet.read_table(path)
    except pa.ArrowException as error:
        raise BadPayloadError(f"{path.name} is not a Parquet file: {type(error).__name__}") from None
    return {name.strip().lower(): table.column(name).to_pylist() for name in table.column_names}, ""

"""Reads and writes many rows fast, in the transaction of the SQLAlchemy connection.

Into PostgreSQL by COPY in its binary form, whose rows of one layout are a NumPy array of records, and out of it as one
array a column; into SQLite by prepared statements, and out of it into records as they come.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from riskwave.server.market.series import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from riskwave.server.market.series import Times, Values

_COPY_HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_COPY_TRAILER: Final = b"\xff\xff"
_COPY_ROWS: Final = 65_536

# ---- reading -----------------------------------------------------------------------------------------------------


def read_rows(
    connection: Connection, series_id: int, start_ns: int, end_ns: int, names: Sequence[str]
) -> tuple[Times, dict[str, Values]]:
    """Read bars of one series in ascending time.

    Parameters
    ----------
    start_ns, end_ns
        First and last time, both included.
    names
        Columns among `COLUMNS`.

    Returns
    -------
    times, columns
        Shape (rows,) each; NaN where a row has no value.
    """
    read = _fetched if connection.dialect.name == "sqlite" else _aggregated
    return read(connection, series_id, start_ns, end_ns, names)


def _fetched(
    connection: Connection, series_id: int, start_ns: int, end_ns: int, names: Sequence[str]
) -> tuple[Times, dict[str, Values]]:
    # A missing number comes as infinity, which is never stored: an array of records takes no None.
    selected = ", ".join(f'coalesce("{name}", 9e999)' for name in names)
    sql = (
        f"SELECT time_ns, {selected} FROM prices "  # noqa: S608 (names of COLUMNS)
        "WHERE series_id = ? AND time_ns BETWEEN ? AND ? ORDER BY time_ns"
    )
    cursor = connection.exec_driver_sql(sql, (series_id, start_ns, end_ns)).cursor
    assert cursor is not None
    kinds = [("time_ns", np.int64), *((name, np.float64) for name in names)]
    record = np.fromiter(cast("Iterable[Any]", cursor), dtype=np.dtype(kinds))
    columns = {name: np.where(np.isinf(record[name]), np.nan, record[name]) for name in names}
    return record["time_ns"].copy(), columns


def _aggregated(
    connection: Connection, series_id: int, start_ns: int, end_ns: int, names: Sequence[str]
) -> tuple[Times, dict[str, Values]]:
    # One array a column instead of a million rows: in binary form an array is a header of 20 bytes and its elements.
    arrays = ", ".join(f"array_agg(coalesce(\"{name}\", 'NaN'))" for name in names)
    sql = (
        f"SELECT array_agg(time_ns), {arrays} FROM (SELECT * FROM prices "  # noqa: S608 (names of COLUMNS)
        "WHERE series_id = %s AND time_ns BETWEEN %s AND %s ORDER BY time_ns) AS bars"
    )
    with _driver(connection).cursor(binary=True) as cursor:
        cursor.execute(sql, (series_id, start_ns, end_ns))
        found = [cursor.pgresult.get_value(0, column) for column in range(1 + len(names))]
    times = _elements(found[0], ">i8").astype(np.int64)
    return times, {name: _elements(data, ">f8").astype(np.float64) for name, data in zip(names, found[1:], strict=True)}


def _elements(array: bytes | None, code: str) -> NDArray[Any]:
    """Return the elements of a one-dimensional array without NULLs; aggregated over no rows it is NULL itself."""
    if array is None:
        return np.empty(0, dtype=code)
    elements = np.frombuffer(array, dtype=np.dtype([("bytes", ">i4"), ("value", code)]), offset=20)
    return elements["value"]


# ---- writing -----------------------------------------------------------------------------------------------------


def write_rows(
    connection: Connection,
    series_id: int,
    times: Times,
    columns: Mapping[str, Values],
    *,
    replaced: NDArray[np.bool_],
    stored_ns: int,
    batch_rows: int,
) -> None:
    """Write rows of one series; `replaced` marks those whose time is there already.

    Parameters
    ----------
    connection
        Inside a transaction that has locked the series.
    times
        Nanoseconds UTC, each once, shape (rows,).
    columns
        Every one of `COLUMNS`; NaN is written as NULL.
    batch_rows
        Rows that go to SQLite in one call.
    """
    if len(times) == 0:
        return
    if connection.dialect.name == "sqlite":
        _insert_or_replace(connection, series_id, times, columns, stored_ns, batch_rows)
    elif replaced.any():
        _copy_over(connection, series_id, times, columns, stored_ns)
    else:
        _copy_in(connection, "prices", series_id, times, columns, stored_ns)


def _insert_or_replace(
    connection: Connection,
    series_id: int,
    times: Times,
    columns: Mapping[str, Values],
    stored_ns: int,
    batch_rows: int,
) -> None:
    # A column that is not named becomes NULL, in half the time of being told so row by row.
    names = [name for name in COLUMNS if name == "close" or not np.isnan(columns[name]).all()]
    named = ("series_id", "stored_ns", "time_ns", *(f'"{name}"' for name in names))
    sql = f"INSERT OR REPLACE INTO prices ({', '.join(named)}) VALUES ({', '.join('?' * len(named))})"  # noqa: S608 (names of COLUMNS)
    for start in range(0, len(times), batch_rows):
        part = slice(start, start + batch_rows)
        lists = [_with_null(columns[name][part]) for name in names]
        row = zip(repeat(series_id), repeat(stored_ns), times[part].tolist(), *lists, strict=False)
        connection.exec_driver_sql(sql, list(row))


def _with_null(values: Values) -> list[float | None]:
    """Return Python numbers, None where missing."""
    missing = np.isnan(values)
    if missing.all():
        return [None] * len(values)
    if not missing.any():
        return list(values.tolist())
    return [None if absent else value for value, absent in zip(values.tolist(), missing.tolist(), strict=True)]


def _copy_over(
    connection: Connection, series_id: int, times: Times, columns: Mapping[str, Values], stored_ns: int
) -> None:
    """Copy rows into a table of this transaction, and from there over those that are there."""
    connection.exec_driver_sql("CREATE TEMPORARY TABLE IF NOT EXISTS incoming (LIKE prices) ON COMMIT DROP")
    connection.exec_driver_sql("TRUNCATE incoming")
    _copy_in(connection, "incoming", series_id, times, columns, stored_ns)
    connection.exec_driver_sql(
        "INSERT INTO prices SELECT * FROM incoming ON CONFLICT (series_id, time_ns) DO UPDATE "
        "SET close = excluded.close, open = excluded.open, high = excluded.high, low = excluded.low, "
        "volume = excluded.volume, stored_ns = excluded.stored_ns"
    )


def _copy_in(
    connection: Connection,
    table: str,
    series_id: int,
    times: Times,
    columns: Mapping[str, Values],
    stored_ns: int,
) -> None:
    """Copy rows in groups that miss the same columns: within a group all rows have one layout of bytes."""
    missing = np.zeros(len(times), dtype=np.int64)
    for bit, name in enumerate(COLUMNS[1:]):
        missing |= np.isnan(columns[name]).astype(np.int64) << bit
    for pattern in np.unique(missing).tolist():
        rows = np.flatnonzero(missing == pattern)
        present = [COLUMNS[0], *(name for bit, name in enumerate(COLUMNS[1:]) if not pattern >> bit & 1)]
        names = ", ".join(f'"{name}"' for name in ("series_id", "time_ns", "stored_ns", *present))
        sql = f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)"
        with _driver(connection).cursor() as cursor, cursor.copy(sql) as copy:
            copy.write(_COPY_HEADER)
            for part in _records(rows, series_id, times, stored_ns, {name: columns[name] for name in present}):
                copy.write(part)
            copy.write(_COPY_TRAILER)


def _records(
    rows: NDArray[np.intp], series_id: int, times: Times, stored_ns: int, columns: Mapping[str, Values]
) -> Iterator[bytes]:
    fields = [("series_id", ">i4"), ("time_ns", ">i8"), ("stored_ns", ">i8"), *((name, ">f8") for name in columns)]
    kind = _layout(fields)
    for start in range(0, len(rows), _COPY_ROWS):
        part = rows[start : start + _COPY_ROWS]
        record = np.empty(len(part), dtype=kind)
        record["fields"] = len(fields)
        for name, code in fields:
            record[f"{name} bytes"] = int(code[-1])
        record["series_id"], record["time_ns"], record["stored_ns"] = series_id, times[part], stored_ns
        for name, values in columns.items():
            record[name] = values[part]
        yield record.tobytes()


# ---- PostgreSQL's binary forms ------------------------------------------------------------------------------------


def _layout(fields: Sequence[tuple[str, str]]) -> np.dtype[np.void]:
    """Return a row as binary COPY has it: the number of fields, then each with its length before it, big-endian."""
    parts: list[tuple[str, str]] = [("fields", ">i2")]
    for name, code in fields:
        parts += [(f"{name} bytes", ">i4"), (name, code)]
    return np.dtype(parts)


def _driver(connection: Connection) -> Any:
    """Return psycopg's own connection, in the same transaction: SQLAlchemy has no COPY."""
    driver = connection.connection.driver_connection
    assert driver is not None
    return driver

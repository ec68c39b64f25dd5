"""The store's tables.

A series is one symbol from one source; its bars hang on it by a number, so that ten million rows carry eight bytes of
key and not two names each. The unique key (symbol, source, date) is (series.symbol, series.source) with
(prices.series_id, prices.time_ns).

Prices are IEEE doubles, rounded to 6 decimals before they are written: SQLite's REAL and PostgreSQL's DOUBLE PRECISION
give back the same 64 bits, which NUMERIC does not promise without a detour by decimals. Times are integer nanoseconds
UTC, so that dates and intraday bars are one type.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
)

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
    }
)

# Sorted and compared by code point in both databases, as Python does.
_NAME = Text().with_variant(Text(collation="C"), "postgresql")
# An INTEGER PRIMARY KEY is SQLite's own row number; PostgreSQL counts its own.
_ID = Integer()

series: Final = Table(
    "series",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("symbol", _NAME, nullable=False),
    Column("source", _NAME, nullable=False),
    Column("name", Text, nullable=False),
    Column("category", _NAME, nullable=False),
    Column("unit", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("frequency", Text, nullable=False),
    Column("acknowledgement", Text, nullable=False),
    Column("has_bars", Boolean, nullable=False),  # some row has an opening, highest or lowest price
    Column("has_volume", Boolean, nullable=False),
    Column("first_ns", BigInteger),
    Column("last_ns", BigInteger),
    Column("row_count", BigInteger, nullable=False),
    Column("stored_ns", BigInteger, nullable=False),
    Index(None, "symbol", "source", unique=True),
    Index(None, "source", "symbol"),
)

prices: Final = Table(
    "prices",
    metadata,
    Column("series_id", Integer, primary_key=True),
    Column("time_ns", BigInteger, primary_key=True),
    Column("close", Double, nullable=False),
    Column("open", Double),
    Column("high", Double),
    Column("low", Double),
    Column("volume", Double),
    Column("stored_ns", BigInteger, nullable=False),
    # PostgreSQL would look the series up once for every row, which is three quarters of the time of an import; the
    # store holds the series' row locked while it writes.
    ForeignKeyConstraint(["series_id"], [series.c.id], ondelete="CASCADE").ddl_if(dialect="sqlite"),
    sqlite_with_rowid=False,  # rows lie in the order of the key: a range is one walk
)

revisions: Final = Table(
    "revisions",
    metadata,
    Column("series_id", Integer, ForeignKey(series.c.id, ondelete="CASCADE"), primary_key=True),
    Column("time_ns", BigInteger, primary_key=True),
    Column("found_ns", BigInteger, primary_key=True),
    Column("close", Double, nullable=False),  # the bar as it was before
    Column("open", Double),
    Column("high", Double),
    Column("low", Double),
    Column("volume", Double),
    Column("new_close", Double, nullable=False),
    sqlite_with_rowid=False,
)

portfolios: Final = Table(
    "portfolios",
    metadata,
    Column("name", _NAME, primary_key=True),
    Column("holdings", Text, nullable=False),  # JSON list of [symbol, weight], in the caller's order
    Column("etag", Text, nullable=False),
    Column("update_ns", BigInteger, nullable=False),
)

facts: Final = Table(
    "facts",
    metadata,
    Column("name", _NAME, primary_key=True),
    Column("value", Text, nullable=False),
)

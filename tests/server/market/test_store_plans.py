"""Which rows a query touches: with ten million of them, those that it returns and no others."""

import sqlite3
import time

import numpy as np
import pytest
import sqlalchemy as sa

from riskwave.server.market.dates import DAY_NS
from riskwave.server.market.series import Selection, SeriesRows
from riskwave.server.market.store import PriceStore

SYMBOLS = [f"S{number:02d}" for number in range(50)]
BARS = 2_000


@pytest.fixture
def filled(database):
    store = PriceStore(database)
    days = np.arange(BARS) * DAY_NS
    store.upsert("user", [SeriesRows(symbol, days, np.ones(BARS)) for symbol in SYMBOLS])
    return store


def use(store):
    """What the services do with the price table."""
    assert len(store.get(Selection.parse(["S07"], start_date="1970-03-01", end_date="1970-03-01"))[0]) == 1
    assert len(store.get(Selection.parse(["S07", "S31"], start_date="1971-01-01", end_date="1971-12-31"))[1]) == 365
    late = np.arange(BARS - 3, BARS + 2) * DAY_NS
    assert store.upsert("user", [SeriesRows("S31", late, np.full(5, 2.0))], keep_revised=True)[0].inserted == 2
    assert len(store.revisions(store.assets()[31])) == 2
    store.sources()


def test_a_query_touches_the_rows_of_its_answer_only(filled, database):
    (check_sqlite if database.kind == "sqlite" else check_postgresql)(filled, database)


def check_sqlite(filled, database):
    """By the plan of every statement that is sent."""
    statements = []

    @sa.event.listens_for(database.engine, "checkout")
    def trace(connection, *_):
        connection.set_trace_callback(statements.append)

    use(filled)
    plans = []
    with sqlite3.connect(database.engine.url.database) as connection:
        for statement in statements:
            if "prices" in statement and statement.split()[0] in {"SELECT", "INSERT", "DELETE"}:
                plans += [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    connection.close()
    assert "SEARCH prices USING PRIMARY KEY (series_id=? AND time_ns>? AND time_ns<?)" in plans
    assert [plan for plan in plans if "SCAN prices" in plan] == []


def check_postgresql(filled, database):
    """By the database's own counts of scans."""
    scans = (
        "SELECT seq_scan, idx_scan, idx_tup_fetch FROM pg_stat_user_tables "
        "WHERE relname = 'prices' AND schemaname = current_schema()"
    )
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(sa.text("ANALYZE"))

    def counted():
        database.engine.dispose()  # a session tells its counts when it ends
        for _ in range(50):
            with database.engine.connect() as connection:
                found = connection.execute(sa.text(scans)).one()
            if found != before:
                return found
            time.sleep(0.05)
        return found

    before = None
    before = counted()
    use(filled)
    after = counted()
    assert after.seq_scan == before.seq_scan
    assert after.idx_scan > before.idx_scan
    assert after.idx_tup_fetch - before.idx_tup_fetch < 2_000, "a fiftieth of the table"

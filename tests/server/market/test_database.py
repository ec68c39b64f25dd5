import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from riskwave.config import ConfigError
from riskwave.config.settings import StoreSettings
from riskwave.server.market.database import _UPGRADE_LOCK, Database
from riskwave.server.market.dates import DAY_NS
from riskwave.server.market.errors import StoreUnavailableError, StoreVersionError
from riskwave.server.market.series import Selection, SeriesRows
from riskwave.server.market.store import PriceStore
from riskwave.server.market.tables import metadata

UPGRADE = """
import sys
from riskwave.config.settings import Settings
from riskwave.server.market import Market, Selection
with Market(Settings(profile="test", store={"url": sys.argv[1]})) as market:
    market.open()
    print(market.prices.resolve(Selection.parse(["WTI"]))[0].source)
"""

STORE = """
import sys
import numpy as np
from riskwave.config.settings import StoreSettings
from riskwave.server.market.database import Database
from riskwave.server.market.dates import DAY_NS
from riskwave.server.market.series import SeriesRows
from riskwave.server.market.store import PriceStore
store = PriceStore(Database(StoreSettings(url=sys.argv[1])))
counts = []
for first in range(int(sys.argv[2]), int(sys.argv[2]) + 200, 10):
    days = np.arange(first, first + 10)
    counts += store.upsert("user", [SeriesRows("A", days * DAY_NS, days.astype(float))])
print(sum(count.inserted for count in counts), sum(count.unchanged for count in counts))
"""


def run_at_once(script: str, *arguments: tuple[str, ...]) -> list[str]:
    """Run a script in one process for each tuple of arguments; return what they print."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", script, *given],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for given in arguments
    ]
    answers = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), answers
    return [out.strip() for out, _ in answers]


def rows(symbol: str, first: int, count: int) -> SeriesRows:
    numbers = np.arange(first, first + count)
    return SeriesRows(symbol, numbers * DAY_NS, numbers.astype(np.float64))


def wanted_in(kind: str) -> Callable[..., bool]:
    """Tell Alembic which constraints a database has: PostgreSQL does not check the series of each bar."""

    def wanted(_thing: object, name: str | None, *_: object) -> bool:
        return kind == "sqlite" or name != "prices_series_id_fkey"

    return wanted


class TestTables:
    def test_migrations_make_the_tables_that_the_code_expects(self, database: Database) -> None:
        with database.reading() as connection:
            options = {"compare_type": True, "include_object": wanted_in(database.kind)}
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, metadata) == []

    def test_the_store_is_keyed_by_symbol_source_and_date(self, database: Database) -> None:
        inspector = sa.inspect(database.engine)
        keys = {tuple(index["column_names"]): index["unique"] for index in inspector.get_indexes("series")}
        assert keys == {("symbol", "source"): True, ("source", "symbol"): False}
        assert inspector.get_pk_constraint("prices")["constrained_columns"] == ["series_id", "time_ns"]

    def test_upgrading_again_changes_nothing(self, database: Database) -> None:
        PriceStore(database).upsert("user", [rows("X", 0, 3)])
        database.upgrade()
        assert PriceStore(database).assets()[0].row_count == 3

    def test_bars_go_with_their_series(self, database: Database) -> None:
        store = PriceStore(database)
        store.upsert("user", [rows("A", 0, 3), rows("B", 0, 4)])
        store.upsert("user", [rows("A", 0, 3)], replace=True)
        with database.reading() as connection:
            assert connection.execute(sa.text("SELECT count(*) FROM series")).scalar() == 1
            assert connection.execute(sa.text("SELECT count(*) FROM prices")).scalar() == 3

    def test_tables_of_a_newer_version_are_refused_untouched(self, database: Database) -> None:
        with database.writing() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(StoreVersionError, match="9999"):
            database.upgrade()

    def test_several_processes_make_the_tables_at_once(self, store_url: str) -> None:
        assert run_at_once(UPGRADE, *[(store_url,)] * 3) == ["sample"] * 3


class TestConcurrency:
    def test_threads_that_store_the_same_series_lose_nothing(self, database: Database) -> None:
        store = PriceStore(database)
        failures: list[BaseException] = []

        def work(offset: int) -> None:
            try:
                for step in range(10):
                    # Every row is given twice, by different threads, in opposite order of symbols.
                    parts = [rows("A", step * 10 + offset, 5), rows("B", step * 10 + offset, 5)]
                    store.upsert("user", parts if offset else parts[::-1])
                    store.get(Selection.parse(["A"]))
            except BaseException as error:  # noqa: BLE001 (reported by the assertion below)
                failures.append(error)

        threads = [threading.Thread(target=work, args=(offset,)) for offset in (0, 5, 0, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        for series in store.get(Selection.parse(["A", "B"])):
            assert series.close.tolist() == list(range(100))
            assert series.asset.row_count == 100

    def test_processes_that_store_the_same_series_lose_nothing(self, database: Database, store_url: str) -> None:
        answers = run_at_once(STORE, (store_url, "0"), (store_url, "100"))
        counts = np.array([answer.split() for answer in answers], dtype=int)
        assert counts.sum(axis=0).tolist() == [300, 100]  # inserted, unchanged
        (series,) = PriceStore(database).get(Selection.parse(["A"]))
        assert series.close.tolist() == list(range(300))
        assert series.asset.row_count == 300

    def test_a_reader_sees_one_state(self, database: Database) -> None:
        store = PriceStore(database)
        store.upsert("user", [rows("A", 0, 10), rows("B", 0, 10)])
        with database.reading() as connection:
            connection.execute(sa.text("SELECT count(*) FROM prices")).scalar()
            store.upsert("user", [rows("C", 0, 10)])
            assert connection.execute(sa.text("SELECT count(*) FROM prices")).scalar() == 20

    def test_an_exception_inside_undoes_everything(self, database: Database) -> None:
        PriceStore(database).upsert("user", [rows("A", 0, 10)])
        with pytest.raises(ZeroDivisionError), database.writing() as connection:
            connection.execute(sa.text("DELETE FROM prices"))
            1 / 0  # noqa: B018
        assert len(PriceStore(database).get(Selection.parse(["A"]))[0]) == 10


class TestSqlite:
    def test_it_waits_in_wal_and_enforces_keys(self, tmp_path: Path) -> None:
        database = Database(StoreSettings(url=f"sqlite:///{tmp_path}/new/folder/store.sqlite3"))
        with database.reading() as connection:
            assert connection.execute(sa.text("PRAGMA journal_mode")).scalar() == "wal"
            assert connection.execute(sa.text("PRAGMA foreign_keys")).scalar() == 1
            assert connection.execute(sa.text("PRAGMA busy_timeout")).scalar() == 10_000
        database.close()

    def test_one_copied_file_is_a_backup(self, tmp_path: Path) -> None:
        database = Database(StoreSettings(url=f"sqlite:///{tmp_path}/store.sqlite3"))
        database.upgrade()
        PriceStore(database).upsert("user", [rows("A", 0, 1000)])
        database.close()
        assert [path.name for path in tmp_path.iterdir()] == ["store.sqlite3"]

    def test_a_locked_file_is_told_after_the_timeout(self, tmp_path: Path) -> None:
        path = tmp_path / "store.sqlite3"
        database = Database(StoreSettings(url=f"sqlite:///{path}", busy_timeout_s=0.1))
        database.upgrade()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        started = time.perf_counter()
        with pytest.raises(StoreUnavailableError, match="locked"):
            PriceStore(database).upsert("user", [rows("A", 0, 1)])
        assert time.perf_counter() - started < 5
        assert PriceStore(database).assets() == []  # readers do not wait
        other.execute("ROLLBACK")
        other.close()
        PriceStore(database).upsert("user", [rows("A", 0, 1)])
        database.close()

    def test_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        path = tmp_path / "store.sqlite3"
        path.write_bytes(b"prices, prices, prices" * 100)
        database = Database(StoreSettings(url=f"sqlite:///{path}"))
        with pytest.raises(StoreUnavailableError, match="not a database"):
            database.upgrade()
        database.close()

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(ConfigError, match=r"store\.url .*cannot be made"):
            Database(StoreSettings(url=f"sqlite:///{tmp_path}/file/store.sqlite3"))

    def test_memory_is_shared_by_threads(self) -> None:
        database = Database(StoreSettings(url="sqlite://"))
        database.upgrade()
        store = PriceStore(database)
        threads = [threading.Thread(target=store.upsert, args=("user", [rows("A", n * 10, 10)])) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.assets()[0].row_count == 80
        database.close()

    def test_no_free_connection_is_told(self) -> None:
        database = Database(StoreSettings(url="sqlite://", pool_timeout_s=0.05))
        with database.reading(), pytest.raises(StoreUnavailableError, match="no connection free"):
            database.check()
        database.close()


@pytest.mark.services
class TestPostgresql:
    def test_the_driver_need_not_be_named(self, postgresql_url: str) -> None:
        for scheme in ("postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"):
            database = Database(StoreSettings(url=postgresql_url.replace("postgresql", scheme, 1)))
            database.check()
            assert database.kind == "postgresql"
            database.close()

    def test_a_broken_connection_heals(self, postgresql_url: str) -> None:
        database = Database(StoreSettings(url=postgresql_url, pool_size=1))
        database.upgrade()
        with psycopg.connect(postgresql_url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'riskwave'")
        PriceStore(database).upsert("user", [rows("A", 0, 10)])
        database.close()

    def test_a_connection_that_breaks_in_the_middle_stores_nothing(self, postgresql_url: str) -> None:
        database = Database(StoreSettings(url=postgresql_url, pool_size=1))
        database.upgrade()
        kill = sa.text("SELECT pg_terminate_backend(pg_backend_pid())")
        with pytest.raises(StoreUnavailableError), database.writing() as connection:
            connection.execute(sa.text("INSERT INTO facts VALUES ('a', 'b')"))
            connection.execute(kill)
        assert PriceStore(database).fact("a") is None
        database.close()

    def test_tables_are_changed_by_one_process_at_a_time(self, postgresql_url: str) -> None:
        database = Database(StoreSettings(url=postgresql_url))
        upgrading = threading.Thread(target=database.upgrade)
        waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        with psycopg.connect(postgresql_url, autocommit=True) as other:
            other.execute("SELECT pg_advisory_lock(%s)", (_UPGRADE_LOCK,))
            upgrading.start()
            deadline_s = time.monotonic() + 10
            while other.execute(waits).fetchone() == (0,):
                assert upgrading.is_alive()
                assert time.monotonic() < deadline_s
                time.sleep(0.01)
            other.execute("SELECT pg_advisory_unlock(%s)", (_UPGRADE_LOCK,))
        upgrading.join(30)
        database.check()
        assert PriceStore(database).sources() == []
        database.close()

    def test_nobody_listens(self, tmp_path: Path) -> None:
        database = Database(StoreSettings(url=f"postgresql://desk:s3cret@/prices?host={tmp_path}"))
        with pytest.raises(StoreUnavailableError) as caught:
            database.check()
        assert "desk:***@" in str(caught.value)
        assert "s3cret" not in str(caught.value)
        database.close()

    def test_a_range_is_one_walk_of_the_index(self, postgresql_url: str) -> None:
        database = Database(StoreSettings(url=postgresql_url))
        database.upgrade()
        PriceStore(database).upsert("user", [rows("A", 0, 20_000), rows("B", 0, 20_000)])
        query = "EXPLAIN SELECT close FROM prices WHERE series_id = 1 AND time_ns BETWEEN 0 AND 864000000000000"
        with psycopg.connect(postgresql_url) as connection:
            connection.execute("ANALYZE")
            plan = "\n".join(line for (line,) in connection.execute(query))
        assert "prices_pkey" in plan
        database.close()


@pytest.mark.parametrize(
    "url", ["mysql://u:pw@h/d", "prices.db", "sqlite+foo", "oracle://x", "", "postgresql://h:port/x", "://"]
)
def test_urls_that_cannot_be(url: str) -> None:
    with pytest.raises(ConfigError, match=r"store\.url .*it must be sqlite:///file") as caught:
        Database(StoreSettings(url=url))
    assert "pw" not in str(caught.value)


def test_a_million_rows_in_reasonable_time(database: Database) -> None:
    """Guards against a row-by-row path, which takes minutes; the figures are the benchmark's."""
    store = PriceStore(database)
    count = 1_000_000
    given = SeriesRows("A", np.arange(count) * 60_000_000_000, np.round(np.random.default_rng(1).normal(size=count), 6))
    started = time.perf_counter()
    assert store.upsert("user", [given])[0].inserted == count
    stored = time.perf_counter()
    found = store.get(Selection.parse(["A"]))[0]
    read = time.perf_counter()
    assert found.close.tobytes() == (given.close + 0.0).tobytes()
    assert stored - started < 60
    assert read - stored < 20

import sqlite3
import subprocess
import threading
from pathlib import Path

import numpy as np
import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from riskwave.cli._app import app
from riskwave.config import ConfigError
from riskwave.config.settings import StoreSettings
from riskwave.server.market.backup import back_up
from riskwave.server.market.database import Database
from riskwave.server.market.dates import DAY_NS
from riskwave.server.market.errors import StoreUnavailableError
from riskwave.server.market.series import Selection, SeriesRows
from riskwave.server.market.store import PriceStore


def rows(symbol: str, count: int) -> SeriesRows:
    return SeriesRows(symbol, np.arange(count) * DAY_NS, np.arange(count) / 8 - 3)


def prices(url: str, symbol: str = "A") -> list[float]:
    database = Database(StoreSettings(url=SecretStr(url)))
    try:
        found: list[float] = PriceStore(database).get(Selection.parse([symbol]))[0].close.tolist()
        return found
    finally:
        database.close()


@pytest.fixture
def settings(tmp_path: Path) -> StoreSettings:
    made = StoreSettings(url=SecretStr(f"sqlite:///{tmp_path / 'store.sqlite3'}"))
    database = Database(made)
    database.upgrade()
    PriceStore(database).upsert("user", [rows("A", 1000)])
    database.close()
    return made


def test_a_copy_made_while_the_store_is_written_to_is_of_one_moment(settings: StoreSettings, tmp_path: Path) -> None:
    database, stop = Database(settings), threading.Event()
    store = PriceStore(database)

    def write() -> None:
        count = 0
        while not stop.is_set():
            count += 10
            store.upsert("user", [rows("B", count), rows("C", count)])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            target = tmp_path / f"copy{number}.sqlite3"
            assert back_up(settings, target) == target.stat().st_size > 10_000
    finally:
        stop.set()
        writer.join()
    database.close()
    for number in range(5):
        target = tmp_path / f"copy{number}.sqlite3"
        with sqlite3.connect(target) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            counts = "SELECT symbol, row_count, count(*) FROM series JOIN prices ON id = series_id GROUP BY id"
            found = {symbol: (told, there) for symbol, told, there in connection.execute(counts)}
        connection.close()
        assert found["A"] == (1000, 1000)
        assert found.get("B") == found.get("C")
        assert prices(f"sqlite:///{target}") == rows("A", 1000).close.tolist()
        assert target.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob("*.part"))


def test_a_file_that_is_there_is_never_overwritten(settings: StoreSettings, tmp_path: Path) -> None:
    target = tmp_path / "copy.sqlite3"
    target.write_text("precious")
    with pytest.raises(FileExistsError, match=r"copy\.sqlite3 exists already"):
        back_up(settings, target)
    assert target.read_text() == "precious"


@pytest.mark.parametrize("name", ["gone/copy.sqlite3", "no_store"])
def test_what_cannot_be_copied_leaves_nothing_behind(settings: StoreSettings, tmp_path: Path, name: str) -> None:
    if name == "no_store":
        settings = StoreSettings(url=SecretStr(f"sqlite:///{tmp_path / 'none.sqlite3'}"))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(StoreUnavailableError):
        back_up(settings, tmp_path / name)
    assert sorted(tmp_path.iterdir()) == before


def test_other_databases_have_their_own_tools(tmp_path: Path) -> None:
    settings = StoreSettings(url=SecretStr("postgresql://me:s3cret@host/prices"))
    with pytest.raises(ConfigError, match=r'pg_dump --file=.*"postgresql://me@host/prices"') as caught:
        back_up(settings, tmp_path / "copy.sql")
    assert "s3cret" not in str(caught.value)
    with pytest.raises(ConfigError, match="in memory only"):
        back_up(StoreSettings(url=SecretStr("sqlite://")), tmp_path / "copy.sqlite3")


def test_the_command(settings: StoreSettings, tmp_path: Path) -> None:
    target = tmp_path / "copy.sqlite3"
    arguments = ["backup", str(target), "--set", f"store.url={settings.url.get_secret_value()}"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert f"copy.sqlite3: {target.stat().st_size:,} bytes" in result.output
    again = CliRunner().invoke(app, arguments)
    assert again.exit_code == 73
    assert "exists already" in again.output


@pytest.mark.services
@pytest.mark.xdist_group("postgresql")
def test_a_dump_of_postgresql_brings_everything_back(postgresql_url: str, tmp_path: Path) -> None:
    database = Database(StoreSettings(url=SecretStr(postgresql_url)))
    database.upgrade()
    store = PriceStore(database)
    store.upsert("user", [rows("A", 1000)])
    store.upsert("v", [rows("A", 50)], keep_revised=True)
    store.upsert("v", [SeriesRows("A", np.arange(2) * DAY_NS, np.ones(2))], keep_revised=True)
    before, revisions = prices(postgresql_url), store.revisions(store.assets(source="v")[0])
    assert len(revisions) == 2
    with database.reading() as connection:
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar()
    database.close()
    url = make_url(postgresql_url)
    query = {name: value for name, value in url.query.items() if name == "host"}
    plain = url.set(drivername="postgresql", query=query).render_as_string(hide_password=False)
    dump = tmp_path / "prices.sql"
    subprocess.run(["pg_dump", f"--schema={schema}", f"--file={dump}", plain], check=True)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f'DROP SCHEMA "{schema}" CASCADE')  # type: ignore[call-overload]
    subprocess.run(
        ["psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={dump}", plain],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    assert prices(postgresql_url) == before
    database = Database(StoreSettings(url=SecretStr(postgresql_url)))
    store = PriceStore(database)
    assert store.revisions(store.assets(source="v")[0]) == revisions
    database.close()

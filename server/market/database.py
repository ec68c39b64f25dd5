"""Connections to SQLite or PostgreSQL, and their tables brought to this version."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy import create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import QueuePool

from riskwave.config.errors import ConfigError, Problem
from riskwave.config.show import hide_password
from riskwave.server.market.errors import StoreUnavailableError, StoreVersionError
from riskwave.server.market.write_ahead_log import use_write_ahead_log

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection, Engine

    from riskwave.config.settings import StoreSettings

SCHEMA_VERSION: Final = "0003"
_UPGRADE_LOCK: Final = 7_475_927  # any number that nobody else uses: PostgreSQL's advisory locks have no names
_CONNECT_TIMEOUT_S: Final = 10
# Alembic keeps its context in module globals.
_upgrading = threading.Lock()


class Database:
    """A pool of connections. Safe to use from many threads; each block has a transaction of its own.

    Parameters
    ----------
    settings
        The section ``store`` of the settings.

    Raises
    ------
    ConfigError
        The URL is not one of SQLite or PostgreSQL.

    Examples
    --------
    >>> from riskwave.config.settings import StoreSettings
    >>> database = Database(StoreSettings(url="sqlite://"))
    >>> database.upgrade()
    >>> database.kind, database.shown_url
    ('sqlite', 'sqlite://')
    >>> database.close()
    """

    def __init__(self, settings: StoreSettings) -> None:
        url = _checked_url(settings.url.get_secret_value())
        self.kind: Literal["sqlite", "postgresql"] = "sqlite" if url.get_backend_name() == "sqlite" else "postgresql"
        self.shown_url = hide_password(settings.url.get_secret_value())
        self.engine = _sqlite(url, settings) if self.kind == "sqlite" else _postgresql(url, settings)
        self._writer = self.engine.execution_options(riskwave_writes=True)
        self._reader = self.engine
        if self.kind == "postgresql":  # one snapshot for all statements of a block, as SQLite has it anyway
            self._reader = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection on which all statements see the same state."""
        with self._translated(), self._reader.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def writing(self, *, discard: bool = False) -> Iterator[Connection]:
        """Give a connection whose changes are stored together at the end, or not at all; `discard` undoes them."""
        with self._translated(), self._writer.connect() as connection, connection.begin() as transaction:
            yield connection
            if discard:
                transaction.rollback()

    def upgrade(self) -> None:
        """Make the tables, or bring older ones to this version. Several processes may do so at once.

        Raises
        ------
        StoreVersionError
            The database was made by a newer version; nothing was changed.
        """
        with self.reading() as connection:
            if _version(connection) == SCHEMA_VERSION:
                return
        with self.writing() as connection, _upgrading:
            if self.kind == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
            found = _version(connection)
            if found == SCHEMA_VERSION:
                return
            _run_migrations(connection, found)

    def check(self) -> None:
        """Do nothing when the database answers; StoreUnavailableError says why it does not."""
        with self.reading() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Say what is wrong with the database in our own words; defects keep their type."""
        try:
            yield
        except PoolTimeoutError as error:
            raise StoreUnavailableError("the store has no connection free; all are in use") from error
        except (OperationalError, InterfaceError) as error:
            raise StoreUnavailableError(f"the store {self.shown_url} does not work: {_cause(error)}") from error
        except DBAPIError as error:
            # A plain DatabaseError is SQLite's for a damaged file; its subclasses are about our statements.
            if type(error) is not DatabaseError and not error.connection_invalidated:
                raise
            raise StoreUnavailableError(f"the store {self.shown_url} does not work: {_cause(error)}") from error


def _checked_url(given: str) -> URL:
    right = "sqlite:///file, sqlite:// or postgresql://user:password@host/database"
    try:
        url = make_url(given)
        driver = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
        url = url.set(drivername=driver[url.drivername.partition("+")[0]])
        url.get_dialect()
    except (ArgumentError, KeyError, NoSuchModuleError, ValueError):
        shown = hide_password(given) if "://" in given else "(hidden)"
        raise ConfigError(Problem("store.url", f"was {shown}; it must be {right}")) from None
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        directory = Path(url.database).parent
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"was {given}, whose folder cannot be made: {error.strerror or error}"
            raise ConfigError(Problem("store.url", message)) from error
    return url


def _sqlite(url: URL, settings: StoreSettings) -> Engine:
    in_memory = not url.database or url.database == ":memory:"
    # One connection is the whole database in memory: it is shared, one thread at a time, and never closed.
    size = 1 if in_memory else settings.pool_size
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=settings.pool_timeout_s,
        connect_args={"timeout": settings.busy_timeout_s, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins no transactions of its own; `begin` below does
        cursor = connection.cursor()
        if not in_memory:
            use_write_ahead_log(connection, settings.busy_timeout_s)
        cursor.execute("PRAGMA synchronous=FULL")  # what was said to be stored survives a power failure
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA cache_size=-32000")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer that begins as a reader could find the database changed and fail at once instead of waiting.
        writes = connection.get_execution_options().get("riskwave_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL, settings: StoreSettings) -> Engine:
    return create_engine(
        url,
        poolclass=QueuePool,
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=settings.pool_timeout_s,
        pool_pre_ping=True,  # a restarted database costs a reconnection, not an error
        connect_args={"connect_timeout": _CONNECT_TIMEOUT_S, "application_name": "riskwave"},
    )


def _cause(error: DBAPIError) -> str:
    """Return the driver's first line; the statement and its values stay out."""
    lines = str(error.orig).strip().splitlines()
    return hide_password(lines[0]) if lines else type(error).__name__


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _run_migrations(connection: Connection, found: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "riskwave.server.market:migrations")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise StoreVersionError(
            f"the store has tables of version {found}, this riskwave knows up to {SCHEMA_VERSION}; "
            "use the newer riskwave that made them, or another store.url"
        )
    config.attributes["connection"] = connection
    command.upgrade(config, SCHEMA_VERSION)

"""Tells in microseconds whether anything was stored since it was asked last, where the database can say so."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from riskwave.server.market.database import Database


class ChangeMark:
    """A number that changes with every commit of anybody to an SQLite file. For one thread.

    It is SQLite's own `data_version`, asked on a connection that never writes; other databases, and one in memory, have
    none, and their readers ask a query.

    Parameters
    ----------
    database
        The store's.

    Examples
    --------
    >>> from riskwave.config.settings import StoreSettings
    >>> from riskwave.server.market.database import Database
    >>> ChangeMark(Database(StoreSettings(url="sqlite://"))).read() is None
    True
    """

    def __init__(self, database: Database) -> None:
        path = database.engine.url.database
        usable = database.kind == "sqlite" and path not in {None, "", ":memory:"}
        self._path = path if usable else None
        self._connection: sqlite3.Connection | None = None

    def read(self) -> int | None:
        """Return the number; None when it is not to be had."""
        if self._path is None:
            return None
        try:
            if self._connection is None:
                address = f"file:{quote(self._path)}?mode=ro"
                # Whatever holds it up, the query that follows waits for it in a thread.
                self._connection = sqlite3.connect(address, uri=True, timeout=0.0, isolation_level=None)
            found: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error:
            self.close()
            return None
        return found

    def close(self) -> None:
        """Close the connection; the next `read` makes another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

"""SQLite's write-ahead log: readers do not wait for the writer, nor he for them."""

from __future__ import annotations

import sqlite3
import time


def use_write_ahead_log(connection: sqlite3.Connection, timeout_s: float) -> None:
    """Switch a database to its write-ahead log, waiting for others who do the same.

    SQLite does not keep its own busy timeout for this switch: of several processes that open a new file together, all
    but one are told at once that it is locked.
    """
    deadline_s = time.monotonic() + timeout_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() >= deadline_s:
                raise
            time.sleep(0.005)
        else:
            return

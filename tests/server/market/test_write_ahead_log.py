"""Several processes may open a new database at once."""

import sqlite3
import threading
import time

import pytest

from riskwave.server.market.write_ahead_log import use_write_ahead_log


def test_the_switch_waits_for_a_writer(tmp_path):
    path = tmp_path / "new.sqlite3"
    writer = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    writer.execute("CREATE TABLE t (x)")
    writer.execute("BEGIN EXCLUSIVE")
    threading.Timer(0.2, writer.execute, ("COMMIT",)).start()
    other = sqlite3.connect(path, timeout=0.0, isolation_level=None)
    begin = time.monotonic()
    use_write_ahead_log(other, timeout_s=20.0)
    assert time.monotonic() - begin > 0.1
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    other.close()
    writer.close()


def test_a_writer_that_never_ends_is_told(tmp_path):
    path = tmp_path / "new.sqlite3"
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("CREATE TABLE t (x)")
    writer.execute("BEGIN EXCLUSIVE")
    other = sqlite3.connect(path, timeout=0.0, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        use_write_ahead_log(other, timeout_s=0.05)
    other.close()
    writer.close()

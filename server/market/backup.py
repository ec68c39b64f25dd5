"""A copy of the store in one file, made while it is in use."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import URL, make_url

from riskwave.config.errors import ConfigError, Problem
from riskwave.config.show import hide_password
from riskwave.server.market.errors import StoreUnavailableError

if TYPE_CHECKING:
    from riskwave.config.settings import StoreSettings


def back_up(settings: StoreSettings, target: Path) -> int:
    """Copy an SQLite store into one file; readers and writers go on meanwhile, and the copy is of one moment.

    The file is complete or not there at all, and belongs to its owner alone. To restore it, name it in ``store.url``,
    or put it in the store's place while no server runs.

    Parameters
    ----------
    settings
        Their ``url`` says where the store is.
    target
        The new file.

    Returns
    -------
    int
        Its size in bytes.

    Raises
    ------
    ConfigError
        The store is no SQLite file, for which the message says what to do instead.
    FileExistsError
        There is such a file already; nothing was changed.
    StoreUnavailableError
        The store cannot be read or the copy not be written.
    """
    given = settings.url.get_secret_value()
    url = make_url(given)
    if url.get_backend_name() != "sqlite":
        # pg_dump finds the password in PGPASSWORD or ~/.pgpass: it has no place in a message or a list of processes.
        address = URL.create("postgresql", url.username, None, url.host, url.port, url.database).render_as_string()
        raise ConfigError(Problem("store.url", f'is PostgreSQL; use pg_dump --file={target} "{address}"'))
    if not url.database or url.database == ":memory:":
        raise ConfigError(Problem("store.url", f"was {hide_password(given)}, which is in memory only"))
    source = Path(url.database)
    if not source.is_file():
        raise StoreUnavailableError(f"there is no store at {source}")
    if target.exists():
        raise FileExistsError(f"{target} exists already")
    part = target.with_name(f"{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        reader = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=settings.busy_timeout_s)
        with contextlib.closing(reader):
            reader.execute("VACUUM INTO ?", (str(part),))
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.rename(target)
    except (sqlite3.Error, OSError) as error:
        part.unlink(missing_ok=True)
        raise StoreUnavailableError(f"{source} could not be copied to {target}: {error}") from error
    return target.stat().st_size

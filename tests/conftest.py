"""Real parts for the tests: each is private, started when first asked for and stopped at the end.

Fixtures here are for several folders; what one folder needs stands in its own conftest.py.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest


class PrivatePostgreSQL:
    """A PostgreSQL of our own in a temporary directory, reachable by its socket only."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
        assert found, "PostgreSQL is missing: requirements/debian-packages installs it"
        self._programs = found[-1].parent
        self.directory = Path(tempfile.mkdtemp(prefix="riskwave-pg-", dir="/tmp"))
        self._numbers = count(1)
        # PostgreSQL refuses to run as root: Debian's package brings a user for it.
        self._as: dict[str, str] = {}
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.directory, owner.pw_uid, owner.pw_gid)
            self._as = {"user": "postgres", "group": "postgres"}
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        data = self.directory / "data"
        options = ["--auth=trust", "--username=riskwave", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(
            [self._programs / "initdb", "--pgdata", data, *options],
            check=True,
            capture_output=True,
            cwd="/",
            extra_groups=[] if self._as else None,
            **self._as,
        )
        settings = {"listen_addresses": "", "unix_socket_directories": self.directory, "fsync": "off"}
        log = (self.directory / "log").open("wb")
        # setpriv: it dies with us, also when we are killed.
        self._server = subprocess.Popen(
            ["setpriv", "--pdeathsig", "QUIT", self._programs / "postgres", "-D", data]
            + [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")],
            stdout=log,
            stderr=log,
            cwd="/",
            extra_groups=[] if self._as else None,
            **self._as,
        )
        log.close()
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, (self.directory / "log").read_text()
                assert self._server.poll() is None, (self.directory / "log").read_text()
                time.sleep(0.05)
            else:
                return

    def url(self, database: str) -> str:
        return f"postgresql://riskwave@/{database}?host={self.directory}"

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def stop(self) -> None:
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            try:
                self._server.wait(15)
            except subprocess.TimeoutExpired:
                self._server.send_signal(signal.SIGQUIT)
                self._server.wait(15)
        shutil.rmtree(self.directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PrivatePostgreSQL]:
    server = PrivatePostgreSQL()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def postgresql_url(postgresql: PrivatePostgreSQL) -> str:
    """An empty PostgreSQL database; mark tests that use it with `services`."""
    return postgresql.new_database()


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=[pytest.mark.services, pytest.mark.xdist_group("postgresql")]),
    ]
)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind in turn: the same test runs against both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite3'}"
    url: str = request.getfixturevalue("postgresql_url")
    return url

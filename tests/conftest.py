"""Real parts for the tests: each is private, started when first asked for and stopped at the end.

Fixtures here are for several folders; what one folder needs stands in its own conftest.py.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from own_process import OwnProcess, environment

import riskwave
from riskwave.server.kernel_cache import prepare_kernel_cache

# Before anything imports Numba: compiled once for all test processes, and anew whenever a kernel's source changes.
prepare_kernel_cache(Path(__file__).parents[1] / "build" / "kernels")


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

    def new_schema(self) -> str:
        """Make an empty schema and return a URL under which it is all that there is: much cheaper than a database."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return f"{self.url('postgres')}&options=-csearch_path%3D{name}"

    def stop(self) -> None:
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)  # at once: nothing in it is kept
            self._server.wait(30)
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
    """An empty PostgreSQL schema as if it were a database; mark tests that use it with `services`."""
    return postgresql.new_schema()


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


class ServerProcess(OwnProcess):
    """``python -m riskwave.server`` with data of its own: profile test, a free port, no cluster."""

    def __init__(self, directory: Path, *settings: str, port: int = 0) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            self.port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        variables = environment(
            RISKWAVE_STORE__URL=f"sqlite:///{directory / 'store.sqlite3'}",
            RISKWAVE_LOGGING__DIRECTORY=str(directory / "logs"),
        )
        arguments = [f"--port={self.port}", "--profile=test", *(f"--set={one}" for one in ("dask.mode=off", *settings))]
        super().__init__(directory, "server.log", [sys.executable, "-m", "riskwave.server", *arguments], variables)

    def wait_until_serving(self, timeout_s: float = 400.0) -> None:
        """Wait for the kernels: minutes where nothing was ever compiled, seconds after that."""
        with riskwave.connect(self.address) as client:

            def serving() -> bool:
                with contextlib.suppress(riskwave.UnavailableError):
                    return client.server.health() == "serving"
                return False

            self.wait_until(serving, timeout_s)


@pytest.fixture(scope="session")
def server_class() -> type[ServerProcess]:
    """Make servers of a test's own, and stop them."""
    return ServerProcess


@pytest.fixture(scope="session")
def server_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A whole server with the sample prices, one for all tests of a worker."""
    server = ServerProcess(tmp_path_factory.mktemp("server"))
    try:
        server.wait_until_serving()
        yield server
    finally:
        server.stop()

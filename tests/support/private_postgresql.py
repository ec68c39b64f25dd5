"""A PostgreSQL of our own, for the time of a test run or a benchmark."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path

import psycopg


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

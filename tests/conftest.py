"""Real parts for the tests: each is private, started when first asked for and stopped at the end.

Fixtures here are for several folders; what one folder needs stands in its own conftest.py.
"""

import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from own_process import OwnProcess, environment
from private_postgresql import PrivatePostgreSQL

import riskwave
from riskwave.server.kernel_cache import prepare_kernel_cache

# Before anything imports Numba: compiled once for all test processes, and anew whenever a kernel's source changes.
prepare_kernel_cache(Path(__file__).parents[1] / "build" / "kernels")

# The same examples every time, and no limit on a single one: what runs beside a test is not its fault.
hypothesis.settings.register_profile("riskwave", derandomize=True, deadline=None)
hypothesis.settings.load_profile("riskwave")

# What a shell starts in the background ignores Ctrl-C, and so does all that it starts: tests send it to real processes.
if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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

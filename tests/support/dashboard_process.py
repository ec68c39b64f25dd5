"""A dashboard that a test starts and stops; importable by every test (``pythonpath`` in pyproject.toml)."""

import contextlib
import socket
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from own_process import OwnProcess, environment


class DashboardProcess(OwnProcess):
    """``python -m riskwave.dashboard`` on a free port, beside a server."""

    def __init__(self, directory: Path, server_address: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        variables = environment(RISKWAVE_LOGGING__DIRECTORY=str(directory / "logs"))
        options = [f"--port={port}", "--profile=test", f"--server={server_address}"]
        super().__init__(directory, "dashboard.log", [sys.executable, "-m", "riskwave.dashboard", *options], variables)

    def wait_until_up(self, timeout_s: float = 60.0) -> None:
        """Wait until it answers."""

        def up() -> bool:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
                return answer.status == 200
            return False

        self.wait_until(up, timeout_s)


def run_dashboard(directory: Path, server_address: str) -> Iterator[DashboardProcess]:
    """Yield a dashboard that is up, and stop it."""
    dashboard = DashboardProcess(directory, server_address)
    try:
        dashboard.wait_until_up()
        yield dashboard
    finally:
        dashboard.stop()

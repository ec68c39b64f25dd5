"""A program that a test starts, watches and stops; importable by every test (``pythonpath`` in pyproject.toml)."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path


def environment(**settings: str) -> dict[str, str]:
    """Return ours without riskwave's variables, which would be settings of the program, and with those given."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RISKWAVE_")} | settings


class OwnProcess:
    """Runs in `directory`; what it writes is in the file `log` there."""

    def __init__(
        self, directory: Path, log_name: str, command: Sequence[str | Path], variables: dict[str, str]
    ) -> None:
        self.log = directory / log_name
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=directory, env=variables, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )

    def wait_until(self, answers: Callable[[], bool], timeout_s: float) -> None:
        """Ask again and again; its end before that, or none in time, fails with what it wrote."""
        deadline = time.monotonic() + timeout_s
        while not answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def interrupt(self, timeout_s: float = 40.0) -> int:
        """End it as Ctrl-C does and return its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout_s)

    def stop(self, timeout_s: float = 20.0) -> None:
        """End it, if need be by force."""
        self.process.terminate()
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)

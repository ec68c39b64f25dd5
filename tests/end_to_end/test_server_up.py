"""``riskwave up``: both processes, their addresses, and an end without leftovers."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from riskwave.server.up import server_answers

ADDRESS = re.compile(r"(server|dashboard)\s+(?:http://)?(127\.0\.0\.1:\d+)")


class Up:
    """The running command, and the lines that it has written."""

    def __init__(self, folder: Path) -> None:
        environment = os.environ | {"RISKWAVE_PROFILE": "test", "RISKWAVE_LOGGING__DIRECTORY": str(folder)}
        command = [
            sys.executable,
            "-c",
            "from riskwave.cli import main; main()",
            "up",
            "--set",
            "server.grace_period_s=2",
        ]
        self.process = subprocess.Popen(
            command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        self.lines: list[str] = []
        self.errors: list[str] = []
        streams = ((self.process.stdout, self.lines), (self.process.stderr, self.errors))
        self._readers = [threading.Thread(target=self._read, args=pair) for pair in streams]
        for reader in self._readers:
            reader.start()

    def _read(self, stream, lines: list[str]) -> None:
        with stream:
            for line in stream:
                lines.append(line)  # noqa: PERF402 - each is to be seen as it comes

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(30)
        for reader in self._readers:
            reader.join(30)

    def addresses(self) -> dict[str, str]:
        end = time.monotonic() + 170
        while not any("Ctrl-C" in line for line in self.lines):
            assert time.monotonic() < end, self.errors
            assert self.process.poll() is None, self.errors
            time.sleep(0.2)
        return dict(ADDRESS.findall("".join(self.lines)))

    def children(self) -> list[int]:
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split()]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    running = Up(tmp_path)
    yield running
    running.stop()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.timeout(240)
def test_both_answer_and_ctrl_c_ends_both(up: Up) -> None:
    addresses = up.addresses()
    assert server_answers(addresses["server"])
    with urllib.request.urlopen(f"http://{addresses['dashboard']}/healthz", timeout=10) as answer:
        assert answer.status == 200
    assert any("riskwave risk analyze" in line for line in up.lines)
    children = up.children()
    assert len(children) == 2
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(30) == 0
    assert not any(alive(pid) for pid in children)


@pytest.mark.timeout(240)
def test_when_one_dies_the_other_is_stopped_and_it_is_told(up: Up) -> None:
    up.addresses()
    server, dashboard = sorted(up.children())
    os.kill(server, signal.SIGKILL)
    assert up.process.wait(30) != 0
    assert any("the server ended with exit code -9" in line for line in up.errors)
    assert not alive(dashboard)


def test_a_taken_port_is_told_before_anything_starts() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-c", "from riskwave.cli import main; main()", "up", "--set", f"server.port={port}"],
            env=os.environ | {"RISKWAVE_PROFILE": "test"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 78
    assert f"server.port was {port}, on which something listens already" in done.stderr


def test_a_server_on_a_taken_port_says_so_and_nothing_else() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-c", "from riskwave.cli import main; main()", "serve", f"--port={port}"],
            env=os.environ | {"RISKWAVE_PROFILE": "test"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 78
    assert f"server.port was {port}, on which nothing can listen at 127.0.0.1; it may be in use" in done.stderr
    assert "add_port" not in done.stderr

"""What ``make demo`` starts, on an empty home: server, cluster and dashboard in the development profile."""

import contextlib
import re
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from own_process import OwnProcess, environment

import riskwave as rw

PROGRAM = Path(sys.executable).with_name("riskwave")
ADDRESS = re.compile(r"^(server|dashboard)\s+(?:http://)?(127\.0\.0\.1:\d+)$", re.MULTILINE)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
PLACES = {"XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config", "XDG_STATE_HOME": "state", "XDG_CACHE_HOME": "cache"}


class Demo(OwnProcess):
    """``riskwave up`` as it stands but for the ports, which are free ones."""

    def __init__(self, home: Path, log_name: str) -> None:
        variables = environment(HOME=str(home), **{name: str(home / folder) for name, folder in PLACES.items()})
        options = ["--profile", "development", "--set", "server.port=0", "--set", "dashboard.port=0"]
        super().__init__(home, log_name, [PROGRAM, "up", *options], variables)

    def output(self) -> str:
        return COLOUR.sub("", self.log.read_text())

    def addresses(self) -> dict[str, str]:
        """Wait until it says that both are up; where nothing was ever compiled that takes minutes."""
        self.wait_until(lambda: "Ctrl-C" in self.output(), 200)
        return dict(ADDRESS.findall(self.output()))


@contextlib.contextmanager
def demo(home: Path, log_name: str) -> Iterator[Demo]:
    running = Demo(home, log_name)
    try:
        yield running
    finally:
        # It needs longer than its children's grace period, or it could not end them.
        running.stop(60)


def status(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return int(answer.status)


@pytest.mark.services
@pytest.mark.xdist_group("demo")
@pytest.mark.timeout(600)
def test_the_demo_is_whole_and_starts_again(tmp_path: Path) -> None:
    with demo(tmp_path, "first.log") as running:
        addresses = running.addresses()
        assert set(addresses) == {"server", "dashboard"}
        with rw.connect(addresses["server"]) as client:
            running.wait_until(lambda: client.server.info().cluster_worker_count >= 1, 60)
            info = client.server.info()
            assert info.profile == "development"
            assert not info.degraded
            case = {"mean": 0.0005, "volatility": 0.01, "paths": 1_000_000, "horizon": 252, "seed": 7}
            by_itself = client.simulation.run(**case)
            on_server = client.simulation.run(**case, placement="server")
            assert (by_itself.meta.placement, on_server.meta.placement) == ("cluster", "server")
            assert by_itself.meta.digest == on_server.meta.digest
            report = client.risk.analyze(weights={"WTI": 0.6, "BRENT": 0.4}, start="2021-01-01")
        for page in ("healthz", "readyz", "", "markets", "portfolio", "simulation"):
            assert status(f"http://{addresses['dashboard']}/{page}") == 200, page
        assert running.interrupt() == 0
        assert "samples_loaded=True" in running.output()

    with demo(tmp_path, "second.log") as running:
        with rw.connect(running.addresses()["server"]) as client:
            again = client.risk.analyze(weights={"WTI": 0.6, "BRENT": 0.4}, start="2021-01-01")
        assert again.meta.digest == report.meta.digest
        assert running.interrupt() == 0
        assert "samples_loaded=False" in running.output()

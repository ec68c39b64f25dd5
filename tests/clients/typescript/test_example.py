"""The TypeScript stubs are those of the contract, compile, and get the numbers that the Python client gets."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import riskwave

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "clients" / "typescript"

pytestmark = [pytest.mark.services, pytest.mark.timeout(600), pytest.mark.xdist_group("typescript")]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with its packages installed, the stubs generated anew and the example compiled."""
    folder = tmp_path_factory.mktemp("typescript") / "clients" / "typescript"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("node_modules", "dist", "gen"))
    made = subprocess.run(
        ["make", "--no-print-directory", "contract"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stdout + made.stderr
    shutil.copytree(ROOT / "build" / "contract", folder.parents[1] / "build" / "contract")
    # buf comes with the environment that runs the tests.
    paths = {"PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))}
    for command in (["npm", "ci"], ["npm", "run", "generate"], ["npm", "run", "build"]):
        done = subprocess.run(
            [*command, "--silent"], cwd=folder, env=os.environ | paths, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_stubs_are_fresh(built: Path) -> None:
    def texts(folder: Path) -> dict[str, str]:
        return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.ts")}

    assert texts(built / "src" / "gen") == texts(FOLDER / "src" / "gen"), "run make typescript"


def test_the_lock_file_names_no_host() -> None:
    assert "://" not in (FOLDER / "package-lock.json").read_text()


def test_numbers_equal_the_python_client(built: Path, server_process: Any) -> None:
    done = subprocess.run(
        ["node", "dist/example.js", server_process.address], cwd=built, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    with riskwave.connect(server_process.address) as client:
        rsi = client.indicators.compute("RSI", symbols=["WTI"], start="2024-01-01", end="2024-12-31", timeperiod=14)
        run = client.simulation.run(
            model="normal", paths=10_000, horizon=252, seed=7, mean=[0.0005], cov=[[0.0001]], weights=[1.0]
        )
    assert answer["rsi"]["digest"] == rsi.meta.digest
    assert answer["simulation"]["digest"] == run.meta.digest
    assert answer["refused"].startswith("InvalidArgument: ")
    assert "RSI" in answer["refused"]

"""The committed stubs are those that the contract generates, and the contract says what design asks of it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from riskwave import v1

ROOT = Path(__file__).parents[2]
COMMITTED = Path(v1.__path__[0])


@pytest.mark.timeout(300)
def test_stubs_are_fresh(tmp_path: Path) -> None:
    made = subprocess.run(
        ["make", "--no-print-directory", "proto", f"OUT={tmp_path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    fresh = {path.name: path.read_bytes() for path in (tmp_path / "riskwave" / "v1").iterdir()}
    committed = {path.name: path.read_bytes() for path in COMMITTED.glob("*_pb2*")}
    assert fresh.keys() == committed.keys(), "run make proto"
    assert [name for name in fresh if fresh[name] != committed[name]] == [], "run make proto"


def test_generators_are_the_locked_ones() -> None:
    assert shutil.which("make")
    text = (COMMITTED / "system_service_pb2_grpc.py").read_text()
    assert "GRPC_GENERATED_VERSION = '1.78.0'" in text

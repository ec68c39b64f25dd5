"""The README's examples run as they stand; only the address of the server is the test's."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def run(command: list[str], address: str, folder: Path) -> str:
    environment = os.environ | {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "RISKWAVE_ADDRESS": address,
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip()
    return done.stdout


@pytest.mark.timeout(600)
@pytest.mark.parametrize("line", [line for block in blocks("sh") for line in block.splitlines()])
def test_commands(line: str, server_process: Any, tmp_path: Path) -> None:
    if "--portfolio oil" in line:
        run(["riskwave", "portfolio", "put", "oil", "--weights", "WTI=0.6,BRENT=0.4"], server_process.address, tmp_path)
    run(line.split(), server_process.address, tmp_path)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("code", blocks("python"))
def test_programs(code: str, server_process: Any, tmp_path: Path) -> None:
    run(
        [sys.executable, "-c", code.replace("localhost:50051", server_process.address)],
        server_process.address,
        tmp_path,
    )


def test_pictures_exist() -> None:
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert pictures
    assert [name for name in pictures if not (ROOT / name).is_file()] == []


def test_both_languages_have_examples() -> None:
    assert blocks("sh")
    assert len(blocks("python")) == 3

"""The rules of the house that a reader would otherwise have to remember."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FOLDERS = {"compute", "server", "dashboard", "config"}
FILE_LINES_MAX = 450
FUNCTION_LINES_MAX = 70


def committed(*patterns: str) -> list[Path]:
    """Files that git tracks and that exist, generated stubs left out."""
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines() if "_pb2" not in name and (ROOT / name).is_file()]


SOURCES = [path for path in committed("*.py") if path.relative_to(ROOT).parts[0] not in {"tests", "benchmarks"}]


def test_every_package_on_disk_is_declared() -> None:
    found = {"riskwave", "riskwave.v1"}
    for top in FOLDERS | {"clients/python"}:
        for init in (ROOT / top).rglob("__init__.py"):
            parts = init.parent.relative_to(ROOT).parts
            found.add(".".join(("riskwave", *(parts[2:] if top == "clients/python" else parts))))
    assert found == set(PROJECT["tool"]["setuptools"]["packages"])


def test_no_folder_is_imported_by_its_bare_name() -> None:
    assert not (FOLDERS | {"proto", "clients"}) & {name for name in sys.modules if not name.startswith("riskwave")}
    assert not (ROOT / "conftest.py").exists()


def test_every_dependency_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    block = text[text.index("dependencies = [") : text.index("[project.scripts]")]
    bare = [line for line in block.splitlines() if re.match(r'\s+"[A-Za-z]', line) and "#" not in line]
    assert [line for line in bare if "riskwave[" not in line] == []


def test_every_lint_exception_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    block = text[text.index("[tool.ruff.lint]") : text.index("[tool.mypy]")]
    rules = [line for line in block.splitlines() if re.match(r'\s+"[A-Z]+\d*",', line)]
    assert rules
    assert [line for line in rules if "#" not in line] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_rooms_stay_small(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= FILE_LINES_MAX, "split it: what is added most often is a short module"
    long = {
        node.name: node.end_lineno - node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno > FUNCTION_LINES_MAX
    }
    assert long == {}


def test_nothing_unfinished_is_committed() -> None:
    pattern = re.compile("TO" + "DO|FIX" + "ME|XX" + "X|NotImplemented" + "Error")
    found = [str(path.relative_to(ROOT)) for path in SOURCES if pattern.search(path.read_text())]
    assert [name for name in found if "NotImplementedBy" not in (ROOT / name).read_text()] == []


def test_no_registry_host_is_named() -> None:
    hosts = re.compile(
        "py" + r"pi\.org|files\.python" + "hosted|registry\\.np" + "mjs|deb\\.deb" + "ian|proxy\\.go" + "lang"
    )
    text_files = [path for path in committed() if path.suffix not in {".png", ".gz", ".binpb", ".ico", ".parquet"}]
    assert [str(path.relative_to(ROOT)) for path in text_files if hosts.search(path.read_text(errors="replace"))] == []


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports, wherever in it, with what is imported from it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", committed("clients/python/*.py"), ids=lambda path: path.name)
def test_the_client_installs_alone(path: Path) -> None:
    """The package riskwave holds the other parts too, so import-linter cannot name the client's own modules at once."""
    parts = re.compile(r"(riskwave\.(compute|server|dashboard|config)|numba|dask|distributed)(\.|$)")
    assert {name for name in imports_of(path) if parts.match(name)} == set()


def test_the_map_names_what_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    places = text[text.index("## Where things are") : text.index("Folders map to import names")]
    top = ""
    for line in places.splitlines():
        if entry := re.match(r"(    |      )([a-z][\w./]*)(  |$)", line):
            top = entry[2] if entry[1] == "    " else top
            name = entry[2] if entry[1] == "    " else top + entry[2]
            assert (ROOT / name).exists(), line
        for inner in re.findall(r"\b([a-z_]+/)(?= has| are| the)", line):
            assert list((ROOT / top).rglob(inner.strip("/"))), line
    assert top


def test_import_directions() -> None:
    """Dashboard to client to contract; server to compute, contract and config; compute to nothing of ours."""
    subprocess.run(["make", "--no-print-directory", "ns"], cwd=ROOT, check=True, capture_output=True)
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--config", "pyproject.toml", "--no-cache"],
        cwd=ROOT,
        env={"PYTHONPATH": "build/ns", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr

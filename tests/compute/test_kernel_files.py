"""Where compiled kernels lie: apart by what they are made of, and whole when several processes write."""

from __future__ import annotations

import fcntl
import shutil
import threading
from pathlib import Path

import pytest

import riskwave.compute
from riskwave.compute import kernel_files
from riskwave.compute.jit import kernel
from riskwave.compute.kernel_files import family_name, source_files
from riskwave.compute.risk._rolling_kernels import rolling_sum

COMPUTE = Path(riskwave.compute.__file__).parent
FAMILIES = ("oscillators", "risk", "montecarlo")


def double(x):
    return 2.0 * x


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(COMPUTE, tmp_path / "compute", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "compute"


def names(root: Path) -> dict[str, str]:
    family_name.cache_clear()
    return {family: family_name(family, root) for family in FAMILIES}


@pytest.mark.parametrize(
    ("edited", "changed"),
    [
        ("oscillators/_kernels.py", {"oscillators"}),
        ("montecarlo/pricing/payoffs/asian.py", {"montecarlo"}),
        ("risk/measures/sharpe_ratio.py", {"risk"}),
        ("risk/inputs.py", {"risk", "montecarlo"}),  # the simulations import it
        ("jit.py", set(FAMILIES)),
        ("kernel_files.py", set(FAMILIES)),
    ],
)
def test_an_edit_moves_the_families_that_are_made_of_it(copy, edited, changed):
    before = names(copy)
    with (copy / edited).open("a") as file:
        file.write("\n# another comment\n")
    after = names(copy)
    assert {family for family in FAMILIES if before[family] != after[family]} == changed


def test_every_import_inside_the_package_is_followed():
    for family in FAMILIES:
        files = set(source_files(family))
        assert files >= set((COMPUTE / family).rglob("*.py"))
        assert {COMPUTE / "jit.py", COMPUTE / "kernel_files.py"} <= files


def test_the_folder_is_that_of_the_family():
    folder = Path(rolling_sum._cache.cache_path)
    assert folder.parent.name == family_name("risk")


def test_a_process_that_saves_waits_for_another(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel_files.config, "CACHE_DIR", str(tmp_path))
    compiled = kernel()(double)
    (folder,) = tmp_path.iterdir()
    with (folder / ".lock").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        caller = threading.Thread(target=compiled, args=(1.0,))
        caller.start()
        caller.join(1.0)
        assert not list(folder.glob("*.nbi"))
    caller.join(30.0)
    assert len(list(folder.glob("*.nbi"))) == 1


def test_what_was_compiled_is_found_again(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel_files.config, "CACHE_DIR", str(tmp_path))
    first, second = kernel()(double), kernel()(double)
    assert first(1.5) == second(1.5) == 3.0
    assert sum(second.stats.cache_hits.values()) == 1
    assert not second.stats.cache_misses

"""Every comparison with somebody else's numbers keeps its tolerance, and the page in docs/ says what they are."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import oscillator_oracles as oracles
import pytest

ROOT = Path(__file__).parents[3]
SHARED = oracles.VECTORS.is_dir()


@pytest.fixture(scope="module")
def comparisons():
    """Return all that can be computed here: the numbers beside the project are only where it is developed."""
    return list(oracles.comparisons(shared=SHARED))


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("conformance", ROOT / "docs/conformance.py")
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    assert spec.loader is not None
    spec.loader.exec_module(module)
    return module


def test_every_comparison_keeps_its_tolerance(comparisons) -> None:
    beyond = [one for one in comparisons if not one.error <= one.tolerance or not one.values]
    assert not beyond


def test_the_page_is_what_the_script_writes(comparisons, script) -> None:
    text = (ROOT / "docs/conformance.md").read_text(encoding="utf-8")
    assert text.startswith(script.HEAD)
    lines = text.removeprefix(script.HEAD).splitlines()
    here = set(map(script.row, comparisons))
    assert here <= set(lines)
    beside = {script.SHORT[oracle] for oracle in (oracles.ACHELIS, oracles.STOCK_INDICATORS)}
    assert {line.split("|")[3].strip() for line in set(lines) - here} <= (set() if SHARED else beside)


def test_every_oscillator_is_compared_with_somebody_under_every_convention() -> None:
    text = (ROOT / "docs/conformance.md").read_text(encoding="utf-8")
    missing = {
        f"{entry.name} {convention}"
        for entry in oracles.OSCILLATORS
        for convention in ("talib", *entry.conventions)
        if f"| {entry.name} | {convention} |" not in text
    }
    assert not missing

"""Series on which a formula divides by zero have the value that its documentation states: TA-Lib's, where known."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from talib import abstract

from riskwave.compute.oscillators import OSCILLATORS, compute

BARS = 300
FIELDS = ("open", "high", "low", "close", "volume")


def constant(price, volume=7.3):
    return {field: np.full(BARS, volume if field == "volume" else price) for field in FIELDS}


def rising(high=0.0, low=0.0):
    line = np.arange(1.0, BARS + 1)
    return {"open": line, "high": line + high, "low": line - low, "close": line, "volume": line}


SERIES = {
    "flat 100": constant(100.0),
    "flat 100.1": constant(100.1),
    "flat 1e-9": constant(1e-9),
    "flat 1e12": constant(1e12),
    "all zero": constant(0.0, 0.0),
    "rising without ranges": rising(),
    "rising": rising(1.0, 1.0),
    "ranges around one price": constant(100.1) | {"high": np.full(BARS, 101.1), "low": np.full(BARS, 99.1)},
}

# What the flat series gives for those that TA-Lib lacks, if it is not 0.
FLAT = {"CG": -5.5, "IFISHER": np.tanh(-5.0)}


def assert_equal_to_talib(entry, bars):
    inputs = {name: bars[name] for name in entry.inputs}
    function = abstract.Function(entry.peer)
    keywords = {"price": entry.inputs[0]} if len(entry.inputs) == 1 and "price" in function.input_names else {}
    peer = function(bars, **keywords)
    peer = peer if isinstance(peer, list) else [peer]
    for (label, ours), expected in zip(compute(entry.name, inputs).outputs.items(), peer, strict=True):
        settled = np.asarray(expected, dtype=float)[200:]
        noise = max(1e-12, 1e-14 * np.nanmax(np.abs(bars["high"])))  # TA-Lib's own, of its running sums
        np.testing.assert_allclose(ours[200:], settled, rtol=1e-9, atol=noise, err_msg=label)


@pytest.mark.parametrize("label", SERIES)
def test_degenerate_series_equal_talib(entry, label):
    if entry.peer:
        assert_equal_to_talib(entry, SERIES[label])


def test_no_volume_equals_talib(entry, bars_of):
    if entry.peer and "volume" in entry.inputs:
        assert_equal_to_talib(entry, bars_of(BARS) | {"volume": np.zeros(BARS)})


@pytest.mark.parametrize("label", ["flat 100", "flat 100.1", "flat 1e-9", "flat 1e12"])
def test_flat_series_of_those_without_a_peer(label):
    for entry in OSCILLATORS:
        if not entry.peer:
            inputs = {name: SERIES[label][name] for name in entry.inputs}
            end = BARS - entry.ahead_bars(entry.default_window)
            for values in compute(entry.name, inputs, allow_look_ahead=True).outputs.values():
                np.testing.assert_allclose(values[200:end], FLAT.get(entry.name, 0.0), atol=1e-11, err_msg=entry.name)


def test_the_page_of_degenerate_inputs_is_what_its_script_writes():
    folder = Path(__file__).parents[3] / "docs"
    script = runpy.run_path(str(folder / "degenerate.py"))
    text = (folder / "degenerate.md").read_text(encoding="utf-8")
    assert text == script["page"]()
    rows = text.removeprefix(script["HEAD"]).splitlines()
    assert len(rows) == sum(1 + len(entry.variants) for entry in OSCILLATORS)
    finite = [row for row in rows if "nan" not in row and "inf" not in row]
    assert {row.split("|")[1].strip() for row in set(rows) - set(finite)} == {"RVOL", "VWMA"}  # as in TA-Lib

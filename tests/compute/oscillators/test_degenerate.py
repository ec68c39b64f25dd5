"""Series on which a formula divides by zero have the value that its documentation states: TA-Lib's, where known."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from oscillator_runs import assert_same_bits, open_live, run
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
def test_degenerate_series_equal_talib(peered, label):
    assert_equal_to_talib(peered, SERIES[label])


def test_no_volume_equals_talib(peered, bars_of):
    assert_equal_to_talib(peered, bars_of(BARS) | {"volume": np.zeros(BARS)})


FLAT_LABELS = ("flat 100", "flat 100.1", "flat 1e-9", "flat 1e12")


@pytest.mark.parametrize("label", FLAT_LABELS)
def test_flat_series_of_those_without_a_peer(unpeered, label):
    end = BARS - unpeered.ahead_bars(unpeered.default_window)
    for values in run(unpeered, {name: SERIES[label][name] for name in unpeered.inputs}).outputs.values():
        np.testing.assert_allclose(values[200:end], FLAT.get(unpeered.name, 0.0), atol=1e-11)


# What the flat series gives under a convention, where that is not what it gives under the default.
FLAT_UNDER = {
    ("AROON", "tradingview"): 0.0,  # the oldest of equal extremes, as far back as it goes
    ("OBV", "tradingview"): 0.0,  # it begins with 0, and not with the first volume
    ("OBV", "tulip"): 0.0,
    ("RSI", "tradingview"): 100.0,  # Pine asks first whether nothing fell
}


@pytest.mark.parametrize("label", FLAT_LABELS)
def test_flat_series_under_a_convention(preset, label):
    inputs = {name: SERIES[label][name] for name in preset.inputs}
    default = run(OSCILLATORS.get(preset.name), inputs).outputs
    for name, values in run(preset, inputs).outputs.items():
        expected = FLAT_UNDER.get((preset.name, preset.convention), default[name][200:])
        np.testing.assert_allclose(values[200:], expected, rtol=1e-9, atol=1e-11, err_msg=name)


NOTHING_TO_DIVIDE_BY = {"RVOL", "VWMA"}  # averages over volume, without any: NaN or infinite, as in TA-Lib


@pytest.mark.parametrize("label", [*SERIES, "no volume"])
def test_degenerate_series_live_and_in_pieces_have_the_bits_of_the_batch(streamed, label, bars_of, select):
    entry = streamed
    bars = bars_of(BARS) | {"volume": np.zeros(BARS)} if label == "no volume" else SERIES[label]
    count = entry.lookback(entry.defaults()) + 30
    inputs = {name: values[:count] for name, values in select(entry, bars).items()}
    whole = run(entry, inputs)
    stream = open_live(entry)
    live = [stream.update({name: values[row] for name, values in inputs.items()}) for row in range(count)]
    for name, values in whole.outputs.items():
        assert_same_bits(np.array([row[name] for row in live]), values)
        shown = values[whole.lookback :]
        if entry.name not in NOTHING_TO_DIVIDE_BY:
            assert np.isfinite(shown).all()
            assert entry.low is None or shown.min() >= entry.low - 1e-9 * abs(entry.high or 1.0)
            assert entry.high is None or shown.max() <= entry.high + 1e-9 * abs(entry.high)


def test_the_page_of_degenerate_inputs_is_what_its_script_writes():
    folder = Path(__file__).parents[3] / "docs"
    script = runpy.run_path(str(folder / "degenerate.py"))
    text = (folder / "degenerate.md").read_text(encoding="utf-8")
    assert text == script["page"]()
    rows = text.removeprefix(script["HEAD"]).splitlines()
    assert len(rows) == sum(1 + len(entry.variants) for entry in OSCILLATORS)
    finite = [row for row in rows if "nan" not in row and "inf" not in row]
    assert {row.split("|")[1].strip() for row in set(rows) - set(finite)} == {"RVOL", "VWMA"}  # as in TA-Lib

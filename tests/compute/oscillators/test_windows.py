"""Windows of a sweep side by side: the bits of each by itself."""

from __future__ import annotations

import numpy as np
import pytest

from riskwave.compute.errors import InputError
from riskwave.compute.oscillators import OSCILLATORS, _windows, compute
from riskwave.compute.oscillators import _execution as execution_module
from riskwave.compute.oscillators._chains import CHAINS
from riskwave.compute.oscillators._windows import window_chain_of

BARS = 805
NAMES = [name for name, _ in CHAINS]


def lists_of(entry, count):
    """Return windows of which the first parameter grows; the others change, too, where they are windows."""
    return {
        param.name: [2 + (i if number == 0 else i % (3 + number)) for i in range(count)]
        for number, param in enumerate(entry.params)
    }


@pytest.mark.parametrize("count", [8, 43])
@pytest.mark.parametrize("kind", ["walk", "flat", "zeros"])
@pytest.mark.parametrize("name", NAMES)
def test_windows_side_by_side_equal_each_by_itself(name, kind, count, bars_of, select, monkeypatch):
    entry = OSCILLATORS.get(name)
    monkeypatch.setattr(_windows, "BLOCK_BARS", 300)
    bars = bars_of(BARS)
    if kind != "walk":
        bars = {field: np.where(np.arange(BARS) < 50, values, kind == "flat") for field, values in bars.items()}
    inputs, lists = select(entry, bars), lists_of(entry, count)
    walked = []
    walk = _windows.WindowRun.advance
    monkeypatch.setattr(_windows.WindowRun, "advance", lambda *a: (walked.append(1), walk(*a)))
    sweep = compute(name, inputs, lists)
    assert len(walked) == -(-(count - 7) // execution_module.WINDOWS_AT_ONCE)
    for i in range(count):
        single = compute(name, inputs, {param: values[i] for param, values in lists.items()})
        for label, values in single.outputs.items():
            actual = sweep.outputs[label][i]
            np.testing.assert_array_equal(np.isnan(actual), np.isnan(values))
            there = ~np.isnan(values)
            np.testing.assert_array_equal(actual[there].view(np.int64), values[there].view(np.int64))


def test_what_does_not_go_side_by_side():
    rsi, trix, stoch = map(OSCILLATORS.get, ("RSI", "TRIX", "STOCH"))
    assert window_chain_of(rsi, tuple((window,) for window in range(2, 10))) is not None
    assert window_chain_of(rsi, tuple((window,) for window in range(2, 9))) is None
    assert window_chain_of(trix, tuple((window,) for window in range(1, 9))) is None  # over one bar it is a change
    assert window_chain_of(stoch, (stoch.default_window,) * 8) is None


def test_a_gap_is_kept_and_the_checkpoint_may_abandon():
    close, windows = np.linspace(1.0, 2.0, 2_000), {"timeperiod": list(range(2, 12))}
    close[1_000] = np.nan
    sweep = compute("RSI", {"close": close}, windows)
    assert sweep.warnings
    assert np.isnan(sweep.outputs["real"][:, 1_000]).all()
    calls = []

    def checkpoint():
        calls.append(1)
        if len(calls) > 1:
            raise TimeoutError

    close[1_000] = 1.5
    with pytest.raises(TimeoutError):
        compute("RSI", {"close": close}, windows, checkpoint=checkpoint)
    assert len(calls) == 2


def test_integers_and_short_series_are_computed_too():
    close, windows = np.arange(1, 700) % 17, {"timeperiod": list(range(2, 12))}
    whole, floats = (compute("RSI", {"close": x}, windows) for x in (close, close.astype(float)))
    np.testing.assert_array_equal(whole.outputs["real"], floats.outputs["real"])
    short = compute("RSI", {"close": close[:20]}, windows)
    np.testing.assert_array_equal(short.outputs["real"], whole.outputs["real"][:, :20])
    with pytest.raises(InputError):
        compute("RSI", {"close": close[:5]}, windows)

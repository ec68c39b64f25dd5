"""Eight columns of a panel side by side: the bits of the steps one after the other."""

from __future__ import annotations

import numpy as np
import pytest

from riskwave.compute.oscillators import OSCILLATORS, _panel_chains, compute
from riskwave.compute.oscillators._chains import CHAINS, chain_of
from riskwave.compute.oscillators._panel_chains import ColumnRun
from riskwave.compute.oscillators._program import Run

BARS = 203


def program_of(entry):
    return entry.program((tuple(2 + number for number, _ in enumerate(entry.params)),))


def assert_same_bits(actual, expected):
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
    there = ~np.isnan(expected)
    np.testing.assert_array_equal(actual[there].view(np.int64), expected[there].view(np.int64))


@pytest.mark.parametrize("lanes", [8, 21])
@pytest.mark.parametrize("kind", ["walk", "flat", "zeros"])
@pytest.mark.parametrize("name", [name for name, _ in CHAINS])
def test_columns_side_by_side_give_the_bits_of_the_steps(name, kind, lanes, bars_of, monkeypatch):
    monkeypatch.setattr(_panel_chains, "BLOCK_VALUES", 1_000)
    entry = OSCILLATORS.get(name)
    bars = bars_of(BARS, symbols=lanes)
    if kind != "walk":
        early = np.arange(BARS).reshape(-1, 1) < 50
        bars = {field: np.where(early, values, kind == "flat") for field, values in bars.items()}
    program, panels = program_of(entry), [bars[field] for field in entry.inputs]
    chain = chain_of(program)
    assert chain is not None
    results = []
    for runner in (ColumnRun(program, chain, lanes, checked=(), checkpoint=None), Run(program, lanes, whole=True)):
        outputs = [np.empty((BARS, lanes)) for _ in entry.outputs]
        assert runner.advance(panels, outputs)
        assert runner.finite_state()
        results.append(outputs)
    for actual, expected in zip(*results, strict=True):
        assert_same_bits(actual, expected)


@pytest.mark.parametrize(("at", "bad"), [((2, 3), np.nan), ((150, 20), np.inf), ((202, 0), np.nan)])
@pytest.mark.parametrize("name", ["CMO", "ADX", "PLUS_DI"])
def test_a_gap_is_found_wherever_it_is(name, at, bad, bars_of, select):
    entry = OSCILLATORS.get(name)
    params = {param.name: 3 for param in entry.params}
    bars = select(entry, bars_of(BARS, symbols=21))
    for field in entry.inputs:
        broken = bars | {field: bars[field].copy()}
        broken[field][at] = bad
        panel = compute(name, broken, params)
        assert panel.warnings
        single = compute(name, {key: values[:, at[1]] for key, values in broken.items()}, params)
        for label, values in single.outputs.items():
            assert_same_bits(np.ascontiguousarray(panel.outputs[label][:, at[1]]), values)


def test_only_what_gains_by_it_goes_side_by_side():
    def pays(name, lanes, bars):
        program = program_of(OSCILLATORS.get(name))
        return ColumnRun(program, chain_of(program), lanes, checked=(), checkpoint=None).pays(bars)

    assert pays("ADX", 8, 200)
    assert not pays("ADX", 7, 200)
    assert not pays("ADX", 8, 60)
    assert not pays("RSI", 8, 200)
    assert not pays("ERI", 8, 200)


def test_the_checkpoint_may_abandon(monkeypatch):
    monkeypatch.setattr(_panel_chains, "BLOCK_VALUES", 1_000)
    calls = []

    def checkpoint():
        calls.append(1)
        raise TimeoutError

    with pytest.raises(TimeoutError):
        compute(
            "TRIX", {"close": np.linspace(1.0, 2.0, 32_000).reshape(-1, 8)}, {"timeperiod": 2}, checkpoint=checkpoint
        )
    assert calls == [1]

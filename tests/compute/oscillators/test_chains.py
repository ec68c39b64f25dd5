"""Long single series as eight chains side by side: the bits of the steps one after the other, whatever happens."""

from __future__ import annotations

import numpy as np
import pytest

from riskwave.compute.jit import kernel
from riskwave.compute.oscillators import OSCILLATORS, _chains, compute
from riskwave.compute.oscillators import _execution as execution_module
from riskwave.compute.oscillators._chains import CHAINS, ChainRun, chain_of
from riskwave.compute.oscillators._eights import load, pick_equal, pick_greater, pick_not_below, spread, store
from riskwave.compute.oscillators._program import Run

BARS = 6_007
NAMES = [name for name, _ in CHAINS]


def short_windows(entry):
    """Return parameters whose chains settle within a few hundred bars."""
    return {param.name: 2 + number for number, param in enumerate(entry.params)}


def program_of(entry):
    return entry.program((tuple(short_windows(entry).values()),))


def panels_of(entry, bars):
    return [np.ascontiguousarray(bars[name].reshape(-1, 1)) for name in entry.inputs]


def run(runner, entry, panels):
    outputs = [np.empty(panels[0].shape) for _ in entry.outputs]
    return runner.advance(panels, outputs), np.stack(outputs)


def assert_same_bits(actual, expected):
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
    there = ~np.isnan(expected)
    np.testing.assert_array_equal(actual.view(np.int64)[there], expected.view(np.int64)[there])


@pytest.mark.parametrize("settling", [45.0, 0.5])
@pytest.mark.parametrize("kind", ["walk", "still", "flat", "zeros"])
@pytest.mark.parametrize("name", NAMES)
def test_chains_give_the_bits_of_the_steps(name, kind, settling, bars_of, monkeypatch):
    """With chains that start far too late, nearly every seam is wrong at first."""
    monkeypatch.setattr(_chains, "SETTLING_TIME_CONSTANTS", settling)
    monkeypatch.setattr(_chains, "FURTHER_TIME_CONSTANTS", settling / 3)
    monkeypatch.setattr(_chains, "BLOCK_BARS", 2_500)
    entry = OSCILLATORS.get(name)
    bars = bars_of(BARS, still=0.9 if kind == "still" else 0.1)
    if kind in {"flat", "zeros"}:
        bars = {field: np.where(np.arange(BARS) < 50, values, kind == "flat") for field, values in bars.items()}
    program, panels = program_of(entry), panels_of(entry, bars)
    chain = chain_of(program)
    assert chain is not None
    runner = ChainRun(program, chain, checked=(), checkpoint=None)
    assert runner.pays(BARS)
    done, actual = run(runner, entry, panels)
    assert done
    assert_same_bits(actual, run(Run(program, 1, whole=True), entry, panels)[1])


@pytest.mark.parametrize(("at", "bad"), [(3, np.nan), (9_000, -np.inf), (31_000, np.nan)])
@pytest.mark.parametrize("name", NAMES)
def test_a_gap_is_found_wherever_it_is(name, at, bad, bars_of, select, monkeypatch):
    entry = OSCILLATORS.get(name)
    inputs = select(entry, bars_of(31_001))
    for field in entry.inputs:
        broken = inputs | {field: inputs[field].copy()}
        broken[field][at] = bad
        found = compute(name, broken, short_windows(entry))
        with monkeypatch.context() as patched:
            patched.setattr(execution_module, "chain_of", lambda _program: None)
            expected = compute(name, broken, short_windows(entry))
        assert found.warnings == expected.warnings
        for label, values in expected.outputs.items():
            assert_same_bits(found.outputs[label], values)


def test_the_checkpoint_is_called_and_may_abandon():
    entry = OSCILLATORS.get("RSI")
    calls = []

    def checkpoint():
        calls.append(1)
        raise TimeoutError

    with pytest.raises(TimeoutError):
        compute("RSI", {"close": np.linspace(1.0, 2.0, 100_000)}, entry.defaults(), checkpoint=checkpoint)
    assert calls == [1]


def test_what_has_another_shape_is_no_chain():
    entry = OSCILLATORS.get("TRIX")
    assert chain_of(entry.program(((7,),))) is not None
    assert chain_of(entry.program(((1,),))) is None
    assert chain_of(OSCILLATORS.get("STOCH").program((tuple(OSCILLATORS.get("STOCH").defaults().values()),))) is None


def every_operation(a, b, out):
    x, y = load(a, 0), load(b, 0)
    store(out, 0, x + y)
    store(out, 8, x - y)
    store(out, 16, x * y)
    store(out, 24, x / y)
    store(out, 32, -x)
    store(out, 40, abs(x))
    store(out, 48, pick_greater(x, y, x, spread(7.0)))
    store(out, 56, pick_not_below(x, y, x, spread(7.0)))
    store(out, 64, pick_equal(x, y, x, spread(7.0)))


def test_an_eight_is_an_array_in_plain_python():
    a = np.array([1.0, -2.0, 3.0, -0.0, 5.0, 1e308, -7.0, np.nan])
    b = np.array([1.0, 3.0, -2.0, 4.0, 0.1, 1e-308, -7.0, 2.0])
    compiled, plain = np.zeros(72), np.zeros(72)
    kernel()(every_operation)(a, b, compiled)
    with np.errstate(over="ignore"):
        every_operation(a, b, plain)
    assert_same_bits(compiled, plain)

"""What holds for every registered oscillator; a new module is covered without writing a test."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher
from oscillator_runs import assert_same_bits, run, window_of

from riskwave.compute.errors import SeriesTooShortError
from riskwave.compute.oscillators import OSCILLATORS, _division
from riskwave.compute.oscillators import _compute as compute_module
from riskwave.compute.oscillators import _program as program_module
from riskwave.compute.oscillators import _segments as tiles_module
from riskwave.compute.oscillators._program import Run


def run_in_pieces(entry, inputs, window, sizes):
    """Feed a series piece by piece, the sizes of the pieces repeating."""
    program = entry.program((window,))
    bars = len(next(iter(inputs.values())))
    run = Run(program, 1)
    outputs = [np.empty((bars, 1)) for _ in entry.outputs]
    at = piece = 0
    while at < bars:
        size = min(sizes[piece % len(sizes)], bars - at)
        run.advance(
            [inputs[name][at : at + size].reshape(-1, 1) for name in entry.inputs],
            [output[at : at + size] for output in outputs],
        )
        at, piece = at + size, piece + 1
    return [output[:, 0] for output in outputs]


def ahead_of(entry, params):
    """How many of the newest bars have no value because it would need later ones."""
    return entry.ahead_bars(window_of(entry, params))


def test_declaration_is_complete(entry):
    assert entry.title
    assert entry.source
    assert len(entry.doc) > 40
    assert entry.outputs
    assert entry.name == entry.name.upper()
    for param in entry.params:
        assert param.doc
        if param.kind in {"int", "float"}:
            assert param.low <= param.default <= param.high


def test_first_value_is_at_the_lookback(entry, bars_of, select, draw):
    rng = np.random.default_rng(5)
    for params in [{}] + [draw(entry, rng) for _ in range(5)]:
        result = run(entry, select(entry, bars_of(400)), params)
        assert result.lookback == entry.lookback(entry.defaults() | params)
        for label, values in result.outputs.items():
            end = 400 - ahead_of(entry, result.params)
            assert np.isnan(values[: result.lookback]).all(), label
            assert np.isfinite(values[result.lookback : end]).all(), label
            assert np.isnan(values[end:]).all(), label


def test_one_bar_more_than_the_lookback_is_enough(entry, bars_of, select):
    lookback, ahead = entry.lookback(entry.defaults()), ahead_of(entry, entry.defaults())
    enough = lookback + ahead + 1
    inputs = select(entry, bars_of(enough + 5))
    whole = run(entry, inputs)
    short = {name: values[:enough] for name, values in inputs.items()}
    for label, values in run(entry, short).outputs.items():
        assert_same_bits(values[: lookback + 1], whole.outputs[label][: lookback + 1])
        assert np.isnan(values[lookback + 1 :]).all()
    if enough > 1:
        with pytest.raises(SeriesTooShortError, match=f"at least {enough} bars"):
            run(entry, {name: values[:-1] for name, values in short.items()})


@pytest.mark.parametrize("sizes", [(1,), (2,), (3,), (7,), (1, 50, 2, 190, 3), (200, 1), (260,)], ids=str)
def test_pieces_equal_the_whole(entry, bars_of, select, draw, sizes):
    inputs = select(entry, bars_of(260))
    params = entry.defaults() | draw(entry, np.random.default_rng(len(sizes)), longest=20)
    whole = run(entry, inputs, params)
    ahead = ahead_of(entry, params)
    for values, label in zip(run_in_pieces(entry, inputs, window_of(entry, params), sizes), entry.outputs, strict=True):
        assert_same_bits(values[ahead:], whole.outputs[label][: 260 - ahead])


def test_small_blocks_and_tiles_equal_the_whole(entry, bars_of, select, monkeypatch):
    panel = select(entry, bars_of(300, symbols=3))
    whole = run(entry, panel)
    monkeypatch.setattr(compute_module, "_run_direct", lambda _request: None)
    for block in (1, 6, 21, 200):
        monkeypatch.setattr(program_module, "BLOCK_VALUES", block)
        monkeypatch.setattr(tiles_module, "TILE_VALUES", block // 2)
        for label, values in run(entry, panel).outputs.items():
            assert_same_bits(values, whole.outputs[label])


def test_columns_equal_single_series(entry, bars_of, select):
    panel = select(entry, bars_of(500, symbols=5))
    together = run(entry, panel)
    for column in range(5):
        alone = run(entry, {k: v[:, column] for k, v in panel.items()})
        for label, values in alone.outputs.items():
            assert_same_bits(together.outputs[label][:, column], values)


def test_long_series_equals_its_column(entry, bars_of, select):
    """A long single series is computed by chains side by side, a panel of it is not."""
    inputs = select(entry, bars_of(65_000, seed=8))
    alone = run(entry, inputs)
    pair = run(entry, {k: np.column_stack([v, v]) for k, v in inputs.items()})
    for label, values in alone.outputs.items():
        assert_same_bits(pair.outputs[label][:, 1], values)


def test_sweep_equals_its_windows(entry, bars_of, select, draw):
    if not entry.params:
        return
    rng = np.random.default_rng(9)
    windows = [draw(entry, rng) for _ in range(6)]
    lists = {name: [window[name] for window in windows] for name in windows[0]}
    panel = select(entry, bars_of(350, symbols=2))
    sweep = run(entry, panel, lists)
    for i, window in enumerate(windows):
        single = run(entry, panel, window)
        assert sweep.lookback[i] == single.lookback
        for label, values in single.outputs.items():
            assert sweep.outputs[label].shape == (6, 350, 2)
            assert_same_bits(sweep.outputs[label][i], values)


def test_the_future_does_not_change_the_past(entry, bars_of, select, draw):
    """Beyond the bars that an oscillator says it looks ahead."""
    inputs = select(entry, bars_of(400))
    for params in ({}, draw(entry, np.random.default_rng(21))):
        whole = run(entry, inputs, params)
        ahead = ahead_of(entry, whole.params)
        for cut in (whole.lookback + ahead + 1, 233, 399):
            prefix = run(entry, {k: v[:cut] for k, v in inputs.items()}, params)
            for label, values in prefix.outputs.items():
                assert_same_bits(values[: cut - ahead], whole.outputs[label][: cut - ahead])


def test_inputs_of_other_types_are_computed_in_float64(entry, bars_of, select):
    whole = {k: np.round(v) for k, v in select(entry, bars_of(200)).items()}
    expected = run(entry, whole)
    variants = {
        "integer": {k: v.astype(np.int64) for k, v in whole.items()},
        "float32": {k: v.astype(np.float32) for k, v in whole.items()},
        "strided": {k: np.repeat(v, 2)[::2] for k, v in whole.items()},
        "list": {k: v.tolist() for k, v in whole.items()},
        "big endian": {k: v.astype(">f8") for k, v in whole.items()},
    }
    readonly = {k: v.copy() for k, v in whole.items()}
    for v in readonly.values():
        v.flags.writeable = False
    for given in [*variants.values(), readonly]:
        for label, values in run(entry, given).outputs.items():
            assert_same_bits(values, expected.outputs[label])


def test_column_major_panel(entry, bars_of, select):
    panel = select(entry, bars_of(200, symbols=4))
    expected = run(entry, panel)
    turned = run(entry, {k: np.asfortranarray(v) for k, v in panel.items()})
    for label, values in turned.outputs.items():
        assert_same_bits(values, expected.outputs[label])


def test_inputs_are_left_alone(entry, bars_of, select):
    inputs = select(entry, bars_of(200))
    before = {k: v.copy() for k, v in inputs.items()}
    run(entry, inputs)
    for name, values in inputs.items():
        assert_same_bits(values, before[name])


def test_bounds_hold(entry, bars_of, select, draw):
    rng = np.random.default_rng(2)
    for seed in range(6):
        params = draw(entry, rng) if seed else {}
        for values in run(entry, select(entry, bars_of(500, seed=seed)), params).outputs.values():
            if entry.low is not None:
                assert np.nanmin(values) >= entry.low - 1e-9 * abs(entry.high or 1.0)
            if entry.high is not None:
                assert np.nanmax(values) <= entry.high + 1e-9 * abs(entry.high)


@pytest.mark.parametrize("symbols", [1, 3])
def test_the_direct_run_of_a_short_panel_equals_the_run_by_blocks(entry, bars_of, select, symbols, monkeypatch):
    inputs = select(entry, bars_of(entry.lookback(entry.defaults()) + 40, symbols=symbols))
    direct = run(entry, inputs)
    monkeypatch.setattr(compute_module, "_run_direct", lambda _request: None)
    blocks = run(entry, inputs)
    assert (direct.lookback, direct.params) == (blocks.lookback, blocks.params)
    for name, output in blocks.outputs.items():
        assert_same_bits(direct.outputs[name], output)


class PlainRun(Run):
    """A run whose kernels are the Python functions that they were compiled from."""

    kernels = 0

    def _bind(self, first, end):
        calls = super()._bind(first, end)
        for call in calls:
            if isinstance(call.function, Dispatcher):
                call.function = call.function.py_func
                self.kernels += 1
        return calls


def short_windows(entry, draw, longest=60):
    """Return the defaults, or shorter windows where the defaults would take plain Python too long."""
    params = entry.defaults()
    shorter = draw(entry, np.random.default_rng(0), longest=9)
    return params if entry.lookback(params) <= longest else params | shorter


def test_compiled_equals_plain_python(entry, bars_of, select, draw, monkeypatch):
    params = short_windows(entry, draw)
    bars = entry.lookback(params) + ahead_of(entry, params) + 40
    inputs = select(entry, bars_of(bars, symbols=2))
    panels = [inputs[name] for name in entry.inputs]
    compiled, plain = ([np.empty((bars, 2)) for _ in entry.outputs] for _ in range(2))
    program = entry.program((window_of(entry, params),))
    Run(program, 2).advance(panels, compiled)
    python = PlainRun(program, 2)
    for module in [one for name, one in sys.modules.items() if name.startswith("riskwave.compute.oscillators.")]:
        for name, value in vars(module).copy().items():
            if isinstance(value, Dispatcher):  # that one kernel calls another must not bring the compiler back
                monkeypatch.setattr(module, name, value.py_func)
    monkeypatch.setattr(_division, "FUSED", False)  # what is compiled to fused operations is a division here
    python.advance(panels, plain)
    assert bool(python.kernels) == any(isinstance(step.operation.function, Dispatcher) for step in program.steps)
    for ours, expected in zip(plain, compiled, strict=True):
        assert np.isfinite(ours[-40:]).all()
        assert_same_bits(ours, expected)


def test_registry_is_sorted_and_full():
    assert list(OSCILLATORS.names()) == sorted(OSCILLATORS.names())
    assert {"RSI", "MACD", "STOCH"} <= set(OSCILLATORS.names())

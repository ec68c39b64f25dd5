"""A bar with a missing input never has a value; what follows is the policy that was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from oscillator_runs import run, window_of

from riskwave.compute.errors import InputError, NotFiniteError, UnknownNameError
from riskwave.compute.oscillators import OSCILLATORS, GapPolicy, compute
from riskwave.compute.oscillators import _compute as compute_module


@pytest.fixture
def gappy(bars_of, select):
    def make(entry, symbols=3, bars=600):
        panel = {k: v.copy() for k, v in select(entry, bars_of(bars, symbols=symbols)).items()}
        rng = np.random.default_rng(4)
        names = list(panel)
        missing = np.zeros((bars, symbols), dtype=bool)
        missing[rng.integers(bars // 2, bars, 12), 0] = True
        missing[300:306, 1] = True  # a long gap; the last column has none
        for i, (bar, column) in enumerate(np.argwhere(missing)):
            panel[names[i % len(names)]][bar, column] = (np.nan, np.inf, -np.inf)[i % 3]
        return panel, missing

    return make


@pytest.mark.parametrize("policy", ["hold", "restart", "taint"])
def test_no_value_on_a_bar_with_a_missing_input(entry, gappy, policy):
    panel, missing = gappy(entry)
    result = run(entry, panel, gap_policy=policy)
    for values in result.outputs.values():
        assert np.isnan(values[missing]).all()
    assert f"{missing.sum()} of 1800 bars, in 2 of 3 columns" in result.warnings[0]


def test_hold_is_the_series_without_the_missing_bars(entry, gappy):
    panel, missing = gappy(entry)
    result = run(entry, panel)
    for column in range(3):
        valid = ~missing[:, column]
        alone = run(entry, {k: v[valid, column] for k, v in panel.items()})
        for label, values in alone.outputs.items():
            np.testing.assert_array_equal(result.outputs[label][valid, column], values)


def test_restart_computes_each_stretch_anew(entry, gappy):
    panel, _ = gappy(entry)
    result = run(entry, panel, gap_policy="restart")
    for begin, end in ((0, 300), (306, 600)):
        alone = run(entry, {k: v[begin:end, 1] for k, v in panel.items()})
        for label, values in alone.outputs.items():
            np.testing.assert_array_equal(result.outputs[label][begin:end, 1], values)


def test_taint_ends_a_recursion_and_passes_through_a_window(entry, gappy):
    panel, _ = gappy(entry)
    result = run(entry, panel, gap_policy="taint")
    restart = run(entry, panel, gap_policy="restart")
    recursive = entry.program((window_of(entry, entry.defaults()),)).recursive
    for label, values in result.outputs.items():
        if recursive:
            assert np.isnan(values[300:, 1]).all()
            assert np.isfinite(values[result.lookback : 300, 1]).all()
        else:
            np.testing.assert_array_equal(values, restart.outputs[label])


def test_taint_in_a_sweep_is_that_of_each_window():
    """Over one bar the average is the force itself, which a gap does not end, and over two it is a recursion."""
    close = np.array([102.0, np.nan, 61.0, 33.0, 40.0])
    values = compute(
        "EFI", {"close": close, "volume": np.arange(5.0)}, {"timeperiod": [1, 2, 1]}, gap_policy="taint"
    ).outputs["real"]
    nan = np.nan
    np.testing.assert_array_equal(values, [[nan, nan, nan, -84.0, 28.0], [nan] * 5, [nan, nan, nan, -84.0, 28.0]])


def test_hold_with_a_longest_gap_restarts_after_a_longer_one(entry, gappy):
    panel, _ = gappy(entry)
    bridged = run(entry, panel, max_gap_bars=6)
    hold = run(entry, panel)
    broken = run(entry, panel, max_gap_bars=5)
    restart = run(entry, panel, gap_policy="restart")
    for label in hold.outputs:
        np.testing.assert_array_equal(bridged.outputs[label], hold.outputs[label])
        np.testing.assert_array_equal(broken.outputs[label][:, 1], restart.outputs[label][:, 1])


def test_strict_names_the_first_gap(entry, gappy):
    panel, _ = gappy(entry)
    with pytest.raises(NotFiniteError, match=r"inputs\.\w+ was .* at bar \d+ of column \d"):
        run(entry, panel, gap_policy=GapPolicy.STRICT)


@pytest.mark.parametrize("bars", [120, 6_001])
@pytest.mark.parametrize("name", ["APO", "MACD", "MACDFIX", "RSI", "TRIX", "TSI"])
def test_a_gap_is_found_wherever_it_is(name, bars, monkeypatch):
    """These look at the first bars before the run, and afterwards at their state alone."""
    monkeypatch.setattr(compute_module, "_run_direct", lambda _request: None)
    assert OSCILLATORS.get(name).program((tuple(OSCILLATORS.get(name).defaults().values()),)).absorbed()
    walk = 100.0 + np.random.default_rng(6).normal(0.0, 1.0, bars).cumsum()
    for at in (0, 1, 2, 14, 25, 26, 33, 34, bars // 4 + 7, bars // 4 + 8, bars // 2, bars - 2, bars - 1):
        for bad in (np.nan, np.inf, -np.inf):
            close = walk.copy()
            close[at] = bad
            result, alone = compute(name, {"close": close}), compute(name, {"close": np.delete(close, at)})
            assert "1 of" in result.warnings[0]
            for label, values in alone.outputs.items():
                np.testing.assert_array_equal(np.delete(result.outputs[label], at), values)


def test_finite_prices_that_overflow_are_not_a_gap():
    close = np.where(np.arange(100) % 2 == 0, 1.7e308, -1.7e308)
    assert compute("RSI", {"close": close}).warnings == ()


def test_a_column_that_begins_late_or_has_nothing():
    close = np.linspace(1.0, 2.0, 300).reshape(100, 3)
    close[:40, 0] = np.nan
    close[:, 1] = np.nan
    result = compute("RSI", {"close": close}, gap_policy="taint").outputs["real"]
    assert np.isnan(result[:54, 0]).all()
    assert np.isfinite(result[54:, 0]).all()
    assert np.isnan(result[:, 1]).all()
    assert np.isfinite(result[14:, 2]).all()


def test_more_columns_with_gaps_than_are_packed_at_once():
    close = np.random.default_rng(0).random((40, 1030)) + 1.0
    close[20] = np.nan
    result = compute("RSI", {"close": close}).outputs["real"]
    alone = compute("RSI", {"close": np.delete(close[:, 1029], 20)}).outputs["real"]
    np.testing.assert_array_equal(np.delete(result[:, 1029], 20), alone)


def test_unknown_policy():
    with pytest.raises(UnknownNameError, match='unknown gap policy "hodl"; did you mean hold'):
        compute("RSI", {"close": np.arange(20.0)}, gap_policy="hodl")


@pytest.mark.parametrize(("policy", "bars"), [("hold", -1), ("restart", 3)])
def test_longest_gap_belongs_to_hold(policy, bars):
    with pytest.raises(InputError, match="max_gap_bars was"):
        compute("RSI", {"close": np.arange(20.0)}, gap_policy=policy, max_gap_bars=bars)

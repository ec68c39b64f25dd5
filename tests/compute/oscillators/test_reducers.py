"""Last values, crossings and ranks: what they are, and that a sweep is reduced window by window."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from oscillator_runs import run

from riskwave.compute.errors import InputError, TooLargeError, UnknownNameError
from riskwave.compute.oscillators import OSCILLATORS, _compute, compute
from riskwave.compute.oscillators._reducers import count_crossings, fractional_rank

WALK = 100.0 + np.random.default_rng(3).normal(size=(400, 5)).cumsum(axis=0)


def count_plainly(values, level):
    """Count by hand: the side of every value that is on one, in a row."""
    sides = [np.sign(value - level) for value in values if np.isfinite(value) and value != level]
    return sum(one != other for one, other in pairwise(sides))


@pytest.mark.parametrize("reducer", ["last", "crossings", "rank"])
def test_every_oscillator_with_every_reducer(entry, bars_of, select, reducer) -> None:
    if reducer == "crossings" and entry.neutral is None:
        with pytest.raises(InputError, match=f"{entry.name} has no neutral level"):
            run(entry, select(entry, bars_of(300)), reducer=reducer)
        return
    panel = select(entry, bars_of(300, symbols=3))
    whole = run(entry, panel)
    reduced = run(entry, panel, reducer=reducer)
    assert (reduced.lookback, reduced.params, reduced.warnings) == (whole.lookback, whole.params, whole.warnings)
    for label, values in whole.outputs.items():
        if reducer == "last":
            expected = values[-1]
        elif reducer == "rank":
            expected = pd.Series(values[-1]).rank(pct=True).to_numpy()
        else:
            expected = [count_plainly(values[:, column], entry.neutral) for column in range(3)]
        np.testing.assert_array_equal(reduced.outputs[label], expected)


@pytest.mark.parametrize("reducer", ["last", "crossings", "rank"])
def test_a_sweep_equals_its_windows(reducer, monkeypatch) -> None:
    monkeypatch.setattr(_compute, "BYTES_BEFORE_REDUCED", 3 * WALK.nbytes)
    windows = list(range(2, 42))
    sweep = compute("RSI", {"close": WALK}, {"timeperiod": windows}, reducer=reducer)
    assert sweep.outputs["real"].shape == (40, 5)
    assert sweep.lookback.tolist() == windows
    for i in (0, 3, 39):
        single = compute("RSI", {"close": WALK}, {"timeperiod": windows[i]}, reducer=reducer)
        np.testing.assert_array_equal(sweep.outputs["real"][i], single.outputs["real"])


def test_a_single_series_becomes_one_number() -> None:
    result = compute("RSI", {"close": WALK[:, 0]}, reducer="last").outputs["real"]
    assert result.shape == ()
    assert float(result) == compute("RSI", {"close": WALK[:, 0]}).outputs["real"][-1]
    assert compute("RSI", {"close": WALK[:, 0]}, {"timeperiod": [5, 6]}, reducer="crossings").outputs["real"].shape == (
        2,
    )


def test_a_long_sweep_never_exists_whole() -> None:
    close = np.repeat(WALK, 50, axis=0)  # 20,000 bars of 5 symbols: 400 windows would take 320 MB
    windows = list(range(2, 402))
    compute("SMA", {"close": close}, {"timeperiod": 2}, reducer="last")
    tracemalloc.start()
    compute("SMA", {"close": close}, {"timeperiod": windows}, reducer="last", max_output_bytes=400 * 5 * 8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150e6
    with pytest.raises(TooLargeError):
        compute("SMA", {"close": close}, {"timeperiod": windows}, reducer="last", max_output_bytes=400 * 5 * 8 - 1)


def test_crossings_of_touches_gaps_and_columns_without_values() -> None:
    nan = np.nan
    values = np.array(
        [[nan, 1, 0, nan], [nan, 0, 0, nan], [1, 1, 0, nan], [nan, 0, 0, nan], [-1, -1, 0, nan], [2, nan, 0, nan]]
    )
    np.testing.assert_array_equal(count_crossings(values, 0.0), [2, 1, 0, nan])


def test_crossings_are_counted_in_parts_alike(monkeypatch) -> None:
    values = np.round(np.random.default_rng(1).normal(size=(1000, 3)))
    expected = [count_plainly(values[:, column], 0.0) for column in range(3)]
    np.testing.assert_array_equal(count_crossings(values, 0.0), expected)
    monkeypatch.setattr("riskwave.compute.oscillators._reducers.ROWS_AT_ONCE", 21)
    np.testing.assert_array_equal(count_crossings(values, 0.0), expected)


def test_ranks_share_ties_and_pass_over_what_is_missing() -> None:
    rows = np.array([[3.0, 1.0, 3.0, np.nan], [np.nan] * 4, [5.0, 5.0, 5.0, 5.0]])
    np.testing.assert_array_equal(fractional_rank(rows), pd.DataFrame(rows).rank(axis=1, pct=True).to_numpy())


def test_an_unknown_reducer_lists_those_that_exist() -> None:
    with pytest.raises(UnknownNameError, match=r"median.*crossings.*last.*rank"):
        compute("RSI", {"close": WALK}, reducer="median")


def test_neutral_levels_lie_within_the_bounds() -> None:
    levels = {entry.name: entry.neutral for entry in OSCILLATORS}
    assert (levels["RSI"], levels["MACD"], levels["WILLR"], levels["SMA"]) == (50.0, 0.0, -50.0, None)
    for entry in OSCILLATORS:
        if entry.neutral is not None:
            assert entry.low is None or entry.low < entry.neutral
            assert entry.high is None or entry.neutral < entry.high

"""Whatever the shape, the types, the windows and the gaps: a request is what its single series are, put together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oscillator_runs import EVERY, POLICIES, assert_same_bits, label_of, open_live, run, window_of

from riskwave.compute.errors import NotFiniteError
from riskwave.compute.oscillators import ColumnWork, compute_tile, cut_columns, join_columns

LONGEST_BARS = 24
"""Bars beyond the lookback."""

ORDERS = {
    "rows": np.ascontiguousarray,
    "columns": np.asfortranarray,
    "reversed": lambda panel: np.ascontiguousarray(panel[::-1, ::-1])[::-1, ::-1],
    "every second": lambda panel: np.repeat(np.repeat(panel, 2, axis=0), 2, axis=1)[::2, ::2],
}
TYPES = ("float64", "float32", "float16", ">f8", "int64", "int16", "uint8")

PRICES = st.one_of(st.integers(1, 200).map(float), st.sampled_from([0.0, 1e-9, 0.125, 1e12]))
BAD = st.sampled_from([np.nan, np.inf, -np.inf])

ENTRIES = {label_of(entry): entry for entry in EVERY if not entry.looks_ahead}


def params_of(entry, draw, longest=6):
    """Draw a value of every parameter."""
    drawn = {}
    for param in entry.params:
        if param.choices:
            drawn[param.name] = draw(st.sampled_from(param.choices))
        elif param.kind == "int":
            drawn[param.name] = draw(st.integers(int(param.low), max(int(param.low), min(int(param.high), longest))))
        elif param.kind == "float":
            low, high = max(param.low, param.default / 2), min(param.high, param.default * 1.5)
            drawn[param.name] = draw(st.floats(low, high)) if low < high else param.default
    return drawn


@st.composite
def requests(draw):
    """An oscillator under a convention, bars of any type and memory order, windows, and gaps."""
    entry = ENTRIES[draw(st.sampled_from(sorted(ENTRIES)))]
    windows = [entry.defaults() | params_of(entry, draw) for _ in range(draw(st.integers(1, 3)))]
    lookback = max(entry.lookback(window) for window in windows)
    bars, symbols = lookback + draw(st.integers(1, LONGEST_BARS)), draw(st.integers(1, 5))
    kind = draw(st.sampled_from(TYPES))
    # Few numbers are drawn one by one, and the rest from a seed: hundreds would exhaust what Hypothesis keeps.
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    special = draw(st.lists(PRICES, max_size=4))
    panel = {}
    for name in entry.inputs:
        values = rng.integers(1, 120, (bars, symbols)).astype(float)
        for value in special if kind.endswith(("8", "64")) and "i" not in kind else ():
            values[rng.integers(bars), rng.integers(symbols)] = value
        panel[name] = values.astype(kind)
    if "i" not in kind:
        for value in draw(st.lists(BAD, max_size=4)):
            length = draw(st.integers(1, 4))
            row = draw(st.integers(0, bars - 1))
            panel[draw(st.sampled_from(entry.inputs))][row : row + length, rng.integers(symbols)] = value
    order = ORDERS[draw(st.sampled_from(sorted(ORDERS)))]
    return entry, windows, {name: order(values) for name, values in panel.items()}, draw(st.sampled_from([*POLICIES]))


def plainly(entry, window, panel, column, policy):
    """Compute one column and window as a stream: bar by bar, in float64."""
    stream = open_live(entry, window, **POLICIES[policy])
    columns = [np.asarray(panel[name][:, column], dtype=np.float64) for name in entry.inputs]
    frames = np.array(columns).T[:, :, np.newaxis].copy()
    return np.array([stream.update_frame(frame)[:, 0] for frame in frames]).T


def swept(entry, windows):
    return {name: [window[name] for window in windows] for name in entry.param_names}


drive = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@drive
@given(requests())
def test_a_sweep_of_a_panel_is_its_series_bar_by_bar(request_):
    entry, windows, panel, policy = request_
    result = run(entry, panel, swept(entry, windows), **POLICIES[policy])
    missing = ~np.all([np.isfinite(values) for values in panel.values()], axis=0)
    assert len(result.warnings) == missing.any()
    for number, window in enumerate(windows if entry.params else [{}]):
        for column in range(missing.shape[1]):
            expected = plainly(entry, window, panel, column, policy)
            for values, wanted in zip(result.outputs.values(), expected, strict=True):
                values_ = values[number] if entry.params else values
                assert_same_bits(values_[:, column], wanted)
                assert not np.isfinite(values_[missing[:, column], column]).any()


@drive
@given(requests())
def test_a_panel_in_tiles_reduced_or_not_is_the_panel(request_):
    entry, windows, panel, policy = request_
    panel = {name: np.asarray(values, dtype=np.float64) for name, values in panel.items()}
    options = POLICIES[policy]
    for reducer in ("", "last", "rank", *(["crossings"] if entry.neutral is not None else [])):
        whole = run(entry, panel, swept(entry, windows), reducer=reducer or None, **options)
        work = ColumnWork(
            entry.name,
            swept(entry, windows),
            options["gap_policy"],
            options.get("max_gap_bars", 0),
            True,
            entry.convention,
            reducer,
        )
        joined = join_columns(work, panel, [compute_tile(work, tile) for tile in cut_columns(panel, 2)][::-1])
        assert (joined.params, joined.warnings, joined.convention) == (whole.params, whole.warnings, whole.convention)
        for label, values in whole.outputs.items():
            assert_same_bits(joined.outputs[label], values)


@drive
@given(requests())
def test_strict_gives_what_hold_gives_or_refuses(request_):
    entry, windows, panel, _ = request_
    if all(np.isfinite(values).all() for values in panel.values()):
        strict, hold = (run(entry, panel, windows[0], gap_policy=policy) for policy in ("strict", "hold"))
        for label, values in hold.outputs.items():
            assert_same_bits(strict.outputs[label], values)
    else:
        with pytest.raises(NotFiniteError, match="at bar"):
            run(entry, panel, windows[0], gap_policy="strict")


@drive
@given(requests(), st.data())
def test_cutting_the_future_changes_no_value(request_, data):
    entry, windows, panel, policy = request_
    window = windows[0]
    bars = len(panel[entry.inputs[0]])
    cut = data.draw(st.integers(entry.window_lookback(window_of(entry, window)) + 1, bars))
    whole = run(entry, panel, window, **POLICIES[policy])
    prefix = run(entry, {name: values[:cut] for name, values in panel.items()}, window, **POLICIES[policy])
    for label, values in prefix.outputs.items():
        assert_same_bits(values, whole.outputs[label][:cut])

"""Bar by bar: the bits of the batch, whatever is peeked at, replaced, saved, restored or missing on the way."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oscillator_runs import POLICIES, assert_same_bits, open_live, run, window_of

from riskwave.compute.errors import InputError, NotFiniteError, ShapeMismatchError, TooLargeError, UnknownNameError
from riskwave.compute.oscillators import OSCILLATORS, StreamLimits, compute, open_stream, restore_stream
from riskwave.compute.oscillators._stream_engine import Engine, layout_of

MISSED_BY_ALL = (0, 15, 33, 34, 35)


def bar_at(panel, row):
    return {name: values[row] for name, values in panel.items()}


def collect(stream, rows):
    """Stack what the updates returned."""
    return {label: np.array([row[label] for row in rows]) for label in stream.entry.outputs}


def spoil(bar):
    """A wrong bar, later to be replaced."""
    return {name: np.asarray(values) * 1.5 + 3.0 for name, values in bar.items()}


def with_gaps(panel, rng, share=0.06):
    """Gaps of one to four bars in the first column, some in the second, none in the third; a late start of the last."""
    panel = {name: values.copy() for name, values in panel.items()}
    names = list(panel)
    bars = len(panel[names[0]])
    for column, often in ((0, share), (1, share / 3)):
        for row in np.flatnonzero(rng.random(bars) < often):
            panel[names[row % len(names)]][row : row + rng.integers(1, 5), column] = (np.nan, np.inf, -np.inf)[row % 3]
    for values in panel.values():
        values[:7, -1] = np.nan
    panel[names[0]][list(MISSED_BY_ALL)] = np.nan
    return panel


def test_updates_have_the_bits_of_the_batch(streamed, bars_of, select, draw):
    entry = streamed
    rng = np.random.default_rng(11)
    for params in ({}, draw(entry, rng, longest=20)):
        bars = entry.lookback(entry.defaults() | params) + 75
        panel = select(entry, bars_of(bars, symbols=3, seed=3))
        stream = open_live(entry, params, symbols=3)
        live = collect(stream, [stream.update(bar_at(panel, row)) for row in range(bars)])
        batch = run(entry, panel, params)
        assert (stream.lookback, stream.params, stream.bars) == (batch.lookback, batch.params, bars)
        assert stream.convention == batch.convention == entry.convention
        for label, values in batch.outputs.items():
            assert_same_bits(live[label], values)


def test_a_peek_changes_nothing_and_a_replaced_bar_leaves_nothing(streamed, bars_of, select, draw):
    entry = streamed
    rng = np.random.default_rng(12)
    params = draw(entry, rng, longest=12)
    bars = entry.lookback(entry.defaults() | params) + 40
    panel = select(entry, bars_of(bars, symbols=2, seed=4))
    expected = run(entry, panel, params).outputs
    stream = open_live(entry, params, symbols=2)
    for row in range(bars):
        bar = bar_at(panel, row)
        values = [stream.peek(bar), stream.peek(spoil(bar))][:1]
        if row % 3 == 0:
            stream.update(spoil(bar))
            stream.peek(bar)
            stream.replace_last(spoil(spoil(bar)))
            values.append(stream.replace_last(bar))
        else:
            values.append(stream.update(bar))
        stream.peek(spoil(bar))
        for one, label in itertools.product(values, entry.outputs):
            assert_same_bits(one[label], expected[label][row])


def test_every_gap_policy_has_the_bits_of_the_batch(streamed, bars_of, select, draw):
    """With saving and restoring, peeking and replacing on the way: nothing of it may show."""
    entry = streamed
    rng = np.random.default_rng(13)
    params = draw(entry, rng, longest=6)
    bars = entry.lookback(entry.defaults() | params) + 60
    panel = with_gaps(select(entry, bars_of(bars, symbols=4, seed=5)), rng)
    for policy in POLICIES:
        check_gaps(entry, params, panel, policy, rng)


def check_gaps(entry, params, panel, policy, rng):
    bars = len(panel[entry.inputs[0]])
    batch = run(entry, panel, params, **POLICIES[policy])
    stream = open_live(entry, params, symbols=4, **POLICIES[policy])
    rows = []
    for row in range(bars):
        bar = bar_at(panel, row)
        act = rng.integers(0, 8)
        if act == 0:
            stream.peek(spoil(bar))
        if act == 1:
            stream = restore_stream(stream.snapshot())
        if act == 2:
            stream.update(bar_at(panel, rng.integers(0, bars)))
            rows.append(restore_stream(stream.snapshot()).replace_last(bar))
            stream.replace_last(bar)
        elif row in MISSED_BY_ALL and act % 2:
            stream.skip()
            rows.append(dict.fromkeys(entry.outputs, np.full(4, np.nan)))
        else:
            rows.append(stream.update(bar))
    live = collect(stream, rows)
    missing = ~np.all([np.isfinite(values) for values in panel.values()], axis=0)
    for label, values in batch.outputs.items():
        assert not np.isfinite(live[label][missing]).any()
        assert_same_bits(live[label], values)
    assert stream.bars == bars


def test_strict_refuses_a_gap_and_goes_on_as_if_it_had_not_been_sent(streamed, bars_of, select, draw):
    entry = streamed
    params = draw(entry, np.random.default_rng(14), longest=6)
    bars = entry.lookback(entry.defaults() | params) + 12
    panel = select(entry, bars_of(bars, symbols=2, seed=6))
    stream = open_live(entry, params, symbols=2, gap_policy="strict")
    rows = []
    for row in range(bars):
        bar = bar_at(panel, row)
        name = entry.inputs[row % len(entry.inputs)]
        bad = bar | {name: np.array([bar[name][0], (np.nan, np.inf, -np.inf)[row % 3]])}
        for send in (stream.update, stream.peek):
            with pytest.raises(NotFiniteError, match=name):
                send(bad)
        rows.append(stream.update(bar))
    batch = run(entry, panel, params, gap_policy="strict")
    for label, values in collect(stream, rows).items():
        assert_same_bits(values, batch.outputs[label])


def test_no_kernel_counts_bars_once_all_are_settled(streamed, bars_of, select):
    """What lets columns come together again that have not missed the same bars."""
    entry = streamed
    layout = layout_of(entry, window_of(entry, entry.defaults()))
    panel = select(entry, bars_of(layout.settled_bar + 40, symbols=2, seed=6))
    frames = np.array([panel[name] for name in entry.inputs]).transpose(1, 0, 2).copy()
    engine = Engine(layout, 2)
    for frame in frames[: layout.settled_bar]:
        engine.advance(frame)
    older = engine.kept()
    older.bars += 1_000_003
    for frame in frames[layout.settled_bar :]:
        assert_same_bits(older.advance(frame), engine.advance(frame))


def test_columns_that_missed_bars_come_together_again(bars_of):
    close = bars_of(400, symbols=30)["close"]
    close[np.random.default_rng(1).random(close.shape) < 0.05] = np.nan
    close[-60:] = 100.0 + np.arange(60)[:, np.newaxis]
    stream = open_stream("RSI", {"timeperiod": 5}, symbols=30)
    for row in close:
        stream.update({"close": row})
    assert len(stream._lanes.groups) < 10


def test_a_long_window_moves_its_rows_seldom(bars_of):
    close = bars_of(900, symbols=2)["close"]
    stream = open_stream("MOM", {"timeperiod": 300}, symbols=2)
    live = collect(stream, [stream.update({"close": row}) for row in close])
    assert_same_bits(live["real"], compute("MOM", {"close": close}, {"timeperiod": 300}).outputs["real"])


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_course_of_a_stream_is_the_batch_of_its_bars(data):
    name, params = data.draw(
        st.sampled_from(
            [("RSI", {"timeperiod": 3}), ("STOCHF", {"fastk_period": 3, "fastd_period": 2}), ("SAR", {}), ("OBV", {})]
        )
    )
    entry = OSCILLATORS.get(name)
    symbols = data.draw(st.integers(1, 4))
    policy = POLICIES[data.draw(st.sampled_from(sorted(POLICIES)))]
    price = st.one_of(st.integers(1, 9).map(float), st.just(np.nan))
    bar = st.lists(st.lists(price, min_size=symbols, max_size=symbols), min_size=len(entry.inputs), max_size=5)
    stream = open_stream(name, params, symbols=symbols, **policy)
    missing = np.full((len(entry.inputs), symbols), np.nan)
    kept, values = [], []
    for action in data.draw(st.lists(st.sampled_from("uuuuuuprsk"), max_size=40)):
        frame = np.array(data.draw(bar)[: len(entry.inputs)])
        if action == "s":
            stream = restore_stream(stream.snapshot())
        elif action == "k":
            count = data.draw(st.integers(1, 3))
            stream.skip(count)
            kept += [missing] * count
            values += [np.full((len(entry.outputs), symbols), np.nan)] * count
        elif action == "p":
            stream.peek_frame(frame)
        elif action == "r" and kept:
            kept[-1], values[-1] = frame, stream.replace_last_frame(frame)
        else:
            kept.append(frame)
            values.append(stream.update_frame(frame))
    if len(kept) > stream.lookback:
        panel = np.array(kept)
        batch = compute(name, {label: panel[:, i] for i, label in enumerate(entry.inputs)}, params, **policy)
        for i, label in enumerate(entry.outputs):
            assert_same_bits(np.array(values)[:, i], batch.outputs[label])


def test_a_single_column_takes_and_gives_numbers():
    stream = open_stream("MACD", {"fastperiod": 2, "slowperiod": 3, "signalperiod": 2})
    values = [stream.update({"close": close}) for close in (1, 2, 4, 7, 11)][-1]
    assert list(values) == ["macd", "macdsignal", "macdhist"]
    assert all(isinstance(value, float) and np.isfinite(value) for value in values.values())


def test_an_oscillator_that_looks_ahead_has_no_stream():
    with pytest.raises(InputError, match="a stream has none"):
        open_stream("DPOC")


@pytest.mark.parametrize(
    ("bar", "error", "field"),
    [
        ({"close": [1.0, 2.0]}, InputError, "bar.high"),
        ({"high": [1.0, 2.0], "low": [1.0, 2.0], "close": [1.0, 2.0], "volume": [1.0, 2.0]}, UnknownNameError, "bar"),
        ({"high": [1.0, 2.0], "low": [1.0], "close": [1.0, 2.0]}, ShapeMismatchError, "bar.low"),
        ({"high": [1.0, 2.0], "low": 1.0, "close": [1.0, 2.0]}, ShapeMismatchError, "bar.low"),
        ({"high": [1.0, 2.0], "low": [1.0, 2.0], "close": ["1", "2"]}, InputError, "bar.close"),
        ({"high": [1.0, 2.0], "low": [1.0, np.nan], "close": [1.0, 2.0]}, NotFiniteError, "bar.low"),
    ],
)
def test_a_wrong_bar_is_refused_and_changes_nothing(bar, error, field):
    stream = open_stream("ATR", {"timeperiod": 2}, symbols=2, gap_policy="strict")
    good = {"high": np.array([3.0, 4.0]), "low": np.array([1.0, 2.0]), "close": np.array([2.0, 3.0])}
    for factor in (1.0, 1.1, 1.3):
        stream.update({name: values * factor for name, values in good.items()})
    before = stream.snapshot()
    for method in (stream.update, stream.peek, stream.replace_last):
        with pytest.raises(error) as caught:
            method(bar)
        assert caught.value.field == field
        assert stream.snapshot() == before


def test_what_cannot_be_opened_says_why():
    for arguments, error, field in (
        ({"name": "RSY"}, UnknownNameError, "indicator"),
        ({"name": "RSI", "params": {"period": 3}}, UnknownNameError, "params"),
        ({"name": "RSI", "params": {"timeperiod": 1}}, InputError, "params.timeperiod"),
        ({"name": "RSI", "params": {"timeperiod": [3, 4]}}, InputError, "params.timeperiod"),
        ({"name": "RSI", "symbols": 0}, InputError, "symbols"),
        ({"name": "RSI", "gap_policy": "fill"}, UnknownNameError, "gap_policy"),
        ({"name": "RSI", "gap_policy": "taint", "max_gap_bars": 2}, InputError, "max_gap_bars"),
        ({"name": "RSI", "convention": "ralib"}, UnknownNameError, "convention"),
        ({"name": "RSI", "symbols": 11, "limits": StreamLimits(symbols=10)}, TooLargeError, "symbols"),
        (
            {"name": "MOM", "params": {"timeperiod": 90_000}, "symbols": 9, "limits": StreamLimits(state_bytes=10**6)},
            TooLargeError,
            "symbols",
        ),
        ({"name": "RSI", "symbols": 9, "limits": StreamLimits(snapshot_bytes=100)}, TooLargeError, "symbols"),
    ):
        with pytest.raises(error) as caught:
            open_stream(**arguments)
        assert caught.value.field == field


def test_skipping_and_replacing_have_their_limits():
    stream = open_stream("RSI")
    with pytest.raises(InputError, match="replace_last was sent before any bar"):
        stream.replace_last({"close": 1.0})
    for bars in (0, -1, 2**31):
        with pytest.raises(InputError, match="skip"):
            stream.skip(bars)
    with pytest.raises(InputError, match="strict"):
        open_stream("RSI", gap_policy="strict").skip()


def test_a_skipped_bar_may_be_replaced():
    closes = [5.0, 6.0, 5.5, 7.0]
    skipped, plain = (open_stream("RSI", {"timeperiod": 2}, gap_policy="restart") for _ in range(2))
    for close in closes:
        skipped.update({"close": close})
        plain.update({"close": close})
    skipped.skip(1)
    assert skipped.replace_last({"close": 6.0}) == plain.update({"close": 6.0})
    skipped.skip(1_000_000)
    assert skipped.bars == 1_000_005
    assert np.isnan(skipped.update({"close": 6.0})["real"])

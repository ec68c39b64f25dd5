"""The shared loops, against their plain Python and against loops that are too simple to be wrong."""

from __future__ import annotations

import numpy as np
import pytest

from riskwave.compute.oscillators import _division, _fused, _kernels, _recursions


def plain_ema(x, k, begin, y):
    out = np.full(x.size, np.nan)
    for i in range(begin, x.size):
        y += k * (x[i] - y)
        out[i] = y
    return out


@pytest.mark.parametrize("k", [0.9, 0.5, 2 / 15, 1 / 14])
@pytest.mark.parametrize("bars", [10, 700, 20_000, 20_003])
@pytest.mark.parametrize("kind", ["walk", "zeros", "steps", "negative zeros", "late spike"])
def test_chains_side_by_side_equal_the_plain_loop(k, bars, kind):
    rng = np.random.default_rng(0)
    x = {
        "walk": rng.normal(0, 1, bars).cumsum(),
        "zeros": np.zeros(bars),
        "steps": np.repeat(rng.normal(0, 1, bars // 10 + 1), 10)[:bars],
        "negative zeros": np.where(rng.random(bars) < 0.9, -0.0, rng.normal(0, 1, bars)),
        "late spike": np.where(np.arange(bars) == 3, 1e300, rng.normal(0, 1e-300, bars)),
    }[kind]
    out = np.full(bars, np.nan)
    last = _recursions.ema_chain(x, k, 3, 0.25, out)
    expected = plain_ema(x, k, 3, 0.25)
    np.testing.assert_array_equal(out.view(np.int64), expected.view(np.int64))
    assert last == expected[-1]


def test_a_guess_that_has_not_settled_is_repaired(monkeypatch):
    """With chains that start far too late, nearly every seam is wrong at first."""
    monkeypatch.setattr(_recursions, "SETTLING_TIME_CONSTANTS", 0.5)
    x = np.random.default_rng(1).normal(0, 1, 900).cumsum()
    out = np.full(900, np.nan)
    _recursions.ema_chain.py_func(x, 0.1, 0, 7.0, out)
    np.testing.assert_array_equal(out, plain_ema(x, 0.1, 0, 7.0))


@pytest.mark.parametrize("settling", [45.0, 0.5])
@pytest.mark.parametrize("bars", [10, 3_000, 20_003])
def test_macd_chains_equal_three_plain_loops(monkeypatch, settling, bars):
    monkeypatch.setattr(_fused, "SETTLING_TIME_CONSTANTS", settling)
    monkeypatch.setattr(_fused, "SIGNAL_TIME_CONSTANTS", settling / 3)
    x = np.random.default_rng(2).normal(0, 1, bars).cumsum()
    line, signal, histogram = (np.full(bars, np.nan) for _ in range(3))
    last = _fused.macd_chain.py_func(x, (0.2, 0.1, 0.3), (0.5, -0.5, 0.1), 2, line, signal, histogram)
    fast, slow = plain_ema(x, 0.2, 2, 0.5), plain_ema(x, 0.1, 2, -0.5)
    average = plain_ema(fast - slow, 0.3, 2, 0.1)
    np.testing.assert_array_equal(line[2:], (fast - slow)[2:])
    np.testing.assert_array_equal(signal[2:], average[2:])
    np.testing.assert_array_equal(histogram[2:], (fast - slow - average)[2:])
    assert last == (fast[-1], slow[-1], average[-1])


@pytest.mark.parametrize("settling", [45.0, 0.5])
@pytest.mark.parametrize("bars", [10, 3_000, 20_003])
@pytest.mark.parametrize("kind", ["walk", "flat after a jump"])
def test_rsi_chains_equal_two_plain_loops(monkeypatch, settling, bars, kind):
    monkeypatch.setattr(_fused, "SETTLING_TIME_CONSTANTS", settling)
    x = (
        np.random.default_rng(3).normal(0, 1, bars).cumsum()
        if kind == "walk"
        else np.where(np.arange(bars) < 5, 1.0, 2.0)
    )
    out, change = np.full(bars - 1, np.nan), np.diff(x)
    last = _fused.rsi_chain.py_func(x[1:], x[:-1], 0.1, 0.5, 0.25, 2, out)
    gain, loss = plain_ema(np.maximum(change, 0.0), 0.1, 2, 0.5), plain_ema(np.maximum(-change, 0.0), 0.1, 2, 0.25)
    np.testing.assert_array_equal(out[2:], (100.0 * gain / (gain + loss))[2:])
    assert last == (gain[-1], loss[-1])


@pytest.mark.parametrize("size", [1, 7, 8, 33])
def test_all_finite_sees_every_element(size):
    x = np.linspace(-1.0, 1.0, size) * 1e308
    assert _kernels.all_finite(x)
    for i in range(size):
        for bad in (np.nan, np.inf, -np.inf):
            broken = x.copy()
            broken[i] = bad
            assert not _kernels.all_finite(broken)


@pytest.mark.parametrize("cut", [1, 3, 5, 9, 20])
@pytest.mark.parametrize("lanes", [1, 2])
def test_bars_without_movement_leave_the_same_average_in_pieces(cut, lanes):
    """Pieces with and without such bars take different loops, also while the average is seeded."""
    shares = np.tile([3.0, 5.0, -1.0, 8.0, 2.0, 1.0, 9.0, -1.0, -1.0, 4.0, 6.0, 6.5], 3)
    x = np.repeat(shares, lanes)
    whole, pieces, state, parts_state = np.zeros(x.size), np.zeros(x.size), np.zeros(lanes), np.zeros(lanes)
    _recursions.ema_of_shares(x, 0.25, 6, 0, lanes, state, whole)
    for low in range(0, shares.size, cut):
        part = slice(low * lanes, (low + cut) * lanes)
        _recursions.ema_of_shares(x[part], 0.25, 6, low, lanes, parts_state, pieces[part])
    np.testing.assert_array_equal(whole[5 * lanes :], pieces[5 * lanes :])
    np.testing.assert_array_equal(state, parts_state)
    average = np.maximum(shares[:6], 0.0).mean()
    for share in shares[6:]:
        average += 0.25 * (share - average) if share >= 0.0 else 0.0
    assert whole[-1] == pytest.approx(average, rel=1e-14)


@pytest.mark.parametrize("cut", [1, 2, 4])
def test_the_directional_index_is_held_where_nothing_moves(cut):
    plus, minus = np.array([0.0, 0.0, 3.0, 1.0, 0.0, 0.0, 4.0]), np.array([0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    out, state = np.empty(7), np.zeros(1)
    for low in range(0, 7, cut):
        part = slice(low, low + cut)
        _recursions.directional_index(plus[part], minus[part], low, 1, state, out[part])
    np.testing.assert_array_equal(out, [0.0, 0.0, 50.0, 0.0, 0.0, 0.0, 100.0])


def hard_numerators(divisor: int, rng) -> np.ndarray:
    """Return whole multiples of a divisor and their neighbours, at every scale, and numbers of all bits."""
    multiples = np.floor(rng.integers(1, 2**53, 500) / divisor) * divisor + rng.integers(-1, 2, 500)
    values = np.concatenate([multiples, rng.integers(2**52, 2**53, 500).astype(float)])
    return np.where(values == 0.0, 1.0, values) * 2.0 ** rng.integers(-900, 900, 1000)


@pytest.mark.parametrize("divisor", [*range(3, 60), 99_991, 100_000, 2**31 + 1, 2**49 - 1, 2**50 - 1])
def test_quick_quotients_are_those_of_a_division(divisor):
    rng = np.random.default_rng(divisor)
    x, zeros, out = hard_numerators(divisor, rng), np.zeros(1000), np.empty(1000)
    for values in (x, -x):
        assert _division.quick_quotient(values, float(divisor), out)
        np.testing.assert_array_equal(out, values / divisor)
        assert _division.quick_mean4(values, zeros, zeros, zeros, float(divisor), out)
        np.testing.assert_array_equal(out, values / divisor)


def test_quick_thirds_are_those_of_a_division():
    x, zeros, out = hard_numerators(3, np.random.default_rng(3)), np.zeros(1000), np.empty(1000)
    assert _division.quick_third(x, zeros, zeros, out)
    np.testing.assert_array_equal(out, x / 3.0)


@pytest.mark.parametrize("value", [0.0, -0.0, 5e-324, -5e-324, 1e-300, 1.7e308, -1.7e308, np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("divisor", [3.0, 7.0, 100_000.0])
def test_numbers_that_have_no_quick_quotient_are_divided(value, divisor):
    x, zeros, out = np.full(40, 2.5), np.full(40, -0.0), np.empty(40)
    x[17] = value
    expected = (x / divisor).view(np.int64)
    for divide in (_division.divided, _division.divided.py_func):
        divide(x, divisor, out)
        np.testing.assert_array_equal(out.view(np.int64)[np.isfinite(x)], expected[np.isfinite(x)])
        np.testing.assert_array_equal(out[17], x[17] / divisor)
    _division.mean4(x, zeros, zeros, zeros, divisor, out)
    np.testing.assert_array_equal(out.view(np.int64)[np.isfinite(x)], expected[np.isfinite(x)])
    _division.third(x, zeros, zeros, out)
    np.testing.assert_array_equal(out.view(np.int64)[np.isfinite(x)], (x / 3.0).view(np.int64)[np.isfinite(x)])

"""Whole oscillators on eight chains at once: what `_chains` does with the rows that it has laid side by side.

`params` are the numbers of the program's steps, one after the other, each eight times: the chains may be parts of one
series, or windows of a sweep. `state` has eight numbers for each that the recursions keep, in the order of the steps,
and then for each input that is looked back to its value one bar before. Of `a`, `b` and `c`, the inputs, and of `p`,
`q` and `s`, the outputs, row r begins at element 8 r.
The formulas are those of `_kernels` and `_recursions`, and so are the bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.jit import kernel
from riskwave.compute.oscillators._eights import load, pick_equal, pick_greater, pick_not_below, spread, store

Floats = NDArray[np.float64]


@kernel()
def positive(x: Floats) -> Floats:
    """Take the larger of 0 and a number."""
    zero = spread(0.0)
    return pick_greater(x, zero, x, zero)


@kernel()
def quotient(a: Floats, b: Floats, empty: float) -> Floats:
    """Divide: ``a / b``, and `empty` where `b` is 0."""
    zero = spread(0.0)
    return pick_equal(b, zero, spread(empty), a / pick_equal(b, zero, spread(1.0), b))


@kernel()
def scaled_quotient(a: Floats, b: Floats, factor: Floats, empty: Floats) -> Floats:
    """Compute ``factor * (a / b)``, and `empty` where `b` is 0."""
    zero = spread(0.0)
    return pick_equal(b, zero, empty, factor * (a / pick_equal(b, zero, spread(1.0), b)))


@kernel()
def moved(y: Floats, x: Floats, k: Floats) -> Floats:
    """Return an exponential average, one bar on."""
    return y + k * (x - y)


@kernel()
def trix(params: Floats, state: Floats, rows: int, a: Floats, p: Floats) -> None:
    """Three averages in a row, and the change of the last in per cent."""
    k1, k2, k3, factor = load(params, 0), load(params, 24), load(params, 48), load(params, 72)
    first, second, third = load(state, 0), load(state, 8), load(state, 16)
    for r in range(rows):
        first = moved(first, load(a, 8 * r), k1)
        second = moved(second, first, k2)
        before, third = third, moved(third, second, k3)
        store(p, 8 * r, quotient(factor * (third - before), before, 0.0))
    store(state, 0, first)
    store(state, 8, second)
    store(state, 16, third)


@kernel()
def tsi(params: Floats, state: Floats, rows: int, a: Floats, p: Floats) -> None:
    """Compute changes over their sizes, both averaged twice, in per cent."""
    k1, k2, k3, k4 = load(params, 0), load(params, 24), load(params, 48), load(params, 72)
    factor, empty = load(params, 96), load(params, 104)
    net1, net, path1, path, before = load(state, 0), load(state, 8), load(state, 16), load(state, 24), load(state, 32)
    for r in range(rows):
        x = load(a, 8 * r)
        change, before = x - before, x
        net1, path1 = moved(net1, change, k1), moved(path1, abs(change), k3)
        net, path = moved(net, net1, k2), moved(path, path1, k4)
        store(p, 8 * r, scaled_quotient(net, path, factor, empty))
    store(state, 0, net1)
    store(state, 8, net)
    store(state, 16, path1)
    store(state, 24, path)
    store(state, 32, before)


@kernel()
def rsi(params: Floats, state: Floats, rows: int, a: Floats, p: Floats) -> None:
    """Share of the average rise in both averages, in per cent."""
    k, hundred, zero = load(params, 0), spread(100.0), spread(0.0)
    gain, loss, before = load(state, 0), load(state, 8), load(state, 16)
    for r in range(rows):
        x = load(a, 8 * r)
        change, before = x - before, x
        gain = moved(gain, positive(change), k)
        loss = moved(loss, pick_not_below(change, zero, zero, -change), k)
        store(p, 8 * r, quotient(hundred * gain, gain + loss, 0.0))
    store(state, 0, gain)
    store(state, 8, loss)
    store(state, 16, before)


@kernel()
def cmo(params: Floats, state: Floats, rows: int, a: Floats, p: Floats) -> None:
    """Difference of the average rise and fall over their sum, in per cent."""
    k1, k2, factor, zero = load(params, 0), load(params, 24), load(params, 48), spread(0.0)
    gain, loss, before = load(state, 0), load(state, 8), load(state, 16)
    for r in range(rows):
        x = load(a, 8 * r)
        change, before = x - before, x
        gain = moved(gain, positive(change), k1)
        loss = moved(loss, pick_not_below(change, zero, zero, -change), k2)
        store(p, 8 * r, quotient(factor * (gain - loss), gain + loss, 0.0))
    store(state, 0, gain)
    store(state, 8, loss)
    store(state, 16, before)


@kernel()
def macd(params: Floats, state: Floats, rows: int, a: Floats, p: Floats, q: Floats, s: Floats) -> None:
    """Fast less slow average, its own average, and the distance of the two."""
    k1, k2, k3 = load(params, 0), load(params, 8), load(params, 16)
    fast, slow, signal = load(state, 0), load(state, 8), load(state, 16)
    for r in range(rows):
        x = load(a, 8 * r)
        fast, slow = moved(fast, x, k1), moved(slow, x, k2)
        line = fast - slow
        signal = moved(signal, line, k3)
        store(p, 8 * r, line)
        store(q, 8 * r, signal)
        store(s, 8 * r, line - signal)
    store(state, 0, fast)
    store(state, 8, slow)
    store(state, 16, signal)


@kernel()
def eri(params: Floats, state: Floats, rows: int, a: Floats, b: Floats, c: Floats, p: Floats, q: Floats) -> None:
    """High and low less the average of the close."""
    k, average = load(params, 0), load(state, 0)
    for r in range(rows):
        average = moved(average, load(c, 8 * r), k)
        store(p, 8 * r, load(a, 8 * r) - average)
        store(q, 8 * r, load(b, 8 * r) - average)
    store(state, 0, average)


@kernel()
def move(rise: Floats, other: Floats, factor: Floats) -> Floats:
    """Take a rise, times a number, where it is positive and larger than the other; else 0."""
    return factor * pick_greater(rise, other, positive(rise), spread(0.0))


@kernel()
def directional_sum(params: Floats, state: Floats, rows: int, a: Floats, b: Floats, p: Floats, falling: bool) -> None:
    """Wilder's sum of the upward or the downward moves."""
    factor, k = load(params, 0), load(params, 8)
    total, high_before, low_before = load(state, 0), load(state, 8), load(state, 16)
    for r in range(rows):
        high, low = load(a, 8 * r), load(b, 8 * r)
        rise, fall = high - high_before, low_before - low
        total = moved(total, move(fall, rise, factor) if falling else move(rise, fall, factor), k)
        high_before, low_before = high, low
        store(p, 8 * r, total)
    store(state, 0, total)
    store(state, 8, high_before)
    store(state, 16, low_before)


@kernel()
def plus_dm(params: Floats, state: Floats, rows: int, a: Floats, b: Floats, p: Floats) -> None:
    """Wilder's sum of the upward moves."""
    directional_sum(params, state, rows, a, b, p, falling=False)


@kernel()
def minus_dm(params: Floats, state: Floats, rows: int, a: Floats, b: Floats, p: Floats) -> None:
    """Wilder's sum of the downward moves."""
    directional_sum(params, state, rows, a, b, p, falling=True)


@kernel()
def spanned(high: Floats, low: Floats, before: Floats, factor: Floats) -> Floats:
    """Multiply the true range with a number."""
    up, down, span = abs(high - before), abs(low - before), high - low
    further = pick_greater(up, down, up, down)
    return factor * pick_greater(span, further, span, further)


@kernel()
def directional_indicator(
    params: Floats, state: Floats, rows: int, a: Floats, b: Floats, c: Floats, p: Floats, falling: bool
) -> None:
    """Divide moves by true ranges, in per cent."""
    factor, k, span_factor, span_k = load(params, 0), load(params, 8), load(params, 32), load(params, 40)
    share, empty = load(params, 64), load(params, 72)
    total, span = load(state, 0), load(state, 8)
    high_before, low_before, before = load(state, 16), load(state, 24), load(state, 32)
    for r in range(rows):
        high, low, close = load(a, 8 * r), load(b, 8 * r), load(c, 8 * r)
        rise, fall = high - high_before, low_before - low
        total = moved(total, move(fall, rise, factor) if falling else move(rise, fall, factor), k)
        span = moved(span, spanned(high, low, before, span_factor), span_k)
        high_before, low_before, before = high, low, close
        store(p, 8 * r, scaled_quotient(total, span, share, empty))
    store(state, 0, total)
    store(state, 8, span)
    store(state, 16, high_before)
    store(state, 24, low_before)
    store(state, 32, before)


@kernel()
def plus_di(params: Floats, state: Floats, rows: int, a: Floats, b: Floats, c: Floats, p: Floats) -> None:
    """Upward moves over true ranges, in per cent."""
    directional_indicator(params, state, rows, a, b, c, p, falling=False)


@kernel()
def minus_di(params: Floats, state: Floats, rows: int, a: Floats, b: Floats, c: Floats, p: Floats) -> None:
    """Downward moves over true ranges, in per cent."""
    directional_indicator(params, state, rows, a, b, c, p, falling=True)


@kernel()
def dx(params: Floats, state: Floats, rows: int, a: Floats, b: Floats, p: Floats) -> None:
    """Difference of the two sums of moves over their sum, in per cent; with neither the last value again."""
    factor, k1, k2 = load(params, 0), load(params, 8), load(params, 32)
    plus, minus, last = load(state, 0), load(state, 8), load(state, 16)
    high_before, low_before = load(state, 24), load(state, 32)
    zero, hundred = spread(0.0), spread(100.0)
    for r in range(rows):
        high, low = load(a, 8 * r), load(b, 8 * r)
        rise, fall = high - high_before, low_before - low
        high_before, low_before = high, low
        plus, minus = moved(plus, move(rise, fall, factor), k1), moved(minus, move(fall, rise, factor), k2)
        both = plus + minus
        last = pick_equal(both, zero, last, scaled_quotient(abs(plus - minus), both, hundred, zero))
        store(p, 8 * r, last)
    store(state, 0, plus)
    store(state, 8, minus)
    store(state, 16, last)
    store(state, 24, high_before)
    store(state, 32, low_before)


@kernel()
def adx(params: Floats, state: Floats, rows: int, a: Floats, b: Floats, p: Floats) -> None:
    """Average of the directional index; a bar without movement leaves it as it is."""
    factor, k1, k2, k3 = load(params, 0), load(params, 8), load(params, 32), load(params, 56)
    plus, minus, average = load(state, 0), load(state, 8), load(state, 16)
    high_before, low_before = load(state, 24), load(state, 32)
    zero, hundred = spread(0.0), spread(100.0)
    for r in range(rows):
        high, low = load(a, 8 * r), load(b, 8 * r)
        rise, fall = high - high_before, low_before - low
        high_before, low_before = high, low
        plus, minus = moved(plus, move(rise, fall, factor), k1), moved(minus, move(fall, rise, factor), k2)
        both = plus + minus
        share = scaled_quotient(abs(plus - minus), both, hundred, zero)
        average = pick_equal(both, zero, average, moved(average, share, k3))
        store(p, 8 * r, average)
    store(state, 0, plus)
    store(state, 8, minus)
    store(state, 16, average)
    store(state, 24, high_before)
    store(state, 32, low_before)

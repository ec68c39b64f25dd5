"""Compiled recursions, shared by many oscillators: what a bar gives depends on a state that the bars before left.

Arrays are flat, as in `_kernels`. The chains of the lanes run side by side over a row; `state` has one row of lanes for
each number that is kept, and `seen` is how many bars it has had. None of them validates and none allocates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.jit import kernel

Floats = NDArray[np.float64]

# How many time constants a chain that starts in the middle of a series runs before its values are used: exp(-45) is
# below the rounding error, and the few bars beyond let the last bits agree. Only speed depends on it; see `ema`.
SETTLING_TIME_CONSTANTS = 45.0


@kernel()
def cumulative_sum(x: Floats, seen: int, lanes: int, state: Floats, out: Floats) -> None:
    """Add up each lane from the first bar on."""
    if seen == 0:
        state[:] = 0.0
    if lanes == 1:
        sum_so_far = state[0]
        for i in range(x.size):
            sum_so_far += x[i]
            out[i] = sum_so_far
        state[0] = sum_so_far
        return
    for t in range(x.size // lanes):
        row, result = x[t * lanes : (t + 1) * lanes], out[t * lanes : (t + 1) * lanes]
        for j in range(lanes):
            total = state[j] + row[j]
            state[j] = total
            result[j] = total


@kernel()
def ema_chain(x: Floats, k: float, begin: int, y: float, out: Floats) -> float:  # noqa: PLR0915 - eight of each
    """Continue one average ``y += k (x - y)`` from bar `begin` of a single series to its end.

    The recursion waits for its own result at every bar, which costs several times more than the arithmetic. So a long
    series is cut into eight, and eight chains run side by side, each but the first started `settling` bars early from
    the price there. Afterwards every seam is walked from the true value on until it meets, to the last bit, what
    the guess gave; from there on the two are the same computation. The result is that of the plain loop, always.
    """
    settling = int(SETTLING_TIME_CONSTANTS / k) + 1
    part = (x.size - begin) // 8
    if part < 2 * settling:
        for i in range(begin, x.size):
            y += k * (x[i] - y)
            out[i] = y
        return y
    body, target = x[begin:], out[begin:]
    x0, x1, x2, x3 = body[:part], body[part : 2 * part], body[2 * part : 3 * part], body[3 * part : 4 * part]
    x4, x5, x6 = body[4 * part : 5 * part], body[5 * part : 6 * part], body[6 * part : 7 * part]
    x7 = body[7 * part : 8 * part]
    o0, o1, o2, o3 = target[:part], target[part : 2 * part], target[2 * part : 3 * part], target[3 * part : 4 * part]
    o4, o5, o6 = target[4 * part : 5 * part], target[5 * part : 6 * part], target[6 * part : 7 * part]
    o7 = target[7 * part : 8 * part]
    y0, early = y, part - settling
    # Adding 0.0 keeps a negative zero out of the chains: it would equal the true zero and yet have another bit.
    y1, y2, y3, y4 = x0[early] + 0.0, x1[early] + 0.0, x2[early] + 0.0, x3[early] + 0.0
    y5, y6, y7 = x4[early] + 0.0, x5[early] + 0.0, x6[early] + 0.0
    for i in range(early, part):
        y1 += k * (x0[i] - y1)
        y2 += k * (x1[i] - y2)
        y3 += k * (x2[i] - y3)
        y4 += k * (x3[i] - y4)
        y5 += k * (x4[i] - y5)
        y6 += k * (x5[i] - y6)
        y7 += k * (x6[i] - y7)
    for i in range(part):
        y0 += k * (x0[i] - y0)
        o0[i] = y0
        y1 += k * (x1[i] - y1)
        o1[i] = y1
        y2 += k * (x2[i] - y2)
        o2[i] = y2
        y3 += k * (x3[i] - y3)
        o3[i] = y3
        y4 += k * (x4[i] - y4)
        o4[i] = y4
        y5 += k * (x5[i] - y5)
        o5[i] = y5
        y6 += k * (x6[i] - y6)
        o6[i] = y6
        y7 += k * (x7[i] - y7)
        o7[i] = y7
    for seam in range(1, 8):
        i = begin + seam * part
        end = i + part
        y = out[i - 1]
        while i < end:
            y += k * (x[i] - y)
            if y == out[i]:
                break
            out[i] = y
            i += 1
    y = out[begin + 8 * part - 1]
    for i in range(begin + 8 * part, x.size):
        y += k * (x[i] - y)
        out[i] = y
    return y


@kernel()
def ema(
    x: Floats, k: float, seed_bars: int, seed_divisor: float, seen: int, lanes: int, state: Floats, out: Floats
) -> None:
    """Exponential average ``y += k (x - y)`` of each lane.

    Its first value, at bar `seed_bars` - 1, is the sum of the first `seed_bars` bars divided by `seed_divisor`.
    """
    bars = x.size // lanes
    t = 0
    if seen == 0:
        state[:] = 0.0
    while t < bars and seen + t < seed_bars:
        row = t * lanes
        for j in range(lanes):
            # Updated in this way the mean of equal values is exactly their value.
            state[j] += (x[row + j] - state[j]) / (seen + t + 1)
        t += 1
        if seen + t == seed_bars:
            for j in range(lanes):
                state[j] *= seed_bars / seed_divisor
                out[row + j] = state[j]
    if lanes == 1:
        if t < bars:
            state[0] = ema_chain(x, k, t, state[0], out)
        return
    for bar in range(t, bars):
        values, result = x[bar * lanes : (bar + 1) * lanes], out[bar * lanes : (bar + 1) * lanes]
        for j in range(lanes):
            y = state[j]
            y += k * (values[j] - y)
            state[j] = y
            result[j] = y


@kernel()
def ema_varying(x: Floats, factor: Floats, start: Floats, seen: int, lanes: int, state: Floats, out: Floats) -> None:
    """Continue ``y += factor (x - y)`` with a factor for every bar; the first y is `start`."""
    if seen == 0:
        state[:] = start[:lanes]
    for t in range(out.size // lanes):
        row = t * lanes
        for j in range(lanes):
            y = state[j]
            y += factor[row + j] * (x[row + j] - y)
            state[j] = y
            out[row + j] = y


@kernel()
def ema_of_shares(x: Floats, k: float, seed_bars: int, seen: int, lanes: int, state: Floats, out: Floats) -> None:
    """Average like `ema`, except that a value below 0 leaves the average as it is, and adds 0 to the seed."""
    missing = 0
    for i in range(x.size):  # no early exit, so that the compiler vectorises the loop
        missing += 1 if x[i] < 0.0 else 0
    if missing == 0:
        ema(x, k, seed_bars, float(seed_bars), seen, lanes, state, out)
        return
    if seen == 0:
        state[:] = 0.0
    for t in range(x.size // lanes):
        for j in range(lanes):
            i = t * lanes + j
            y = state[j]
            if seen + t < seed_bars:
                y += ((max(x[i], 0.0)) - y) / (seen + t + 1)
            elif not x[i] < 0.0:  # what is not a number is passed on, as `ema` does
                y += k * (x[i] - y)
            state[j] = y
            out[i] = y


@kernel()
def directional_index(plus: Floats, minus: Floats, seen: int, lanes: int, state: Floats, out: Floats) -> None:
    """Compute ``100 |plus - minus| / (plus + minus)``; with neither the last value again, and 0 before the first."""
    if seen == 0:
        state[:] = 0.0
    empty = 0
    for i in range(plus.size):  # no early exit, so that the compiler vectorises the loop
        empty += 0 if plus[i] + minus[i] != 0.0 else 1
    for t in range(plus.size // lanes if empty else 0):
        for j in range(lanes):
            i = t * lanes + j
            both = plus[i] + minus[i]
            value = 100.0 * (abs(plus[i] - minus[i]) / both) if both != 0.0 else state[j]
            state[j] = value
            out[i] = value
    if not empty and plus.size:
        for i in range(plus.size):
            out[i] = 100.0 * (abs(plus[i] - minus[i]) / (plus[i] + minus[i]))
        state[:] = out[plus.size - lanes : plus.size]


@kernel()
def ratio_or_last(a: Floats, b: Floats, seen: int, lanes: int, state: Floats, out: Floats) -> None:
    """Divide: ``a / b``, where `b` is 0 the last ratio again, and 0 before the first."""
    if seen == 0:
        state[:] = 0.0
    zeros = 0
    for i in range(b.size):
        zeros += 0 if b[i] != 0.0 else 1
    if zeros == 0 and a.size:
        for i in range(a.size):
            out[i] = a[i] / b[i]
        state[:] = out[a.size - lanes :]
        return
    for t in range(a.size // lanes):
        row = t * lanes
        for j in range(lanes):
            divisor = b[row + j]
            safe = divisor if divisor != 0.0 else 1.0
            value = a[row + j] / safe
            value = value if divisor != 0.0 else state[j]
            state[j] = value
            out[row + j] = value


@kernel()
def previous_or_first(x: Floats, seen: int, lanes: int, state: Floats, out: Floats) -> None:
    """Take the value of the bar before; on the first bar, the value itself."""
    if seen == 0:
        state[:] = x[:lanes]
    out[:lanes] = state
    out[lanes:] = x[: x.size - lanes]
    state[:] = x[x.size - lanes :]


@kernel()
def hold_while_equal(x: Floats, y: Floats, before: Floats, seen: int, lanes: int, state: Floats, out: Floats) -> None:
    """Take `x`, but the last value again where `y` equals the one before it."""
    if seen == 0:
        state[:] = x[:lanes]
    if lanes == 1:
        value = state[0]
        for i in range(x.size):
            value = value if y[i] == before[i] else x[i]
            out[i] = value
        state[0] = value
        return
    for t in range(x.size // lanes):
        row = t * lanes
        for j in range(lanes):
            value = state[j] if y[row + j] == before[row + j] else x[row + j]
            state[j] = value
            out[row + j] = value


@kernel()
def compounded(growth: Floats, start: float, seen: int, lanes: int, state: Floats, out: Floats) -> None:
    """Multiply `start` by every ``1 + growth``."""
    if seen == 0:
        state[:] = start
    for t in range(growth.size // lanes):
        row = t * lanes
        for j in range(lanes):
            level = state[j] + state[j] * growth[row + j]
            state[j] = level
            out[row + j] = level


@kernel()
def signed_volume(
    close: Floats, before: Floats, volume: Floats, seen: int, lanes: int, state: Floats, out: Floats
) -> None:
    """Take the volume with the sign of the close's change; on the first bar the volume itself. No state is kept."""
    state[:] = 0.0
    for i in range(out.size):
        fallen = -volume[i] if close[i] < before[i] else 0.0
        out[i] = volume[i] if close[i] > before[i] else fallen
    if seen == 0:
        out[:lanes] = volume[:lanes]

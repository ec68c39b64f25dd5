"""Compiled loops shared by many oscillators.

Arrays are flat: a panel of (bars, lanes) in row-major order, so that a lag of one bar is a distance of `lanes` elements
and everything that works element by element sees one long array. The chains of a recursion run side by side over the
lanes of a row. None of them validates and none allocates.
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
def all_finite(x: Floats) -> bool:
    """Return whether `x` has neither NaN nor infinity."""
    bad = 0
    for i in range(x.size):  # no early exit, so that the compiler vectorises the loop
        bad += 0 if abs(x[i]) < np.inf else 1
    return bad == 0


@kernel()
def ratio(a: Floats, b: Floats, empty: float, out: Floats) -> None:
    """Divide: ``a / b``, and `empty` where `b` is 0."""
    for i in range(out.size):
        divisor = b[i]
        safe = divisor if divisor != 0.0 else 1.0
        value = a[i] / safe
        out[i] = value if divisor != 0.0 else empty


@kernel()
def select_greater(a: Floats, b: Floats, yes: Floats, no: Floats, out: Floats) -> None:
    """Take ``yes`` where ``a > b``, else ``no``."""
    for i in range(out.size):
        out[i] = yes[i] if a[i] > b[i] else no[i]


@kernel()
def select_equal(a: Floats, b: Floats, yes: Floats, no: Floats, out: Floats) -> None:
    """Take ``yes`` where ``a == b``, else ``no``."""
    for i in range(out.size):
        out[i] = yes[i] if a[i] == b[i] else no[i]


@kernel()
def largest4(a: Floats, b: Floats, c: Floats, d: Floats, out: Floats) -> None:
    """Return the largest of four."""
    for i in range(out.size):
        left = max(b[i], a[i])
        right = max(d[i], c[i])
        out[i] = max(right, left)


@kernel()
def smallest4(a: Floats, b: Floats, c: Floats, d: Floats, out: Floats) -> None:
    """Return the smallest of four."""
    for i in range(out.size):
        left = min(b[i], a[i])
        right = min(d[i], c[i])
        out[i] = min(right, left)


@kernel()
def sum4(a: Floats, b: Floats, c: Floats, d: Floats, out: Floats) -> None:
    """Add four."""
    for i in range(out.size):
        out[i] = (a[i] + b[i]) + (c[i] + d[i])


@kernel()
def mean4(a: Floats, b: Floats, c: Floats, d: Floats, divisor: float, out: Floats) -> None:
    """Add four and divide by a number."""
    for i in range(out.size):
        out[i] = ((a[i] + b[i]) + (c[i] + d[i])) / divisor


@kernel()
def percent_of_range(x: Floats, low: Floats, high: Floats, out: Floats) -> None:
    """Compute ``100 (x - low) / (high - low)``, and 0 where the range is 0."""
    for i in range(out.size):
        span = high[i] - low[i]
        safe = span if span != 0.0 else 1.0
        value = 100.0 * (x[i] - low[i]) / safe
        out[i] = value if span != 0.0 else 0.0


@kernel()
def true_range(high: Floats, low: Floats, before: Floats, out: Floats) -> None:
    """Take the largest of the range, and the distances of high and low to the close before."""
    for i in range(out.size):
        span, up, down = high[i] - low[i], abs(high[i] - before[i]), abs(low[i] - before[i])
        further = max(down, up)
        out[i] = max(further, span)


@kernel()
def distance(a: Floats, b: Floats, out: Floats) -> None:
    """Compute ``|a - b|``."""
    for i in range(out.size):
        out[i] = abs(a[i] - b[i])


@kernel()
def relative(a: Floats, b: Floats, base: Floats, factor: float, out: Floats) -> None:
    """Compute ``factor (a - b) / base``, and 0 where `base` is 0."""
    for i in range(out.size):
        divisor = base[i]
        safe = divisor if divisor != 0.0 else 1.0
        value = factor * (a[i] - b[i]) / safe
        out[i] = value if divisor != 0.0 else 0.0


@kernel()
def gain_loss(x: Floats, previous: Floats, gain: Floats, loss: Floats) -> None:
    """Split the change from `previous` to `x` into its rise and its fall, both at least 0."""
    for i in range(gain.size):
        change = x[i] - previous[i]
        gain[i] = max(0.0, change)
        loss[i] = -change if change < 0.0 else 0.0


@kernel()
def percent_share(part: Floats, rest: Floats, out: Floats) -> None:
    """Compute ``100 part / (part + rest)``, and 0 where the sum is 0."""
    for i in range(out.size):
        total = part[i] + rest[i]
        safe = total if total != 0.0 else 1.0
        value = 100.0 * part[i] / safe
        out[i] = value if total != 0.0 else 0.0


@kernel()
def cumulative_sum(x: Floats, seen: int, lanes: int, state: Floats, out: Floats) -> None:
    """Add up each lane from the first bar on."""
    if seen == 0:
        state[:] = 0.0
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
def ema_where(
    x: Floats,
    weight: Floats,
    k: float,
    seed_bars: int,
    seen: int,
    lanes: int,
    state: Floats,
    out: Floats,
) -> None:
    """Average like `ema`, except that a bar whose `weight` is 0 leaves the average as it is, and adds 0 to the seed."""
    defined = True
    for i in range(x.size):
        defined = defined and weight[i] != 0.0
    if defined:
        ema(x, k, seed_bars, float(seed_bars), seen, lanes, state, out)
        return
    if seen == 0:
        state[:] = 0.0
    for t in range(x.size // lanes):
        for j in range(lanes):
            i = t * lanes + j
            y = state[j]
            if seen + t < seed_bars:
                y += x[i] if weight[i] != 0.0 else 0.0
                if seen + t == seed_bars - 1:
                    y /= seed_bars
            elif weight[i] != 0.0:
                y += k * (x[i] - y)
            state[j] = y
            out[i] = y


@kernel()
def ratio_or_last(a: Floats, b: Floats, seen: int, lanes: int, state: Floats, out: Floats) -> None:
    """Divide: ``a / b``, where `b` is 0 the last ratio again, and 0 before the first."""
    if seen == 0:
        state[:] = 0.0
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
def newer_extremum(
    value: Floats, age: Floats, earlier: Floats, earlier_age: Floats, shift: float, best: Floats, best_age: Floats
) -> None:
    """Take the larger of two maxima and its age; of two equal ones the newer. `earlier` is `shift` bars older."""
    for i in range(best.size):
        stay = value[i] >= earlier[i]
        best[i] = value[i] if stay else earlier[i]
        best_age[i] = age[i] if stay else earlier_age[i] + shift


@kernel()
def mean_deviation_ratio(x: Floats, bars: int, lanes: int, out: Floats) -> None:
    """Divide the newest value's distance to the window's mean by the mean distance of all; 0 in a flat window.

    The mean is taken of the distances to the newest value, so that a flat window is recognised exactly.
    """
    size, shift = out.size, (bars - 1) * lanes
    tile = 512
    mean, spread = np.empty(tile), np.empty(tile)
    for begin in range(0, size, tile):
        width = min(tile, size - begin)
        newest = x[begin + shift : begin + shift + width]
        mean[:] = 0.0
        spread[:] = 0.0
        for k in range(bars - 1):
            part = x[begin + k * lanes : begin + k * lanes + width]
            for i in range(width):
                mean[i] += part[i] - newest[i]
        for i in range(width):
            mean[i] /= bars
        for k in range(bars):
            part = x[begin + k * lanes : begin + k * lanes + width]
            for i in range(width):
                spread[i] += abs((part[i] - newest[i]) - mean[i])
        result = out[begin : begin + width]
        for i in range(width):
            total = spread[i] / bars
            safe = total if total != 0.0 else 1.0
            value = -mean[i] / safe
            result[i] = value if total != 0.0 else 0.0


@kernel()
def directional_moves(
    high: Floats, high_before: Floats, low: Floats, low_before: Floats, plus: Floats, minus: Floats
) -> None:
    """Take the larger of the high's rise and the low's fall, where it is positive; neither when they are equal."""
    for i in range(plus.size):
        rise, fall = high[i] - high_before[i], low_before[i] - low[i]
        plus[i] = rise if rise > fall and rise > 0.0 else 0.0
        minus[i] = fall if fall > rise and fall > 0.0 else 0.0


@kernel()
def williams_flow(close: Floats, before: Floats, high: Floats, low: Floats, out: Floats) -> None:
    """Measure the close from the true low where it rose, and from the true high where it fell."""
    for i in range(out.size):
        true_low = min(before[i], low[i])
        true_high = max(before[i], high[i])
        fallen = close[i] - true_high if close[i] < before[i] else 0.0
        out[i] = close[i] - true_low if close[i] > before[i] else fallen


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


@kernel()
def merge_comoment(
    newer: Floats,
    older: Floats,
    x_newer: Floats,
    x_older: Floats,
    y_newer: Floats,
    y_older: Floats,
    p: float,
    q: float,
    out: Floats,
) -> None:
    """Merge the co-moments of p newer and q older pairs, given those and the sums of x and y."""
    weight = p * q / (p + q)
    for i in range(out.size):
        dx, dy = x_newer[i] / p - x_older[i] / q, y_newer[i] / p - y_older[i] / q
        out[i] = (newer[i] + older[i]) + dx * dy * weight


@kernel()
def rank_below(x: Floats, bars: int, lanes: int, out: Floats) -> None:
    """Count the values of the window below its newest, in per cent of the others."""
    size, newest = out.size, (bars - 1) * lanes
    for begin in range(0, size, 512):
        result = out[begin : min(begin + 512, size)]
        last = x[begin + newest : begin + newest + result.size]
        result[:] = 0.0
        for k in range(bars - 1):
            part = x[begin + k * lanes : begin + k * lanes + result.size]
            for i in range(result.size):
                result[i] += 1.0 if part[i] < last[i] else 0.0
        for i in range(result.size):
            result[i] = 100.0 * result[i] / (bars - 1)

"""Compiled loops, shared by many oscillators, that look at each bar or each window by itself.

Arrays are flat: a panel of (bars, lanes) in row-major order, so that a lag of one bar is a distance of `lanes` elements
and everything that works element by element sees one long array. None of them validates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.jit import kernel

Floats = NDArray[np.float64]

_NOTHING, _EXPONENT, _CARRY = np.uint64(0), np.uint64(0x7FF << 52), np.uint64(1 << 52)
_SIGN = np.uint64(1 << 63)


@kernel()
def all_finite(x: Floats) -> bool:
    """Return whether `x` has neither NaN nor infinity."""
    words, found = x.view(np.uint64), _NOTHING
    for i in range(words.size):  # no early exit, so that the compiler vectorises the loop
        # The exponent of those alone has all its bits set, and then one more carries into the sign.
        found |= (words[i] & _EXPONENT) + _CARRY
    return bool(found < _SIGN)


@kernel()
def larger(a: Floats, b: Floats, out: Floats) -> None:
    """Take the larger of two; of zeros with different signs the first, where NumPy's depends on the processor."""
    for i in range(out.size):
        out[i] = max(a[i], b[i])


@kernel()
def smaller(a: Floats, b: Floats, out: Floats) -> None:
    """Take the smaller of two; of zeros with different signs the first."""
    for i in range(out.size):
        out[i] = min(a[i], b[i])


@kernel()
def ratio(a: Floats, b: Floats, empty: float, out: Floats) -> None:
    """Divide: ``a / b``, and `empty` where `b` is 0."""
    for i in range(out.size):
        divisor = b[i]
        safe = divisor if divisor != 0.0 else 1.0
        value = a[i] / safe
        out[i] = value if divisor != 0.0 else empty


@kernel()
def scaled_ratio(a: Floats, b: Floats, factor: float, empty: float, out: Floats) -> None:
    """Compute ``factor * (a / b)``, and `empty` where `b` is 0."""
    for i in range(out.size):
        divisor = b[i]
        safe = divisor if divisor != 0.0 else 1.0
        value = factor * (a[i] / safe)
        out[i] = value if divisor != 0.0 else empty


@kernel()
def ratio_of_distances(a: Floats, b: Floats, c: Floats, d: Floats, out: Floats) -> None:
    """Compute ``(a - b) / (c - d)``, and 0 where the divisor is 0."""
    for i in range(out.size):
        divisor = c[i] - d[i]
        safe = divisor if divisor != 0.0 else 1.0
        value = (a[i] - b[i]) / safe
        out[i] = value if divisor != 0.0 else 0.0


@kernel()
def middle(a: Floats, b: Floats, out: Floats) -> None:
    """Take the mean of two."""
    for i in range(out.size):
        out[i] = (a[i] + b[i]) * 0.5


@kernel()
def split_flow(price: Floats, before: Floats, volume: Floats, rising: Floats, falling: Floats) -> None:
    """Take price times volume where the price rose and where it fell; neither where it is unchanged."""
    for i in range(rising.size):
        flow = price[i] * volume[i]
        rising[i] = flow if price[i] > before[i] else 0.0
        falling[i] = flow if before[i] > price[i] else 0.0


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
def sum7(a: Floats, b: Floats, c: Floats, d: Floats, e: Floats, f: Floats, g: Floats, out: Floats) -> None:
    """Add seven: what `sum4` gives for the sum of the first four and the others."""
    for i in range(out.size):
        out[i] = (((a[i] + b[i]) + (c[i] + d[i])) + e[i]) + (f[i] + g[i])


@kernel()
def scaled4(a: Floats, b: Floats, c: Floats, d: Floats, factor: float, out: Floats) -> None:
    """Add four and multiply with a number: for a power of two what `_division.mean4` gives."""
    for i in range(out.size):
        out[i] = ((a[i] + b[i]) + (c[i] + d[i])) * factor


@kernel()
def percent_of_range(x: Floats, low: Floats, high: Floats, out: Floats) -> None:
    """Compute ``100 (x - low) / (high - low)``, and 0 where the range is 0."""
    for i in range(out.size):
        span = high[i] - low[i]
        safe = span if span != 0.0 else 1.0
        value = 100.0 * (x[i] - low[i]) / safe
        out[i] = value if span != 0.0 else 0.0


@kernel()
def percent_below(x: Floats, low: Floats, high: Floats, out: Floats) -> None:
    """Compute ``-100 (high - x) / (high - low)``, and 0 where the range is 0."""
    for i in range(out.size):
        span = high[i] - low[i]
        safe = span if span != 0.0 else 1.0
        value = -(100.0 * (high[i] - x[i]) / safe)
        out[i] = value if span != 0.0 else 0.0


@kernel()
def true_range(high: Floats, low: Floats, before: Floats, out: Floats) -> None:
    """Take the largest of the range, and the distances of high and low to the close before."""
    for i in range(out.size):
        span, up, down = high[i] - low[i], abs(high[i] - before[i]), abs(low[i] - before[i])
        further = max(down, up)
        out[i] = max(further, span)


@kernel()
def scaled_true_range(high: Floats, low: Floats, before: Floats, factor: float, out: Floats) -> None:
    """Multiply the true range with a number."""
    for i in range(out.size):
        span, up, down = high[i] - low[i], abs(high[i] - before[i]), abs(low[i] - before[i])
        further = max(down, up)
        out[i] = factor * max(further, span)


@kernel()
def above_true_low(close: Floats, low: Floats, before: Floats, out: Floats) -> None:
    """Measure the close from the lower of the low and the close before."""
    for i in range(out.size):
        out[i] = close[i] - min(low[i], before[i])


@kernel()
def weighted_ratios(a: Floats, b: Floats, c: Floats, d: Floats, e: Floats, f: Floats, out: Floats) -> None:
    """Compute ``(4 a / b + 2 c / d + e / f) / 7`` in per cent; a term whose divisor is 0 counts 0."""
    for i in range(out.size):
        p, q, r = b[i], d[i], f[i]
        first, second = a[i] / (p if p != 0.0 else 1.0), c[i] / (q if q != 0.0 else 1.0)
        third_ = e[i] / (r if r != 0.0 else 1.0)
        first, second = 4.0 * (first if p != 0.0 else 0.0), 2.0 * (second if q != 0.0 else 0.0)
        out[i] = ((first + second) + (third_ if r != 0.0 else 0.0)) * (100.0 / 7.0)


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
    """Split a change into its rise and its fall, both at least 0; what is not a number stays so in the fall."""
    for i in range(gain.size):
        change = x[i] - previous[i]
        gain[i] = max(0.0, change)
        loss[i] = 0.0 if change >= 0.0 else -change


@kernel()
def percent_share(part: Floats, rest: Floats, out: Floats) -> None:
    """Compute ``100 part / (part + rest)``, and 0 where the sum is 0."""
    for i in range(out.size):
        total = part[i] + rest[i]
        safe = total if total != 0.0 else 1.0
        value = 100.0 * part[i] / safe
        out[i] = value if total != 0.0 else 0.0


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
def newest_extremum4(a: Floats, b: Floats, c: Floats, d: Floats, sign: float, best: Floats, best_age: Floats) -> None:
    """Take the largest of four values in a row, each times `sign`, and its age; of equal ones the newest."""
    for i in range(best.size):
        p, q, r, s = sign * a[i], sign * b[i], sign * c[i], sign * d[i]
        newer, newer_age = max(p, q), 0.0 if p >= q else 1.0
        older, older_age = max(r, s), 2.0 if r >= s else 3.0
        best[i] = max(newer, older)
        best_age[i] = newer_age if newer >= older else older_age


@kernel()
def percent_left(age: Floats, bars: float, out: Floats) -> None:
    """Compute ``100 (bars - age) / bars``."""
    for i in range(out.size):
        out[i] = 100.0 * (bars - age[i]) / bars


@kernel()
def add_distances(total: Floats, x: Floats, at: int, lanes: int, count: int, newest: Floats) -> None:
    """Add the distances of `count` values, one bar apart from `at` on, to the newest of each window; four a pass."""
    size, done = total.size, count - count % 4
    for k in range(0, done, 4):
        begin = at + k * lanes
        p, q = x[begin : begin + size], x[begin + lanes : begin + lanes + size]
        r, s = x[begin + 2 * lanes : begin + 2 * lanes + size], x[begin + 3 * lanes : begin + 3 * lanes + size]
        for i in range(size):
            base = newest[i]
            total[i] = (((total[i] + (p[i] - base)) + (q[i] - base)) + (r[i] - base)) + (s[i] - base)
    for k in range(done, count):
        p = x[at + k * lanes : at + k * lanes + size]
        for i in range(size):
            total[i] += p[i] - newest[i]


@kernel()
def add_deviations(total: Floats, x: Floats, at: int, lanes: int, count: int, newest: Floats, mean: Floats) -> None:
    """Add how far `count` values lie from the mean, which like them is measured from the newest; four a pass."""
    size, done = total.size, count - count % 4
    for k in range(0, done, 4):
        begin = at + k * lanes
        p, q = x[begin : begin + size], x[begin + lanes : begin + lanes + size]
        r, s = x[begin + 2 * lanes : begin + 2 * lanes + size], x[begin + 3 * lanes : begin + 3 * lanes + size]
        for i in range(size):
            base, middle = newest[i], mean[i]
            older = (total[i] + abs((p[i] - base) - middle)) + abs((q[i] - base) - middle)
            total[i] = (older + abs((r[i] - base) - middle)) + abs((s[i] - base) - middle)
    for k in range(done, count):
        p = x[at + k * lanes : at + k * lanes + size]
        for i in range(size):
            total[i] += abs((p[i] - newest[i]) - mean[i])


@kernel()
def mean_deviation_ratio(x: Floats, bars: int, lanes: int, out: Floats) -> None:
    """Divide the newest value's distance to the window's mean by the mean distance of all; 0 in a flat window.

    The mean is taken of the distances to the newest value, so that a flat window is recognised exactly.
    """
    shift, tile = (bars - 1) * lanes, 512
    means, spreads = np.empty(tile), np.empty(tile)
    for begin in range(0, out.size, tile):
        width = min(tile, out.size - begin)
        mean, spread, result = means[:width], spreads[:width], out[begin : begin + width]
        newest = x[begin + shift : begin + shift + width]
        mean[:] = 0.0
        add_distances(mean, x, begin, lanes, bars - 1, newest)
        for i in range(width):
            mean[i] /= bars
        spread[:] = 0.0
        add_deviations(spread, x, begin, lanes, bars, newest, mean)
        for i in range(width):
            total = spread[i] / bars
            safe = total if total != 0.0 else 1.0
            value = -mean[i] / safe
            result[i] = value if total != 0.0 else 0.0


@kernel()
def directional_moves(
    high: Floats, high_before: Floats, low: Floats, low_before: Floats, factor: float, plus: Floats, minus: Floats
) -> None:
    """Take the larger of the high's rise and the low's fall, where it is positive, times a number greater than 0.

    Neither is taken when they are equal.
    """
    for i in range(plus.size):
        rise, fall = high[i] - high_before[i], low_before[i] - low[i]
        plus[i] = factor * (max(0.0, rise) if rise > fall else 0.0)
        minus[i] = factor * (max(0.0, fall) if fall > rise else 0.0)


@kernel()
def larger_move(a: Floats, a_before: Floats, b: Floats, b_before: Floats, factor: float, out: Floats) -> None:
    """Take the rise of `a`, times a number, where it is positive and larger than that of `b`; else 0."""
    for i in range(out.size):
        rise, other = a[i] - a_before[i], b[i] - b_before[i]
        out[i] = factor * (max(0.0, rise) if rise > other else 0.0)


@kernel()
def directional_share(plus: Floats, minus: Floats, out: Floats) -> None:
    """Compute ``100 |plus - minus| / (plus + minus)``, and -1 where there is neither."""
    for i in range(out.size):
        both = plus[i] + minus[i]
        safe = both if both != 0.0 else 1.0
        value = 100.0 * (abs(plus[i] - minus[i]) / safe)
        out[i] = value if both != 0.0 else -1.0


@kernel()
def williams_flow(close: Floats, before: Floats, high: Floats, low: Floats, out: Floats) -> None:
    """Measure the close from the true low where it rose, and from the true high where it fell."""
    for i in range(out.size):
        true_low = min(before[i], low[i])
        true_high = max(before[i], high[i])
        fallen = close[i] - true_high if close[i] < before[i] else 0.0
        out[i] = close[i] - true_low if close[i] > before[i] else fallen


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
def merge_weighted(
    newer: Floats, newer_sum: Floats, older: Floats, older_sum: Floats, older_bars: float, out: Floats, out_sum: Floats
) -> None:
    """Merge weighted sums, in which the oldest value counts once, and plain sums of newer and older values."""
    for i in range(out.size):
        out[i] = (newer[i] + older_bars * newer_sum[i]) + older[i]
        out_sum[i] = newer_sum[i] + older_sum[i]


@kernel()
def merge_tilted(
    newer: Floats,
    newer_sum: Floats,
    older: Floats,
    older_sum: Floats,
    newer_bars: float,
    older_bars: float,
    out: Floats,
    out_sum: Floats,
) -> None:
    """Merge sums weighted by the distance to the middle, and plain sums, of newer and older values."""
    right, left = older_bars / 2.0, newer_bars / 2.0
    for i in range(out.size):
        out[i] = (newer[i] + older[i]) + (right * newer_sum[i] - left * older_sum[i])
        out_sum[i] = newer_sum[i] + older_sum[i]


@kernel()
def rank_below(x: Floats, bars: int, lanes: int, out: Floats) -> None:
    """Count the values of the window below its newest, in per cent of the others."""
    size, newest, done = out.size, (bars - 1) * lanes, bars - 1 - (bars - 1) % 4
    for begin in range(0, size, 512):
        result = out[begin : min(begin + 512, size)]
        width = result.size
        last = x[begin + newest : begin + newest + width]
        result[:] = 0.0
        for k in range(0, done, 4):
            at = begin + k * lanes
            p, q = x[at : at + width], x[at + lanes : at + lanes + width]
            r, s = x[at + 2 * lanes : at + 2 * lanes + width], x[at + 3 * lanes : at + 3 * lanes + width]
            for i in range(width):
                value = last[i]
                older = (1.0 if p[i] < value else 0.0) + (1.0 if q[i] < value else 0.0)
                newer = (1.0 if r[i] < value else 0.0) + (1.0 if s[i] < value else 0.0)
                result[i] += older + newer
        for k in range(done, bars - 1):
            p = x[begin + k * lanes : begin + k * lanes + width]
            for i in range(width):
                result[i] += 1.0 if p[i] < last[i] else 0.0
        for i in range(width):
            result[i] = 100.0 * result[i] / (bars - 1)

"""Whole oscillators as one recursion each: what a chain of steps would write and read again stays in registers.

They follow the conventions of `_recursions`, and give the bits that its steps would give one after the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.jit import kernel

Floats = NDArray[np.float64]
Quarters = tuple[Floats, Floats, Floats, Floats]
Triple = tuple[float, float, float]

# As in `_recursions`: how many time constants a chain that starts in the middle runs before its values are used.
SETTLING_TIME_CONSTANTS = 45.0
# The signal line settles to the last bit only after the averages that it follows have: relative to it, their rounding
# errors are a thousand times larger.
SIGNAL_TIME_CONSTANTS = 15.0


@kernel()
def quarters(x: Floats, begin: int, part: int) -> Quarters:
    """Return four views in a row, of `part` values each, from `begin` on."""
    second, third, fourth = begin + part, begin + 2 * part, begin + 3 * part
    return x[begin:second], x[second:third], x[third:fourth], x[fourth : fourth + part]


@kernel()
def macd_step(x: float, factors: Triple, averages: Triple) -> Triple:
    """Return the fast and the slow average and that of their difference, one bar on."""
    fast, slow, signal = averages
    fast += factors[0] * (x - fast)
    slow += factors[1] * (x - slow)
    signal += factors[2] * ((fast - slow) - signal)
    return fast, slow, signal


@kernel()
def macd_bars(
    x: Floats,
    factors: Triple,
    averages: Triple,
    begin: int,
    end: int,
    line: Floats,
    signal: Floats,
    histogram: Floats,
) -> Triple:
    """Continue the three averages of a single series, bar after bar."""
    for i in range(begin, end):
        averages = macd_step(x[i], factors, averages)
        line[i], signal[i] = averages[0] - averages[1], averages[2]
        histogram[i] = line[i] - signal[i]
    return averages


@kernel()
def macd_chain(
    x: Floats, factors: Triple, averages: Triple, begin: int, line: Floats, signal: Floats, histogram: Floats
) -> Triple:
    """Continue the three averages of a single series from bar `begin` to its end.

    Four chains run side by side, as in `_recursions.ema_chain`. A seam holds when all averages arrive there with the
    bits that the guess had; else its part is computed again from the true values.
    """
    settling = int(SETTLING_TIME_CONSTANTS / min(factors) + SIGNAL_TIME_CONSTANTS / factors[2]) + 1
    part = (x.size - begin) // 4
    if part < 2 * settling:
        return macd_bars(x, factors, averages, begin, x.size, line, signal, histogram)
    x0, x1, x2, x3 = quarters(x, begin, part)
    line0, line1, line2, line3 = quarters(line, begin, part)
    signal0, signal1, signal2, signal3 = quarters(signal, begin, part)
    histogram0, histogram1, histogram2, histogram3 = quarters(histogram, begin, part)
    early = part - settling
    # Adding 0.0 keeps a negative zero out of the chains: it would equal the true zero and yet have another bit.
    a0, a1 = averages, (x0[early] + 0.0, x0[early] + 0.0, 0.0)
    a2, a3 = (x1[early] + 0.0, x1[early] + 0.0, 0.0), (x2[early] + 0.0, x2[early] + 0.0, 0.0)
    for i in range(early, part):
        a1, a2 = macd_step(x0[i], factors, a1), macd_step(x1[i], factors, a2)
        a3 = macd_step(x2[i], factors, a3)
    guesses = (a1, a2, a3)
    for i in range(part):
        a0, a1 = macd_step(x0[i], factors, a0), macd_step(x1[i], factors, a1)
        a2, a3 = macd_step(x2[i], factors, a2), macd_step(x3[i], factors, a3)
        line0[i], signal0[i], histogram0[i] = a0[0] - a0[1], a0[2], (a0[0] - a0[1]) - a0[2]
        line1[i], signal1[i], histogram1[i] = a1[0] - a1[1], a1[2], (a1[0] - a1[1]) - a1[2]
        line2[i], signal2[i], histogram2[i] = a2[0] - a2[1], a2[2], (a2[0] - a2[1]) - a2[2]
        line3[i], signal3[i], histogram3[i] = a3[0] - a3[1], a3[2], (a3[0] - a3[1]) - a3[2]
    ends = (a1, a2, a3)
    averages = a0
    for seam in range(3):
        if averages == guesses[seam]:
            averages = ends[seam]
        else:
            low = begin + (seam + 1) * part
            averages = macd_bars(x, factors, averages, low, low + part, line, signal, histogram)
    return macd_bars(x, factors, averages, begin + 4 * part, x.size, line, signal, histogram)


@kernel()
def macd_seed(
    x: Floats,
    factors: Triple,
    seed_bars: tuple[int, int, int],
    seen: int,
    lanes: int,
    state: Floats,
    line: Floats,
    signal: Floats,
    histogram: Floats,
) -> int:
    """Take in the bars up to the signal line's first; return how many of `x` that were.

    The fast and the slow average are the means of as many bars on the bar where the slow one begins; the signal line
    is the mean of its first values in turn.
    """
    fast_bars, slow_bars, signal_bars = seed_bars
    count = min(x.size // lanes, max(0, slow_bars + signal_bars - 1 - seen))
    for t in range(count):
        fast_had, slow_had, signal_had = seen + t - (slow_bars - fast_bars), seen + t, seen + t - (slow_bars - 1)
        for j in range(lanes):
            i = t * lanes + j
            fast, slow, average = state[j], state[lanes + j], state[2 * lanes + j]
            # Updated in this way the mean of equal values is exactly their value.
            if slow_had < slow_bars:
                slow += (x[i] - slow) / (slow_had + 1)
                fast += (x[i] - fast) / (fast_had + 1) if fast_had >= 0 else 0.0
            else:
                fast += factors[0] * (x[i] - fast)
                slow += factors[1] * (x[i] - slow)
            if signal_had >= 0:
                average += ((fast - slow) - average) / (signal_had + 1)
            state[j], state[lanes + j], state[2 * lanes + j] = fast, slow, average
            line[i], signal[i], histogram[i] = fast - slow, average, (fast - slow) - average
    return count


@kernel()
def macd(
    x: Floats,
    fast_k: float,
    slow_k: float,
    signal_k: float,
    fast_bars: int,
    slow_bars: int,
    signal_bars: int,
    seen: int,
    lanes: int,
    state: Floats,
    line: Floats,
    signal: Floats,
    histogram: Floats,
) -> None:
    """Compute a fast less a slow exponential average, the average of that, and the distance between the two.

    The averages are seeded with the means of their first bars; those of the fast and the slow one end on the same bar.
    """
    factors = (fast_k, slow_k, signal_k)
    if seen == 0:
        state[:] = 0.0
    t = macd_seed(x, factors, (fast_bars, slow_bars, signal_bars), seen, lanes, state, line, signal, histogram)
    if lanes == 1:
        if t < x.size:
            averages = (state[0], state[1], state[2])
            state[0], state[1], state[2] = macd_chain(x, factors, averages, t, line, signal, histogram)
        return
    fast, slow, average = state[:lanes], state[lanes : 2 * lanes], state[2 * lanes :]
    for bar in range(t, x.size // lanes):
        low, high = bar * lanes, (bar + 1) * lanes
        values, line_row, signal_row, histogram_row = x[low:high], line[low:high], signal[low:high], histogram[low:high]
        # Three loops, as the compiler vectorises none over more arrays than it can tell apart.
        for j in range(lanes):
            fast[j] += fast_k * (values[j] - fast[j])
        for j in range(lanes):
            y = slow[j]
            y += slow_k * (values[j] - y)
            slow[j] = y
            line_row[j] = fast[j] - y
        for j in range(lanes):
            y, value = average[j], line_row[j]
            y += signal_k * (value - y)
            average[j] = y
            signal_row[j] = y
            histogram_row[j] = value - y


@kernel()
def rise_fall(change: float) -> tuple[float, float]:
    """Split a change into its rise and its fall, both at least 0; what is not a number stays so in the fall."""
    return max(0.0, change), 0.0 if change >= 0.0 else -change


@kernel()
def rsi_step(change: float, k: float, gain: float, loss: float) -> tuple[float, float]:
    """Return the averages of the rises and the falls, one bar on."""
    rise, fall = rise_fall(change)
    return gain + k * (rise - gain), loss + k * (fall - loss)


@kernel()
def percent_of_both(gain: float, loss: float) -> float:
    """Compute ``100 gain / (gain + loss)``, and 0 where the sum is 0."""
    total = gain + loss
    safe = total if total != 0.0 else 1.0
    value = 100.0 * gain / safe
    return value if total != 0.0 else 0.0


@kernel()
def rsi_bars(
    x: Floats, before: Floats, k: float, gain: float, loss: float, begin: int, end: int, out: Floats
) -> tuple[float, float]:
    """Continue both averages of a single series, bar after bar."""
    for i in range(begin, end):
        gain, loss = rsi_step(x[i] - before[i], k, gain, loss)
        out[i] = percent_of_both(gain, loss)
    return gain, loss


@kernel()
def rsi_chain(
    x: Floats, before: Floats, k: float, gain: float, loss: float, begin: int, out: Floats
) -> tuple[float, float]:
    """Continue both averages of a single series from bar `begin` to its end, by four chains like `macd_chain`."""
    settling = int(SETTLING_TIME_CONSTANTS / k) + 1
    part = (x.size - begin) // 4
    if part < 2 * settling:
        return rsi_bars(x, before, k, gain, loss, begin, x.size, out)
    x0, x1, x2, x3 = quarters(x, begin, part)
    b0, b1, b2, b3 = quarters(before, begin, part)
    o0, o1, o2, o3 = quarters(out, begin, part)
    g0, l0 = gain, loss
    g1 = l1 = g2 = l2 = g3 = l3 = 0.0
    for i in range(part - settling, part):
        g1, l1 = rsi_step(x0[i] - b0[i], k, g1, l1)
        g2, l2 = rsi_step(x1[i] - b1[i], k, g2, l2)
        g3, l3 = rsi_step(x2[i] - b2[i], k, g3, l3)
    guesses = ((g1, l1), (g2, l2), (g3, l3))
    for i in range(part):
        g0, l0 = rsi_step(x0[i] - b0[i], k, g0, l0)
        g1, l1 = rsi_step(x1[i] - b1[i], k, g1, l1)
        g2, l2 = rsi_step(x2[i] - b2[i], k, g2, l2)
        g3, l3 = rsi_step(x3[i] - b3[i], k, g3, l3)
        o0[i], o1[i] = percent_of_both(g0, l0), percent_of_both(g1, l1)
        o2[i], o3[i] = percent_of_both(g2, l2), percent_of_both(g3, l3)
    ends = ((g1, l1), (g2, l2), (g3, l3))
    gain, loss = g0, l0
    for seam in range(3):
        if (gain, loss) == guesses[seam]:
            gain, loss = ends[seam]
        else:
            low = begin + (seam + 1) * part
            gain, loss = rsi_bars(x, before, k, gain, loss, low, low + part, out)
    return rsi_bars(x, before, k, gain, loss, begin + 4 * part, x.size, out)


@kernel()
def rsi(x: Floats, before: Floats, k: float, seed_bars: int, seen: int, lanes: int, state: Floats, out: Floats) -> None:
    """Compute the share of the average rise in both averages, in per cent; each is seeded with its first bars' mean."""
    if seen == 0:
        state[:] = 0.0
    gain, loss = state[:lanes], state[lanes:]
    t = min(x.size // lanes, max(0, seed_bars - seen))
    for i in range(t * lanes):
        j, had = i % lanes, seen + i // lanes
        rise, fall = rise_fall(x[i] - before[i])
        gain[j] += (rise - gain[j]) / (had + 1)
        loss[j] += (fall - loss[j]) / (had + 1)
        out[i] = percent_of_both(gain[j], loss[j])
    if lanes == 1:
        if t < x.size:
            state[0], state[1] = rsi_chain(x, before, k, state[0], state[1], t, out)
        return
    for bar in range(t, x.size // lanes):
        low, high = bar * lanes, (bar + 1) * lanes
        values, previous, result = x[low:high], before[low:high], out[low:high]
        for j in range(lanes):
            g, f = rsi_step(values[j] - previous[j], k, gain[j], loss[j])
            gain[j], loss[j] = g, f
            result[j] = percent_of_both(g, f)

"""Statistics of a sliding window, in a time that does not grow with the window.

A window is cut where a block of the window's length ends: the part before is a suffix of that block, the part after a
prefix of the next one (van Herk 1992). Both are built by adding one element at a time, and a window merges one of each.
Nothing is ever subtracted, so nothing cancels and no error travels along the series, however long it is.

Windows are indexed by their first element; there are `len(values) - window + 1` of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.jit import kernel

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@kernel()
def rolling_sum(values: Array, window: int) -> Array:
    """Return the sum of each window."""
    count = len(values) - window + 1
    result = np.empty(count)
    suffix = np.empty(window)
    for start in range(0, count, window):
        total = 0.0
        for offset in range(window - 1, -1, -1):
            total += values[start + offset]
            suffix[offset] = total
        prefix = 0.0
        for offset in range(min(window, count - start)):
            if offset > 0:
                prefix += values[start + offset + window - 1]
            result[start + offset] = suffix[offset] + prefix
    return result


@kernel()
def merge_moments(
    count_a: float, mean_a: float, m2_a: float, m3_a: float, m4_a: float,
    count_b: float, mean_b: float, m2_b: float, m3_b: float, m4_b: float,
) -> tuple[float, float, float, float]:  # fmt: skip
    """Return mean and sums of the second, third and fourth power about it of two samples together (Pebay 2008)."""
    if count_b == 0.0:
        return mean_a, m2_a, m3_a, m4_a
    count = count_a + count_b
    delta = mean_b - mean_a
    share = delta / count
    product = count_a * count_b
    mean = mean_a + share * count_b
    m2 = m2_a + m2_b + delta * share * product
    m3 = (
        m3_a + m3_b + delta * share**2 * product * (count_a - count_b) + 3.0 * share * (count_a * m2_b - count_b * m2_a)
    )
    m4 = (
        m4_a + m4_b
        + delta * share**3 * product * (count_a**2 - product + count_b**2)
        + 6.0 * share**2 * (count_a**2 * m2_b + count_b**2 * m2_a)
        + 4.0 * share * (count_a * m3_b - count_b * m3_a)
    )  # fmt: skip
    return mean, m2, m3, m4


@kernel()
def rolling_moments(values: Array, window: int) -> Array:
    """Return mean and sums of powers 2, 3 and 4 about it of each window, shape (4, windows)."""
    count = len(values) - window + 1
    result = np.empty((4, count))
    suffix = np.empty((window, 4))
    for start in range(0, count, window):
        mean, m2, m3, m4 = values[start + window - 1], 0.0, 0.0, 0.0
        for offset in range(window - 1, -1, -1):
            if offset < window - 1:
                mean, m2, m3, m4 = merge_moments(
                    window - 1.0 - offset, mean, m2, m3, m4, 1.0, values[start + offset], 0.0, 0.0, 0.0
                )
            suffix[offset] = mean, m2, m3, m4
        mean, m2, m3, m4 = 0.0, 0.0, 0.0, 0.0
        for offset in range(min(window, count - start)):
            if offset > 0:
                value = values[start + offset + window - 1]
                mean, m2, m3, m4 = merge_moments(1.0, value, 0.0, 0.0, 0.0, offset - 1.0, mean, m2, m3, m4)
            a = suffix[offset]
            result[:, start + offset] = merge_moments(
                window - offset, a[0], a[1], a[2], a[3], float(offset), mean, m2, m3, m4
            )
    return result


@kernel()
def merge_growth(
    growth_a: float, high_a: float, low_a: float, fall_a: float,
    growth_b: float, high_b: float, low_b: float, fall_b: float,
) -> tuple[float, float, float, float]:  # fmt: skip
    """Return the growth of two stretches in a row, its highest and lowest value, and its lowest ratio to a peak before.

    The highest value includes the start, 1. All growths are positive.
    """
    return (
        growth_a * growth_b,
        max(high_a, growth_a * high_b),
        min(low_a, growth_a * low_b),
        min(fall_a, fall_b, growth_a * low_b / high_a),
    )


@kernel()
def rolling_growth(returns: Array, window: int) -> Array:
    """Return growth and maximum drawdown of each window, shape (2, windows).

    A return of -1 or less ends the growth in its window; see `riskwave.compute.risk.wealth.WealthCurve`.
    """
    count = len(returns) - window + 1
    result = np.empty((2, count))
    suffix = np.empty((window, 4))
    for start in range(0, count, window):
        total = (1.0, 1.0, 1.0, 1.0)
        for offset in range(window - 1, -1, -1):
            step = 1.0 + returns[start + offset]
            total = merge_growth(step, max(1.0, step), step, min(1.0, step), total[0], total[1], total[2], total[3])
            suffix[offset] = total
        total = (1.0, 1.0, np.inf, 1.0)
        for offset in range(min(window, count - start)):
            if offset > 0:
                step = 1.0 + returns[start + offset + window - 1]
                total = merge_growth(total[0], total[1], total[2], total[3], step, max(1.0, step), step, min(1.0, step))
            a = suffix[offset]
            merged = merge_growth(a[0], a[1], a[2], a[3], total[0], total[1], total[2], total[3])
            result[0, start + offset] = merged[0]
            result[1, start + offset] = merged[3] - 1.0
    _end_growth_at_ruin(returns, window, result)
    return result


@kernel()
def _end_growth_at_ruin(returns: Array, window: int, result: Array) -> None:
    """Replace the windows in which wealth reaches zero or below; one pass backwards from each such return."""
    ruin = -1
    total = (1.0, 1.0, np.inf, 1.0)
    for first in range(len(returns) - 1, -1, -1):
        step = 1.0 + returns[first]
        if step <= 0.0:
            ruin = first
            total = (1.0, 1.0, np.inf, 1.0)
        elif ruin >= 0:
            total = merge_growth(step, max(1.0, step), step, min(1.0, step), total[0], total[1], total[2], total[3])
        if 0 <= ruin < first + window and first < result.shape[1]:
            wealth = total[0] * (1.0 + returns[ruin])
            result[0, first] = wealth
            result[1, first] = min(total[3], wealth / total[1]) - 1.0


@kernel()
def _set_leaf(counts: Indices, sums: Array, leaf: int, count: int, value: float) -> None:
    """Set one leaf of the tree and add up anew on the way to its root."""
    node = leaf
    counts[node] = count
    sums[node] = value
    while node > 1:
        node //= 2
        counts[node] = counts[2 * node] + counts[2 * node + 1]
        sums[node] = sums[2 * node] + sums[2 * node + 1]


@kernel()
def _find_leaf(counts: Indices, position: int) -> int:
    """Return the leaf that holds the observation of that position (from 0) in ascending order."""
    node = 1
    leaves = len(counts) // 2
    while node < leaves:
        node *= 2
        if position >= counts[node]:
            position -= counts[node]
            node += 1
    return node


@kernel()
def _tail(counts: Indices, sums: Array, last: int) -> tuple[int, float]:
    """Return number and sum of the observations in the leaves up to and including `last`."""
    node = last
    count = counts[node]
    total = sums[node]
    while node > 1:
        if node % 2 == 1:
            count += counts[node - 1]
            total = sums[node - 1] + total
        node //= 2
    return count, total


@kernel()
def rolling_tail(values: Array, order: Indices, window: int, position: float, inside: float) -> Array:
    """Return a quantile and the mean of the tail below it of each window, shape (2, windows).

    The observations stand in the leaves of a tree in ascending order, of which the window's are occupied; a step costs
    the logarithm of the series' length, whatever the window. Sums are added up from the leaves, never subtracted.

    Parameters
    ----------
    values, order
        The series, and the positions of its values in ascending order.
    window
        Length of the window.
    position
        Where the quantile lies in the window's ascending order, counted from 0; between two it is interpolated.
    inside
        Size of the tail for Rockafellar's and Uryasev's mean; 0 for the mean of all at or below the quantile.
    """
    leaves = 1
    while leaves < len(values):
        leaves *= 2
    counts = np.zeros(2 * leaves, np.int64)
    sums = np.zeros(2 * leaves)
    leaf_of = np.empty(len(values), np.int64)
    last_equal = np.empty(len(values), np.int64)
    for rank in range(len(values) - 1, -1, -1):
        leaf_of[order[rank]] = leaves + rank
        tied = rank + 1 < len(values) and values[order[rank]] == values[order[rank + 1]]
        last_equal[rank] = last_equal[rank + 1] if tied else leaves + rank
    below = int(np.floor(position))
    part = position - below
    result = np.empty((2, len(values) - window + 1))
    for now in range(len(values)):
        _set_leaf(counts, sums, leaf_of[now], 1, values[now])
        if now >= window:
            _set_leaf(counts, sums, leaf_of[now - window], 0, 0.0)
        if now < window - 1:
            continue
        lower = _find_leaf(counts, below)
        upper = _find_leaf(counts, min(below + 1, window - 1))
        low, high = sums[lower], sums[upper]
        quantile = low + (high - low) * part if part < 0.5 else high - (high - low) * (1.0 - part)
        if inside == 0.0:
            size, total = _tail(counts, sums, last_equal[(upper if quantile >= high else lower) - leaves])
            mean = total / size
        else:
            edge = _find_leaf(counts, int(np.ceil(inside)) - 1)
            size, total = _tail(counts, sums, edge)
            mean = total / inside + sums[edge] * (1.0 - size / inside)
        result[0, now - window + 1] = quantile
        result[1, now - window + 1] = mean
    return result

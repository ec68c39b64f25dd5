"""What may be returned of an output in place of every bar. Each takes the axis of bars away."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.oscillators._catalogue import Oscillator

    Floats = NDArray[np.float64]

ROWS_AT_ONCE = 1 << 18
"""Values whose crossings are counted at once: few enough for the cache."""


class Reducer(StrEnum):
    """What is returned of each output."""

    LAST = "last"
    """The value at the last bar; NaN where that bar has none."""
    CROSSINGS = "crossings"
    """How often the values went from one side of the neutral level to the other."""
    RANK = "rank"
    """The rank of the last value among the columns, as a fraction: 1 is the highest."""


def check_reducer(reducer: Reducer | str, entry: Oscillator) -> Reducer:
    """Return the reducer, or raise what is wrong with it for this oscillator."""
    try:
        checked = Reducer(reducer)
    except ValueError:
        raise UnknownNameError("reducer", str(reducer), list(Reducer)) from None
    if checked is Reducer.CROSSINGS and entry.neutral is None:
        raise InputError("reducer", str(checked), f"last or rank: {entry.name} has no neutral level")
    return checked


def reduce_bars(output: Floats, reducer: Reducer, neutral: float | None) -> Floats:
    """Return an output of shape (windows, bars, lanes) reduced to (windows, lanes).

    Ranks are taken among the lanes.
    """
    if reducer is Reducer.CROSSINGS:
        assert neutral is not None
        return np.stack([count_crossings(window, neutral) for window in output])
    last: Floats = output[:, -1].copy()
    return last if reducer is Reducer.LAST else fractional_rank(last)


def count_crossings(values: Floats, level: float) -> Floats:
    """Return how often each column of `values`, (bars, lanes), went from one side of `level` to the other.

    A value on the level belongs to neither side, and a bar without a value is passed over: only the sides before and
    after count. NaN for a column without any value.
    """
    bars, lanes = values.shape
    side = np.zeros(lanes, np.int8)
    count = np.zeros(lanes)
    seen = np.zeros(lanes, np.bool_)
    rows = max(1, ROWS_AT_ONCE // lanes)
    for at in range(0, bars, rows):
        part = values[at : at + rows]
        sides = np.vstack([side, (part > level).astype(np.int8) - (part < level).astype(np.int8)])
        # Where a bar is on no side, the last one before it that was on one.
        index = np.where(sides != 0, np.arange(sides.shape[0])[:, np.newaxis], 0)
        held = np.take_along_axis(sides, np.maximum.accumulate(index, axis=0), axis=0)
        count += ((held[1:] != held[:-1]) & (held[:-1] != 0)).sum(axis=0)
        seen |= np.isfinite(part).any(axis=0)
        side = held[-1]
    return np.where(seen, count, np.nan)


def fractional_rank(last: Floats) -> Floats:
    """Return the rank of each value among its row, over how many the row has; equal ones share their mean rank.

    Of shape (windows, lanes), like `last`. A missing value has no rank and counts for none.
    """
    ranks = np.full(last.shape, np.nan)
    for row, result in zip(last, ranks, strict=True):
        valid = np.flatnonzero(np.isfinite(row))
        if not valid.size:
            continue
        _, group, sizes = np.unique(row[valid], return_inverse=True, return_counts=True)
        ends = np.cumsum(sizes)
        result[valid] = (ends - (sizes - 1) / 2.0)[group] / valid.size
    return ranks

"""Connors RSI."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.jit import kernel
from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    oscillator,
    period,
    previous,
    recursion,
    relative,
    window_rank,
)
from riskwave.compute.oscillators.rsi import rsi

Floats = NDArray[np.float64]


@kernel()
def _streak(close: Floats, before: Floats, seen: int, lanes: int, state: Floats, out: Floats) -> None:
    """Count rises up and falls down."""
    if seen == 0:
        state[:] = 0.0
    for t in range(close.size // lanes):
        for j in range(lanes):
            i = t * lanes + j
            up = max(state[j], 0.0) + 1.0 if close[i] > before[i] else 0.0
            state[j] = min(state[j], 0.0) - 1.0 if close[i] < before[i] else up
            out[i] = state[j]


@oscillator(
    name="CRSI",
    title="Connors RSI",
    group=Group.MOMENTUM,
    params=(
        period(3, doc="Bars of the RSI of the close"),
        period(2, "streakperiod", doc="Bars of the RSI of the streak"),
        period(100, "rankperiod", doc="Changes among which the last one is ranked"),
    ),
    low=0.0,
    high=100.0,
    neutral=50.0,
    stability=Stability.CONVERGING,
    peer="",
    source="Connors and Alvarez, An Introduction to ConnorsRSI (2012)",
)
def crsi(close: Series, timeperiod: int, streakperiod: int, rankperiod: int) -> Series:
    """Mean of the RSI of the close, the RSI of its streak, and the rank of its last change.

    The streak counts the bars in a row on which the close rose, or (negative) fell; it is 0 when it stood still.
    The rank is the share of the `rankperiod` changes before that are smaller, in per cent.
    """
    streak = recursion(_streak, close, previous(close), state_rows=1)[0]
    growth = relative(close, close.lag(1), close.lag(1))
    return (rsi(close, timeperiod) + rsi(streak, streakperiod) + window_rank(growth, rankperiod)) / 3.0

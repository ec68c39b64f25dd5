"""Quantitative qualitative estimation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.jit import kernel
from riskwave.compute.oscillators._formula import (
    Group,
    Param,
    Series,
    Stability,
    distance,
    ema,
    oscillator,
    period,
    recursion,
)
from riskwave.compute.oscillators.rsi import rsi

Floats = NDArray[np.float64]


@kernel()
def _trail(line: Floats, before: Floats, reach: Floats, seen: int, lanes: int, state: Floats, out: Floats) -> None:
    """Trail the line; `state` holds the trail below, the trail above and the side."""
    for t in range(out.size // lanes):
        for j in range(lanes):
            i = t * lanes + j
            below, above = line[i] - reach[i], line[i] + reach[i]
            side = 1.0
            if seen + t > 0:
                below_before, above_before = state[j], state[lanes + j]
                if before[i] > below_before and line[i] > below_before:
                    below = max(below, below_before)
                if before[i] < above_before and line[i] < above_before:
                    above = min(above, above_before)
                side = state[2 * lanes + j]
                if line[i] > above_before:
                    side = 1.0
                elif line[i] < below_before:
                    side = -1.0
            state[j], state[lanes + j], state[2 * lanes + j] = below, above, side
            out[i] = below if side > 0.0 else above


@oscillator(
    name="QQE",
    title="Quantitative qualitative estimation",
    group=Group.MOMENTUM,
    params=(
        period(14, doc="Bars of the RSI"),
        period(5, "smoothperiod", low=1, doc="Bars of its average"),
        Param("factor", 4.236, "Average moves between the line and its trail", 0.0, 1000.0),
    ),
    outputs=(
        "qqe",
        "trail",
    ),
    neutral=50.0,
    stability=Stability.CONVERGING,
    peer="",
    source="Livshits; TradingView, QQE",
)
def qqe(close: Series, timeperiod: int, smoothperiod: int, factor: float) -> tuple[Series, Series]:
    """Averaged RSI, and a trail some average moves behind it that changes sides when it is crossed.

    The moves of the line from bar to bar are averaged twice over 2 `timeperiod` - 1 bars.
    """
    line = ema(rsi(close, timeperiod), smoothperiod)
    wilder_bars = 2 * timeperiod - 1
    moves = ema(ema(distance(line, line.lag(1)), wilder_bars), wilder_bars)
    trail = recursion(_trail, line, line.lag(1), factor * moves, state_rows=3)[0]
    return line, trail

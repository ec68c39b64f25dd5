"""SuperTrend."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.jit import kernel
from riskwave.compute.oscillators._formula import (
    Group,
    Param,
    Series,
    Stability,
    oscillator,
    period,
    recursion,
    rma,
    true_range,
)

Floats = NDArray[np.float64]


@kernel()
def _supertrend(
    upper: Floats,
    lower: Floats,
    close: Floats,
    before: Floats,
    seen: int,
    lanes: int,
    state: Floats,
    line: Floats,
    trend: Floats,
) -> None:
    """Carry the bands; `state` holds the upper and the lower one and the trend."""
    for t in range(close.size // lanes):
        for j in range(lanes):
            i = t * lanes + j
            top, bottom, side = upper[i], lower[i], state[2 * lanes + j]
            if seen + t == 0:
                side = 1.0
            else:
                top_before, bottom_before = state[j], state[lanes + j]
                top = top if top < top_before or before[i] > top_before else top_before
                bottom = bottom if bottom > bottom_before or before[i] < bottom_before else bottom_before
                held = side > 0.0 and close[i] >= bottom
                side = 1.0 if held or (side < 0.0 and close[i] > top) else -1.0
            state[j], state[lanes + j], state[2 * lanes + j] = top, bottom, side
            line[i] = bottom if side > 0.0 else top
            trend[i] = side


@oscillator(
    name="SUPERTREND",
    title="SuperTrend",
    group=Group.OVERLAP,
    params=(
        period(10),
        Param("multiplier", 3.0, "Average true ranges between the middle and a band", 0.0, 3e37),
    ),
    outputs=(
        "supertrend",
        "trend",
    ),
    stability=Stability.PATH_DEPENDENT,
    source="Seban, Le Supertrend; TA-Lib SUPERTREND",
)
def supertrend(high: Series, low: Series, close: Series, timeperiod: int, multiplier: float) -> tuple[Series, Series]:
    """Band below the price in an uptrend (1), above it in a downtrend (-1).

    Bands lie some average true ranges from the middle of the bar and only move towards the price, until the close
    crosses them. The first trend is up.
    """
    middle = (high + low) / 2.0
    spread = multiplier * rma(true_range(high, low, close), timeperiod)
    line, trend = recursion(_supertrend, middle + spread, middle - spread, close, close.lag(1), state_rows=3, outputs=2)
    return line, trend

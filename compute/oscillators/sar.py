"""Parabolic stop and reverse."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.jit import kernel
from riskwave.compute.oscillators._formula import Group, Param, Series, Stability, oscillator, recursion

Floats = NDArray[np.float64]


@kernel()
def _sar(
    high: Floats,
    low: Floats,
    high_before: Floats,
    low_before: Floats,
    acceleration: float,
    maximum: float,
    seen: int,
    lanes: int,
    state: Floats,
    out: Floats,
) -> None:
    """Follow the price; `state` holds the side (1 long, -1 short), the stop, the extreme and the factor."""
    step = min(acceleration, maximum)
    for t in range(high.size // lanes):
        for j in range(lanes):
            i = t * lanes + j
            side, stop, extreme, factor = state[j], state[lanes + j], state[2 * lanes + j], state[3 * lanes + j]
            if seen + t == 0:
                rise, fall = high[i] - high_before[i], low_before[i] - low[i]
                side = -1.0 if fall > rise and fall > 0.0 else 1.0
                stop = low_before[i] if side > 0.0 else high_before[i]
                extreme = high[i] if side > 0.0 else low[i]
                factor = step
                before_high, before_low = high[i], low[i]
            else:
                before_high, before_low = high_before[i], low_before[i]
            if side > 0.0 and low[i] <= stop:
                side, factor = -1.0, step
                shown = max(extreme, before_high, high[i])
                extreme = low[i]
                stop = max(shown + factor * (extreme - shown), before_high, high[i])
            elif side < 0.0 and high[i] >= stop:
                side, factor = 1.0, step
                shown = min(extreme, before_low, low[i])
                extreme = high[i]
                stop = min(shown + factor * (extreme - shown), before_low, low[i])
            elif side > 0.0:
                shown = stop
                if high[i] > extreme:
                    extreme, factor = high[i], min(factor + step, maximum)
                stop = min(stop + factor * (extreme - stop), before_low, low[i])
            else:
                shown = stop
                if low[i] < extreme:
                    extreme, factor = low[i], min(factor + step, maximum)
                stop = max(stop + factor * (extreme - stop), before_high, high[i])
            state[j], state[lanes + j], state[2 * lanes + j], state[3 * lanes + j] = side, stop, extreme, factor
            out[i] = shown


@oscillator(
    name="SAR",
    title="Parabolic stop and reverse",
    group=Group.OVERLAP,
    params=(
        Param("acceleration", 0.02, "Step of the acceleration factor", 0.0, 3e37),
        Param("maximum", 0.2, "Largest acceleration factor", 0.0, 3e37),
    ),
    stability=Stability.PATH_DEPENDENT,
    source="Wilder, New Concepts in Technical Trading Systems (1978), p. 8; TA-Lib SAR",
)
def sar(high: Series, low: Series, acceleration: float, maximum: float) -> Series:
    """Stop that runs after the price and changes sides when it is hit.

    It moves towards the extreme of the trend by an acceleration factor that grows with every new extreme. The first
    side is that of the larger directional move of the second bar, up when there is none.
    """
    return recursion(_sar, high, low, high.lag(1), low.lag(1), state_rows=4, params=(acceleration, maximum))[0]

"""Minus directional movement."""

from __future__ import annotations

from riskwave.compute.oscillators._directional import WILDER, downward_movement
from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, variant


@oscillator(
    name="MINUS_DM",
    title="Minus directional movement",
    group=Group.MOMENTUM,
    params=(period(14, low=1),),
    low=0.0,
    stability=Stability.CONVERGING,
    source="Wilder, New Concepts in Technical Trading Systems (1978), p. 35; TA-Lib MINUS_DM",
)
def minus_dm(high: Series, low: Series, timeperiod: int) -> Series:
    """Wilder's sum of the moves of the low below the low before, where they exceed those of the high.

    S += x - S / `timeperiod`, seeded with the sum of the first `timeperiod` - 1 moves; over 1 bar, the move itself.
    """
    return downward_movement(high, low, timeperiod)


@variant(
    minus_dm,
    "wilder",
    "tradingview",
    source="Wilder, New Concepts in Technical Trading Systems (1978); Pine Script reference, ta.dmi",
)
def minus_dm_wilder(high: Series, low: Series, timeperiod: int) -> Series:
    """Sum seeded with `timeperiod` moves, where the default has one less."""
    return downward_movement(high, low, timeperiod, WILDER)

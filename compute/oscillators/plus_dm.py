"""Plus directional movement."""

from __future__ import annotations

from riskwave.compute.oscillators._directional import WILDER, upward_movement
from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, variant


@oscillator(
    name="PLUS_DM",
    title="Plus directional movement",
    group=Group.MOMENTUM,
    params=(period(14, low=1),),
    low=0.0,
    stability=Stability.CONVERGING,
    source="Wilder, New Concepts in Technical Trading Systems (1978), p. 35; TA-Lib PLUS_DM",
)
def plus_dm(high: Series, low: Series, timeperiod: int) -> Series:
    """Wilder's sum of the moves of the high above the high before, where they exceed those of the low.

    S += x - S / `timeperiod`, seeded with the sum of the first `timeperiod` - 1 moves; over 1 bar, the move itself.
    """
    return upward_movement(high, low, timeperiod)


@variant(
    plus_dm,
    "wilder",
    "tradingview",
    source="Wilder, New Concepts in Technical Trading Systems (1978); Pine Script reference, ta.dmi",
)
def plus_dm_wilder(high: Series, low: Series, timeperiod: int) -> Series:
    """Sum seeded with `timeperiod` moves, where the default has one less."""
    return upward_movement(high, low, timeperiod, WILDER)

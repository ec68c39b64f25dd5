"""Directional movement index."""

from __future__ import annotations

from riskwave.compute.oscillators._directional import TULIP, WILDER, directional_index
from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, variant


@oscillator(
    name="DX",
    title="Directional movement index",
    group=Group.MOMENTUM,
    params=(period(14),),
    low=0.0,
    high=100.0,
    stability=Stability.CONVERGING,
    source="Wilder, New Concepts in Technical Trading Systems (1978), p. 35; TA-Lib DX",
)
def dx(high: Series, low: Series, close: Series, timeperiod: int) -> Series:  # noqa: ARG001 - it cancels, but belongs to the interface
    """Difference of the plus and the minus directional movement over their sum, in per cent.

    The true range cancels. Where there is no movement, the last value stands; before the first, 0.
    """
    return directional_index(high, low, timeperiod)


@variant(
    dx,
    "wilder",
    "tradingview",
    source="Wilder, New Concepts in Technical Trading Systems (1978); Pine Script reference, ta.dmi",
)
def dx_wilder(high: Series, low: Series, close: Series, timeperiod: int) -> Series:  # noqa: ARG001 - it cancels, but belongs to the interface
    """As with Wilder: sums seeded with `timeperiod` bars, and shown from there on: the default has one bar less."""
    return directional_index(high, low, timeperiod, WILDER)


@variant(dx, "tulip", source="Tulip Indicators 0.9, dx")
def dx_tulip(high: Series, low: Series, close: Series, timeperiod: int) -> Series:  # noqa: ARG001 - it cancels, but belongs to the interface
    """Shown from the seed of the sums on, one bar earlier than under the default."""
    return directional_index(high, low, timeperiod, TULIP)

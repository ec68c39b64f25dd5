"""Minus directional indicator."""

from __future__ import annotations

from riskwave.compute.oscillators._directional import TULIP, WILDER, directional_indicator, downward_movement
from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, variant


@oscillator(
    name="MINUS_DI",
    title="Minus directional indicator",
    group=Group.MOMENTUM,
    params=(period(14, low=1),),
    low=0.0,
    stability=Stability.CONVERGING,
    source="Wilder, New Concepts in Technical Trading Systems (1978), p. 35; TA-Lib MINUS_DI",
)
def minus_di(high: Series, low: Series, close: Series, timeperiod: int) -> Series:
    """Wilder's sum of the downward moves over his sum of the true ranges, in per cent.

    It is 0 when the range is 0. Over 1 bar it is a fraction, not per cent, as in TA-Lib.
    """
    movement = downward_movement(high, low, timeperiod)
    return directional_indicator(movement, high, low, close, timeperiod)


@variant(
    minus_di,
    "wilder",
    "tradingview",
    source="Wilder, New Concepts in Technical Trading Systems (1978); Pine Script reference, ta.dmi",
)
def minus_di_wilder(high: Series, low: Series, close: Series, timeperiod: int) -> Series:
    """As with Wilder: sums seeded with `timeperiod` bars, where the default has one less. Always in per cent."""
    movement = downward_movement(high, low, timeperiod, WILDER)
    return directional_indicator(movement, high, low, close, timeperiod, WILDER)


@variant(minus_di, "tulip", source="Tulip Indicators 0.9, di")
def minus_di_tulip(high: Series, low: Series, close: Series, timeperiod: int) -> Series:
    """Shown from the seed of the sums on, one bar earlier than under the default. Always in per cent."""
    movement = downward_movement(high, low, timeperiod, TULIP)
    return directional_indicator(movement, high, low, close, timeperiod, TULIP)

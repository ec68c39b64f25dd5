"""Plus directional indicator."""

from __future__ import annotations

from riskwave.compute.oscillators._directional import directional_indicator, directional_movement
from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period


@oscillator(
    name="PLUS_DI",
    title="Plus directional indicator",
    group=Group.MOMENTUM,
    params=(period(14, low=1),),
    low=0.0,
    stability=Stability.CONVERGING,
    source="Wilder, New Concepts in Technical Trading Systems (1978), p. 35; TA-Lib PLUS_DI",
)
def plus_di(high: Series, low: Series, close: Series, timeperiod: int) -> Series:
    """Wilder's sum of the upward moves over his sum of the true ranges, in per cent.

    It is 0 when the range is 0. Over 1 bar it is a fraction, not per cent, as in TA-Lib.
    """
    movement = directional_movement(high, low, timeperiod)[0]
    return directional_indicator(movement, high, low, close, timeperiod)

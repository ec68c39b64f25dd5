"""Center of gravity."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    oscillator,
    period,
    ratio,
    window_sum,
    window_weighted_sum,
)


@oscillator(
    name="CG",
    title="Center of gravity",
    group=Group.MOMENTUM,
    params=(period(10, low=1),),
    stability=Stability.EXACT,
    peer="",
    source="Ehlers, The Center of Gravity Oscillator, Technical Analysis of Stocks & Commodities 20:5 (2002)",
)
def cg(close: Series, timeperiod: int) -> Series:
    """Mean age of the closes in the window, counted from 1 and weighted with the closes, negative.

    It is 0 when the closes sum to 0.
    """
    plain = window_sum(close, timeperiod)
    ages = float(timeperiod + 1) * plain - window_weighted_sum(close, timeperiod)
    return -ratio(ages, plain)

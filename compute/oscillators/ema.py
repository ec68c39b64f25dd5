"""Exponential moving average."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    first_ema,
    moving_average,
    oscillator,
    period,
    variant,
)


@oscillator(
    name="EMA",
    title="Exponential moving average",
    group=Group.OVERLAP,
    params=(period(30, low=1),),
    stability=Stability.CONVERGING,
    source="TA-Lib EMA",
)
def ema(close: Series, timeperiod: int) -> Series:
    """Exponential moving average with k = 2 / (timeperiod + 1).

    It is seeded with the mean of the first `timeperiod` values.
    """
    return moving_average(close, timeperiod, 1)


@variant(ema, "tulip", source="Tulip Indicators 0.9, ema")
def ema_tulip(close: Series, timeperiod: int) -> Series:
    """Exponential moving average that starts from the first value, which it shows too."""
    return first_ema(close, timeperiod)

"""Exponential moving average."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, moving_average, oscillator, period


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

"""Simple moving average."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, moving_average, oscillator, period


@oscillator(
    name="SMA",
    title="Simple moving average",
    group=Group.OVERLAP,
    params=(period(30, low=1),),
    stability=Stability.EXACT,
    source="TA-Lib SMA",
)
def sma(close: Series, timeperiod: int) -> Series:
    """Mean of the window, which is the simple moving average."""
    return moving_average(close, timeperiod, 0)

"""Weighted moving average."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, moving_average, oscillator, period


@oscillator(
    name="WMA",
    title="Weighted moving average",
    group=Group.OVERLAP,
    params=(period(30, low=1),),
    stability=Stability.EXACT,
    source="TA-Lib WMA",
)
def wma(close: Series, timeperiod: int) -> Series:
    """Weighted moving average: the newest value weighs `timeperiod`, the oldest 1."""
    return moving_average(close, timeperiod, 2)

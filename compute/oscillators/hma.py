"""Hull's moving average."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, moving_average, oscillator, period


@oscillator(
    name="HMA",
    title="Hull's moving average",
    group=Group.OVERLAP,
    params=(period(20, low=1),),
    stability=Stability.EXACT,
    source="Hull, Hull Moving Average (2005); TA-Lib HMA",
)
def hma(close: Series, timeperiod: int) -> Series:
    """Hull's moving average: WMA over sqrt(n) bars of 2 WMA(n / 2) - WMA(n)."""
    return moving_average(close, timeperiod, 9)

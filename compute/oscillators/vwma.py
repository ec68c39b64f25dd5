"""Volume-weighted moving average."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, ratio, window_sum


@oscillator(
    name="VWMA",
    title="Volume-weighted moving average",
    group=Group.OVERLAP,
    params=(period(30, low=1),),
    stability=Stability.EXACT,
    source="TA-Lib VWMA",
)
def vwma(close: Series, volume: Series, timeperiod: int) -> Series:
    """Mean of the closes of the window, weighted with their volumes.

    It is 0 without volume, where TA-Lib has NaN.
    """
    return ratio(window_sum(close * volume, timeperiod), window_sum(volume, timeperiod))

"""Volume-weighted moving average."""

from __future__ import annotations

import math

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

    It is missing in a window without volume.
    """
    turnover = window_sum(close * volume, timeperiod)
    return ratio(turnover, window_sum(volume, timeperiod), empty=math.nan)

"""Relative volume."""

from __future__ import annotations

import math

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, ratio, sma


@oscillator(
    name="RVOL",
    title="Relative volume",
    group=Group.VOLUME,
    params=(period(20, low=1),),
    low=0.0,
    neutral=1.0,
    stability=Stability.EXACT,
    source="TA-Lib RVOL",
)
def rvol(volume: Series, timeperiod: int) -> Series:
    """Volume over the mean volume of the `timeperiod` bars before.

    It is missing when those had none.
    """
    return ratio(volume, sma(volume, timeperiod).lag(1), empty=math.nan)

"""Correlation trend indicator."""

from __future__ import annotations

import numpy as np

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    elementwise,
    maximum,
    minimum,
    oscillator,
    period,
    ratio,
    where_equal,
    window_comoment,
    window_max,
    window_min,
    window_slope,
)


@oscillator(
    name="CTI",
    title="Correlation trend indicator",
    group=Group.MOMENTUM,
    params=(period(12),),
    low=-1.0,
    high=1.0,
    neutral=0.0,
    stability=Stability.EXACT,
    peer="",
    source="Ehlers, Correlation as a Trend Indicator, Technical Analysis of Stocks & Commodities 38:5 (2020)",
)
def cti(close: Series, timeperiod: int) -> Series:
    """Correlation of the closes of the window with a straight line that rises.

    It is 0 in a flat window.
    """
    squares = timeperiod * (timeperiod * timeperiod - 1) / 12
    tilt = window_slope(close, timeperiod) * squares
    spread = elementwise(np.sqrt, window_comoment(close, close, timeperiod) * squares)
    value = minimum(maximum(ratio(tilt, spread), -1.0), 1.0)
    return where_equal(window_max(close, timeperiod), window_min(close, timeperiod), 0.0, value)

"""Elder impulse system."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    change,
    ema,
    maximum,
    minimum,
    oscillator,
    period,
    where_greater,
)
from riskwave.compute.oscillators.macd import macd


@oscillator(
    name="IMPULSE",
    title="Elder impulse system",
    group=Group.MOMENTUM,
    params=(
        period(13, doc="Bars of the average"),
        period(12, "fastperiod", doc="Bars of the faster average of MACD"),
        period(26, "slowperiod", doc="Bars of the slower average of MACD"),
        period(9, "signalperiod", low=1, doc="Bars of the signal line of MACD"),
    ),
    low=-1.0,
    high=1.0,
    neutral=0.0,
    stability=Stability.CONVERGING,
    peer="",
    source="Elder, Come Into My Trading Room (2002)",
)
def impulse(close: Series, timeperiod: int, fastperiod: int, slowperiod: int, signalperiod: int) -> Series:
    """1 when the average of the close and the MACD histogram both rose, -1 when both fell, else 0."""
    slope, push = change(ema(close, timeperiod)), change(macd(close, fastperiod, slowperiod, signalperiod)[2])
    weaker, stronger = minimum(slope, push), maximum(slope, push)
    return where_greater(weaker, 0.0, 1.0, 0.0) - where_greater(0.0, stronger, 1.0, 0.0)

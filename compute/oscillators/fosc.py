"""Forecast oscillator."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    oscillator,
    period,
    relative,
    sma,
    window_slope,
)


@oscillator(
    name="FOSC",
    title="Forecast oscillator",
    group=Group.MOMENTUM,
    params=(period(5),),
    neutral=0.0,
    stability=Stability.EXACT,
    source="Chande and Kroll, The New Technical Trader (1994); TA-Lib FOSC",
)
def fosc(close: Series, timeperiod: int) -> Series:
    """Distance of the close from what the line through the bars before forecast for it, in per cent of the close.

    The line is the least-squares one through `timeperiod` closes. It is 0 when the close is 0.
    """
    forecast = sma(close, timeperiod) + window_slope(close, timeperiod) * ((timeperiod + 1) / 2)
    return relative(close, forecast.lag(1), close, factor=100.0)

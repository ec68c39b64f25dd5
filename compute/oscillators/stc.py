"""Schaff trend cycle."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Param,
    Series,
    Stability,
    ema,
    oscillator,
    period,
    ratio_or_last,
    smoothed,
    window_max,
    window_min,
)


def _cycle(x: Series, timeperiod: int, factor: float) -> Series:
    lowest = window_min(x, timeperiod)
    place = 100.0 * ratio_or_last(x - lowest, window_max(x, timeperiod) - lowest)
    return smoothed(place, factor, 1)


@oscillator(
    name="STC",
    title="Schaff trend cycle",
    group=Group.MOMENTUM,
    params=(
        period(23, "fastperiod", doc="Bars of the faster average"),
        period(50, "slowperiod", doc="Bars of the slower average"),
        period(10, doc="Bars of the two stochastics"),
        Param("factor", 0.5, "Share of a new value in the smoothing", 0.01, 1.0),
    ),
    low=0.0,
    high=100.0,
    neutral=50.0,
    stability=Stability.CONVERGING,
    peer="",
    source="Schaff, The Schaff Trend Cycle (1999)",
)
def stc(close: Series, fastperiod: int, slowperiod: int, timeperiod: int, factor: float) -> Series:
    """Stochastic of the stochastic of a MACD line, each smoothed.

    The smoothing is y += factor (x - y) from the first value on. Where a range is 0, the last place in it stands;
    before the first, 0.
    """
    line = ema(close, fastperiod) - ema(close, slowperiod)
    return _cycle(_cycle(line, timeperiod, factor), timeperiod, factor)

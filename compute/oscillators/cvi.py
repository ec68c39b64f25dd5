"""Chaikin's volatility."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    ema,
    first_ema,
    oscillator,
    period,
    relative,
    variant,
)


@oscillator(
    name="CVI",
    title="Chaikin's volatility",
    group=Group.VOLATILITY,
    params=(
        period(10),
        period(10, "rocperiod", low=1, doc="Bars of the change"),
    ),
    neutral=0.0,
    stability=Stability.CONVERGING,
    source="Achelis, Technical Analysis from A to Z, p. 304; TA-Lib CVI",
)
def cvi(high: Series, low: Series, timeperiod: int, rocperiod: int) -> Series:
    """Change of an exponential average of the bar's range, in per cent.

    It is 0 when the earlier average is 0.
    """
    average = ema(high - low, timeperiod)
    earlier = average.lag(rocperiod)
    return relative(average, earlier, earlier, factor=100.0)


@variant(cvi, "tulip", source="Tulip Indicators 0.9, cvi")
def cvi_tulip(high: Series, low: Series, timeperiod: int, rocperiod: int) -> Series:
    """Average started from the first range, and shown as late as under the default."""
    average = first_ema(high - low, timeperiod).skip(timeperiod - 1)
    earlier = average.lag(rocperiod)
    return relative(average, earlier, earlier, factor=100.0)

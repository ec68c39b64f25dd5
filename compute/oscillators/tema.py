"""Triple exponential moving average."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    first_ema,
    moving_average,
    oscillator,
    period,
    variant,
)


@oscillator(
    name="TEMA",
    title="Triple exponential moving average",
    group=Group.OVERLAP,
    params=(period(30, low=1),),
    stability=Stability.CONVERGING,
    source="Mulloy, Technical Analysis of Stocks & Commodities 12:1 (1994); TA-Lib TEMA",
)
def tema(close: Series, timeperiod: int) -> Series:
    """Triple exponential moving average 3 e1 - 3 e2 + e3.

    e1 is the exponential average, e2 that of e1, e3 that of e2.
    """
    return moving_average(close, timeperiod, 4)


@variant(tema, "tulip", source="Tulip Indicators 0.9, tema")
def tema_tulip(close: Series, timeperiod: int) -> Series:
    """e1 starts from the first value, each next from the one before `timeperiod` - 1 bars later; shown as late."""
    once = first_ema(close, timeperiod).skip(timeperiod - 1)
    twice = first_ema(once, timeperiod).skip(timeperiod - 1)
    return (3.0 * (once - twice) + first_ema(twice, timeperiod)).skip(timeperiod - 1)

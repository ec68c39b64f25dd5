"""Double exponential moving average."""

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
    name="DEMA",
    title="Double exponential moving average",
    group=Group.OVERLAP,
    params=(period(30, low=1),),
    stability=Stability.CONVERGING,
    source="Mulloy, Technical Analysis of Stocks & Commodities 12:1 (1994); TA-Lib DEMA",
)
def dema(close: Series, timeperiod: int) -> Series:
    """Double exponential moving average 2 e1 - e2.

    e1 is the exponential average, e2 that of e1.
    """
    return moving_average(close, timeperiod, 3)


@variant(dema, "tulip", source="Tulip Indicators 0.9, dema")
def dema_tulip(close: Series, timeperiod: int) -> Series:
    """e1 starts from the first value, e2 from that of e1 `timeperiod` - 1 bars later; shown as late as the default."""
    once = first_ema(close, timeperiod).skip(timeperiod - 1)
    return (2.0 * once - first_ema(once, timeperiod)).skip(timeperiod - 1)

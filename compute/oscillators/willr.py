"""Williams' %R."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    oscillator,
    percent_below,
    period,
    window_max,
    window_min,
)


@oscillator(
    name="WILLR",
    title="Williams' %R",
    group=Group.MOMENTUM,
    params=(period(14),),
    low=-100.0,
    high=0.0,
    neutral=-50.0,
    stability=Stability.EXACT,
    source="Williams, How I Made One Million Dollars (1973); TA-Lib WILLR",
)
def willr(high: Series, low: Series, close: Series, timeperiod: int) -> Series:
    """How far the close lies below the highest high, in per cent of the range of `timeperiod` bars, counted negative.

    It is 0 when the range is 0.
    """
    return percent_below(close, window_min(low, timeperiod), window_max(high, timeperiod))

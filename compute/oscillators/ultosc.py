"""Ultimate oscillator."""

from __future__ import annotations

from riskwave.compute.oscillators import _kernels
from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    elementwise,
    oscillator,
    period,
    true_range,
    window_sum,
)


@oscillator(
    name="ULTOSC",
    title="Ultimate oscillator",
    group=Group.MOMENTUM,
    params=(
        period(7, "timeperiod1", low=1, doc="Bars of the first window"),
        period(14, "timeperiod2", low=1, doc="Bars of the second window"),
        period(28, "timeperiod3", low=1, doc="Bars of the third window"),
    ),
    low=0.0,
    high=100.0,
    neutral=50.0,
    stability=Stability.EXACT,
    source=("Williams, The Ultimate Oscillator, Technical Analysis of Stocks & Commodities 3:4 (1985); TA-Lib ULTOSC"),
)
def ultosc(high: Series, low: Series, close: Series, timeperiod1: int, timeperiod2: int, timeperiod3: int) -> Series:
    """Buying pressure over true range in three windows, in per cent.

    The windows weigh 4, 2 and 1 from the shortest to the longest. Buying pressure is the close less the lower of
    low and previous close. A window without range counts 0.
    """
    pressure, span = elementwise(_kernels.above_true_low, close, low, close.lag(1)), true_range(high, low, close)
    sums = [
        window_sum(series, bars)
        for bars in sorted((timeperiod1, timeperiod2, timeperiod3))
        for series in (pressure, span)
    ]
    return elementwise(_kernels.weighted_ratios, *sums)

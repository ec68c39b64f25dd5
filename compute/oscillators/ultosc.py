"""Ultimate oscillator."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    minimum,
    oscillator,
    period,
    ratio,
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
    before = close.lag(1)
    pressure, span = close - minimum(low, before), true_range(high, low, close)
    parts = [
        ratio(window_sum(pressure, bars), window_sum(span, bars))
        for bars in sorted((timeperiod1, timeperiod2, timeperiod3))
    ]
    return (4.0 * parts[0] + 2.0 * parts[1] + parts[2]) * (100.0 / 7.0)

"""Mass index."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, ema, oscillator, period, ratio, window_sum


@oscillator(
    name="MASSI",
    title="Mass index",
    group=Group.VOLATILITY,
    params=(
        period(9, "fastperiod", doc="Bars of the averages"),
        period(25, "slowperiod", doc="Bars of the sum"),
    ),
    stability=Stability.CONVERGING,
    source="Dorsey, The Mass Index, Technical Analysis of Stocks & Commodities 10:6 (1992); TA-Lib MASSI",
)
def massi(high: Series, low: Series, fastperiod: int, slowperiod: int) -> Series:
    """Sum of the average range over the average of that average.

    Both averages are exponential. A ratio to 0 counts 1.
    """
    once = ema(high - low, fastperiod)
    return window_sum(ratio(once, ema(once, fastperiod), empty=1.0), slowperiod)

"""Mass index."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    ema,
    first_ema,
    oscillator,
    period,
    ratio,
    variant,
    window_sum,
)


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


@variant(massi, "tulip", source="Tulip Indicators 0.9, mass")
def massi_tulip(high: Series, low: Series, fastperiod: int, slowperiod: int) -> Series:
    """One average starts from the first range, the other from the first `fastperiod` - 1 bars later; as late in all."""
    once = first_ema(high - low, fastperiod).skip(fastperiod - 1)
    share = ratio(once, first_ema(once, fastperiod), empty=1.0)
    return window_sum(share.skip(fastperiod - 1), slowperiod)

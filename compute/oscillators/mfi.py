"""Money flow index."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    oscillator,
    percent_share,
    period,
    split_flow,
    typical_price,
    window_sum,
)


@oscillator(
    name="MFI",
    title="Money flow index",
    group=Group.MOMENTUM,
    params=(period(14),),
    low=0.0,
    high=100.0,
    neutral=50.0,
    stability=Stability.EXACT,
    source="Quong and Soudack, Technical Analysis of Stocks & Commodities 7:3 (1989); TA-Lib MFI",
)
def mfi(high: Series, low: Series, close: Series, volume: Series, timeperiod: int) -> Series:
    """Share of the money that flowed on rising bars in all that flowed, in per cent.

    Money flow is the typical price (high + low + close) / 3 times volume; a bar rises or falls as the typical price
    does, and an unchanged one counts for neither. It is 0 when no money flowed; TA-Lib has 0 below a flow of 1
    already.
    """
    rising, falling = split_flow(typical_price(high, low, close), volume)
    return percent_share(window_sum(rising, timeperiod), window_sum(falling, timeperiod))

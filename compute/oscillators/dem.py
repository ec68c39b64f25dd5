"""DeMarker."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    change,
    maximum,
    oscillator,
    percent_share,
    period,
    window_sum,
)


@oscillator(
    name="DEM",
    title="DeMarker",
    group=Group.MOMENTUM,
    params=(period(14, low=1),),
    low=0.0,
    high=1.0,
    neutral=0.5,
    stability=Stability.EXACT,
    peer="",
    source="DeMark, The New Science of Technical Analysis (1994)",
)
def dem(high: Series, low: Series, timeperiod: int) -> Series:
    """Share of the rises of the high in those and the falls of the low, both summed.

    It is 0 when neither moved outwards.
    """
    rise = window_sum(maximum(change(high), 0.0), timeperiod)
    fall = window_sum(maximum(-change(low), 0.0), timeperiod)
    return percent_share(rise, fall) / 100.0

"""Rate of change as a fraction."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, relative


@oscillator(
    name="ROCP",
    title="Rate of change as a fraction",
    group=Group.MOMENTUM,
    params=(period(10, low=1),),
    neutral=0.0,
    stability=Stability.EXACT,
    source="TA-Lib ROCP",
)
def rocp(close: Series, timeperiod: int) -> Series:
    """Change over `timeperiod` bars as a fraction: (close - earlier) / earlier.

    It is 0 when the earlier price is 0.
    """
    earlier = close.lag(timeperiod)
    return relative(close, earlier, earlier)

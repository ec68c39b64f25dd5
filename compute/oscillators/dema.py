"""Double exponential moving average."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, moving_average, oscillator, period


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

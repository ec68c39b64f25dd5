"""Triple exponential moving average."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, moving_average, oscillator, period


@oscillator(
    name="TEMA",
    title="Triple exponential moving average",
    group=Group.OVERLAP,
    params=(period(30, low=1),),
    stability=Stability.CONVERGING,
    source="Mulloy, Technical Analysis of Stocks & Commodities 12:1 (1994); TA-Lib TEMA",
)
def tema(close: Series, timeperiod: int) -> Series:
    """Triple exponential moving average 3 e1 - 3 e2 + e3.

    e1 is the exponential average, e2 that of e1, e3 that of e2.
    """
    return moving_average(close, timeperiod, 4)

"""Triangular moving average."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, moving_average, oscillator, period


@oscillator(
    name="TRIMA",
    title="Triangular moving average",
    group=Group.OVERLAP,
    params=(period(30, low=1),),
    stability=Stability.EXACT,
    source="TA-Lib TRIMA",
)
def trima(close: Series, timeperiod: int) -> Series:
    """Triangular moving average: a simple average of a simple average."""
    return moving_average(close, timeperiod, 5)

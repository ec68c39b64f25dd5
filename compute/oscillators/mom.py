"""Momentum."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, change, oscillator, period


@oscillator(
    name="MOM",
    title="Momentum",
    group=Group.MOMENTUM,
    params=(period(10, low=1),),
    neutral=0.0,
    stability=Stability.EXACT,
    source="TA-Lib MOM",
)
def mom(close: Series, timeperiod: int) -> Series:
    """Change of the price over `timeperiod` bars, in the price's unit: close - earlier."""
    return change(close, timeperiod)

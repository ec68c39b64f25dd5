"""Efficiency ratio."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, efficiency_ratio, oscillator, period


@oscillator(
    name="ER",
    title="Efficiency ratio",
    group=Group.MOMENTUM,
    params=(period(10),),
    low=0.0,
    high=1.0,
    stability=Stability.EXACT,
    source="Kaufman, Smarter Trading (1995); TA-Lib ER",
)
def er(close: Series, timeperiod: int) -> Series:
    """Net change over `timeperiod` bars, divided by the sum of all changes.

    It is 1 when nothing moved.
    """
    return efficiency_ratio(close, timeperiod)

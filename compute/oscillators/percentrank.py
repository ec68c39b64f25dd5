"""Percent rank."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, window_rank


@oscillator(
    name="PERCENTRANK",
    title="Percent rank",
    group=Group.STATISTIC,
    params=(period(100),),
    low=0.0,
    high=100.0,
    neutral=50.0,
    stability=Stability.EXACT,
    source="TA-Lib PERCENTRANK",
)
def percentrank(close: Series, timeperiod: int) -> Series:
    """Share of the `timeperiod` closes before that lie below this one, in per cent."""
    return window_rank(close, timeperiod)

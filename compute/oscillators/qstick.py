"""Qstick."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, sma


@oscillator(
    name="QSTICK",
    title="Qstick",
    group=Group.MOMENTUM,
    params=(period(10, low=1),),
    neutral=0.0,
    stability=Stability.EXACT,
    source="Chande and Kroll, The New Technical Trader (1994); TA-Lib QSTICK",
)
def qstick(open: Series, close: Series, timeperiod: int) -> Series:
    """Average body: the simple average of close - open."""
    return sma(close - open, timeperiod)

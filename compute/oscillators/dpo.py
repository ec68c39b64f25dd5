"""Detrended price oscillator."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, sma


@oscillator(
    name="DPO",
    title="Detrended price oscillator",
    group=Group.MOMENTUM,
    params=(period(20),),
    stability=Stability.EXACT,
    source="TA-Lib DPO",
)
def dpo(close: Series, timeperiod: int) -> Series:
    """Earlier price less the simple average of now: close `timeperiod` // 2 + 1 bars ago - SMA.

    The centred form, which looks ahead, is not this one.
    """
    return close.lag(timeperiod // 2 + 1) - sma(close, timeperiod)

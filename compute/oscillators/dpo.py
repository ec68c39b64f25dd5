"""Detrended price oscillator."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, sma, variant


def displacement(timeperiod: int) -> int:
    """Return by how many bars price and average are apart: the middle of the window, and one."""
    return timeperiod // 2 + 1


@oscillator(
    name="DPO",
    title="Detrended price oscillator",
    group=Group.MOMENTUM,
    params=(period(20),),
    neutral=0.0,
    stability=Stability.EXACT,
    source="TA-Lib DPO",
)
def dpo(close: Series, timeperiod: int) -> Series:
    """Earlier price less the simple average of now: close `timeperiod` // 2 + 1 bars ago - SMA.

    The centred form, which looks ahead, is DPOC.
    """
    return close.lag(displacement(timeperiod)) - sma(close, timeperiod)


@variant(dpo, "tradingview", source="TradingView, Detrended Price Oscillator, not centred")
def dpo_tradingview(close: Series, timeperiod: int) -> Series:
    """Price of now less an earlier simple average: close - SMA of `timeperiod` // 2 + 1 bars ago."""
    return close - sma(close, timeperiod).lag(displacement(timeperiod))

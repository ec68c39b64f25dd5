"""Aroon oscillator."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, variant
from riskwave.compute.oscillators.aroon import aroon, aroon_tradingview


@oscillator(
    name="AROONOSC",
    title="Aroon oscillator",
    group=Group.MOMENTUM,
    params=(period(14),),
    low=-100.0,
    high=100.0,
    neutral=0.0,
    stability=Stability.EXACT,
    source=("Chande, A Time Price Oscillator, Technical Analysis of Stocks & Commodities 13:9 (1995); TA-Lib AROONOSC"),
)
def aroonosc(high: Series, low: Series, timeperiod: int) -> Series:
    """Aroon up less Aroon down: positive while highs are more recent than lows."""
    down, up = aroon(high, low, timeperiod)
    return up - down


@variant(aroonosc, "tradingview", source="TradingView, Aroon, with ta.highestbars and ta.lowestbars")
def aroonosc_tradingview(high: Series, low: Series, timeperiod: int) -> Series:
    """Of equal extremes the oldest counts, not the newest as under the default."""
    down, up = aroon_tradingview(high, low, timeperiod)
    return up - down

"""Detrended price oscillator, centred: it looks ahead."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period
from riskwave.compute.oscillators.dpo import displacement, dpo


@oscillator(
    name="DPOC",
    title="Detrended price oscillator, centred",
    group=Group.MOMENTUM,
    params=(period(20),),
    neutral=0.0,
    stability=Stability.EXACT,
    ahead=displacement,
    peer="",
    source="TradingView, Detrended Price Oscillator, centred; StockCharts ChartSchool: the plot shifted to the left",
)
def dpoc(close: Series, timeperiod: int) -> Series:
    """Price less the simple average that is centred on it: close - SMA of `timeperiod` // 2 + 1 bars later.

    It shows the cycles of the past where they were. The newest `timeperiod` // 2 + 1 bars have no value, and every
    other one uses prices that were not known at its time: no signal may be taken from it.
    """
    return dpo(close, timeperiod)

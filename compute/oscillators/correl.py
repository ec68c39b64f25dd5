"""Correlation of high and low."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, window_correlation


@oscillator(
    name="CORREL",
    title="Correlation of high and low",
    group=Group.STATISTIC,
    params=(period(30, low=1),),
    low=-1.0,
    high=1.0,
    neutral=0.0,
    stability=Stability.EXACT,
    source="Pearson's coefficient; TA-Lib CORREL",
)
def correl(high: Series, low: Series, timeperiod: int) -> Series:
    """Pearson's correlation of the highs and the lows of the window.

    It is 0 when either did not move.
    """
    return window_correlation(high, low, timeperiod)

"""Slope of the linear regression."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, window_slope


@oscillator(
    name="LINEARREG_SLOPE",
    title="Slope of the linear regression",
    group=Group.STATISTIC,
    params=(period(14),),
    neutral=0.0,
    stability=Stability.EXACT,
    source="TA-Lib LINEARREG_SLOPE",
)
def linearreg_slope(close: Series, timeperiod: int) -> Series:
    """Slope of the least-squares line through the closes of the window, in price per bar."""
    return window_slope(close, timeperiod)

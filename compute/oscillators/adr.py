"""Average daily range."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, sma


@oscillator(
    name="ADR",
    title="Average daily range",
    group=Group.VOLATILITY,
    params=(period(14, low=1),),
    low=0.0,
    stability=Stability.EXACT,
    source="TA-Lib ADR",
)
def adr(high: Series, low: Series, timeperiod: int) -> Series:
    """Mean of the bar's range high - low over the window."""
    return sma(high - low, timeperiod)

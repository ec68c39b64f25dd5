"""Awesome oscillator."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, median_price, oscillator, period, sma


@oscillator(
    name="AO",
    title="Awesome oscillator",
    group=Group.MOMENTUM,
    params=(
        period(5, "fastperiod", doc="Bars of the faster average"),
        period(34, "slowperiod", doc="Bars of the slower average"),
    ),
    neutral=0.0,
    stability=Stability.EXACT,
    source="Williams, New Trading Dimensions (1998); TA-Lib AO",
)
def ao(high: Series, low: Series, fastperiod: int, slowperiod: int) -> Series:
    """Fast less slow simple average of the median price (high + low) / 2."""
    median = median_price(high, low)
    return sma(median, fastperiod) - sma(median, slowperiod)

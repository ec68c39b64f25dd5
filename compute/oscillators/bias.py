"""Bias."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, relative, sma


@oscillator(
    name="BIAS",
    title="Bias",
    group=Group.MOMENTUM,
    params=(period(26),),
    neutral=0.0,
    stability=Stability.EXACT,
    peer="",
    source="Disparity of the price from its moving average",
)
def bias(close: Series, timeperiod: int) -> Series:
    """Distance of the close from its simple average, in per cent of that.

    It is 0 when the average is 0.
    """
    average = sma(close, timeperiod)
    return relative(close, average, average, factor=100.0)

"""Accelerator oscillator."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, sma
from riskwave.compute.oscillators.ao import ao


@oscillator(
    name="AC",
    title="Accelerator oscillator",
    group=Group.MOMENTUM,
    params=(
        period(5, "fastperiod", doc="Bars of the faster average"),
        period(34, "slowperiod", doc="Bars of the slower average"),
        period(5, "signalperiod", doc="Bars of the average that is subtracted"),
    ),
    neutral=0.0,
    stability=Stability.EXACT,
    source="Williams, New Trading Dimensions (1998); TA-Lib AC",
)
def ac(high: Series, low: Series, fastperiod: int, slowperiod: int, signalperiod: int) -> Series:
    """Awesome oscillator less its own simple average."""
    awesome = ao(high, low, fastperiod, slowperiod)
    return awesome - sma(awesome, signalperiod)

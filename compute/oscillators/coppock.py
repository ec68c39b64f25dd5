"""Coppock curve."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, wma
from riskwave.compute.oscillators.roc import roc


@oscillator(
    name="COPPOCK",
    title="Coppock curve",
    group=Group.MOMENTUM,
    params=(
        period(10, "wmaperiod", low=1, doc="Bars of the weighted average"),
        period(11, "roc1period", low=1, doc="Bars of the first rate of change"),
        period(14, "roc2period", low=1, doc="Bars of the second rate of change"),
    ),
    neutral=0.0,
    stability=Stability.EXACT,
    source="Coppock, Barron's, 15 October 1962; TA-Lib COPPOCK",
)
def coppock(close: Series, wmaperiod: int, roc1period: int, roc2period: int) -> Series:
    """Weighted average of the sum of two rates of change in per cent."""
    return wma(roc(close, roc1period) + roc(close, roc2period), wmaperiod)

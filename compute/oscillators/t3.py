"""Tillson's T3 moving average."""

from __future__ import annotations

from riskwave.compute.oscillators._averages import t3 as t3_average
from riskwave.compute.oscillators._formula import Group, Param, Series, Stability, oscillator, period


@oscillator(
    name="T3",
    title="Tillson's T3 moving average",
    group=Group.OVERLAP,
    params=(
        period(5, low=1),
        Param("vfactor", 0.7, "How much lag is cancelled", 0.0, 1.0),
    ),
    stability=Stability.CONVERGING,
    source=(
        "Tillson, Smoothing Techniques for More Accurate Signals, Technical Analysis of Stocks & "
        "Commodities 16:1 (1998); TA-Lib T3"
    ),
)
def t3(close: Series, timeperiod: int, vfactor: float) -> Series:
    """Six exponential averages in a row, combined so that most of their lag cancels.

    With a `vfactor` of 0 it is the third of them.
    """
    return t3_average(close, timeperiod, vfactor)

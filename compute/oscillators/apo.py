"""Absolute price oscillator."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, average_pair, matype, oscillator, period


@oscillator(
    name="APO",
    title="Absolute price oscillator",
    group=Group.MOMENTUM,
    params=(
        period(12, "fastperiod", doc="Bars of the faster average"),
        period(26, "slowperiod", doc="Bars of the slower average"),
        matype("matype", 1),
    ),
    stability=Stability.CONVERGING,
    source="TA-Lib APO",
)
def apo(close: Series, fastperiod: int, slowperiod: int, matype: int) -> Series:
    """Fast less slow moving average of the close."""
    fast, slow = average_pair(close, fastperiod, slowperiod, matype)
    return fast - slow

"""Absolute price oscillator."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    average_pair,
    first_ema,
    matype,
    oscillator,
    period,
    variant,
)


@oscillator(
    name="APO",
    title="Absolute price oscillator",
    group=Group.MOMENTUM,
    params=(
        period(12, "fastperiod", doc="Bars of the faster average"),
        period(26, "slowperiod", doc="Bars of the slower average"),
        matype("matype", 1),
    ),
    neutral=0.0,
    stability=Stability.CONVERGING,
    source="TA-Lib APO",
)
def apo(close: Series, fastperiod: int, slowperiod: int, matype: int) -> Series:
    """Fast less slow moving average of the close."""
    fast, slow = average_pair(close, fastperiod, slowperiod, matype)
    return fast - slow


@variant(apo, "tulip", source="Tulip Indicators 0.9, apo")
def apo_tulip(close: Series, fastperiod: int, slowperiod: int, matype: int) -> Series:
    """Exponential averages (`matype` 1 or 11) start from the first value; shown from the second bar on."""
    if matype not in {1, 11}:
        return apo(close, fastperiod, slowperiod, matype)
    fast, slow = (first_ema(close, bars) for bars in sorted((fastperiod, slowperiod)))
    return (fast - slow).skip(1)

"""Percentage volume oscillator."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    average_pair,
    matype,
    oscillator,
    period,
    relative,
)


@oscillator(
    name="PVO",
    title="Percentage volume oscillator",
    group=Group.VOLUME,
    params=(
        period(12, "fastperiod", doc="Bars of the faster average"),
        period(26, "slowperiod", doc="Bars of the slower average"),
        matype("matype", 1),
    ),
    neutral=0.0,
    stability=Stability.CONVERGING,
    source="TA-Lib PVO",
)
def pvo(volume: Series, fastperiod: int, slowperiod: int, matype: int) -> Series:
    """Fast less slow average of the volume, in per cent of the slow one.

    It is 0 when the slow one is 0.
    """
    fast, slow = average_pair(volume, fastperiod, slowperiod, matype)
    return relative(fast, slow, slow, factor=100.0)

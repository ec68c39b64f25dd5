"""Ease of movement."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Param,
    Series,
    Stability,
    change,
    oscillator,
    period,
    ratio,
    sma,
)


@oscillator(
    name="EMV",
    title="Ease of movement",
    group=Group.VOLUME,
    params=(
        period(14, low=1),
        Param("divisor", 10000.0, "Unit in which the volume is counted", 1e-6, 1e15),
    ),
    neutral=0.0,
    stability=Stability.EXACT,
    peer="",
    source="Arms; Achelis, Technical Analysis from A to Z, p. 127",
)
def emv(high: Series, low: Series, volume: Series, timeperiod: int, divisor: float) -> Series:
    """Average move of the median price times the bar's range, over its volume in units of `divisor`.

    A bar without volume counts 0.
    """
    median = (high + low) / 2.0
    return sma(ratio(change(median) * (high - low), volume / divisor), timeperiod)

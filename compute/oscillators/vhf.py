"""Vertical horizontal filter."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    distance,
    oscillator,
    period,
    ratio,
    window_max,
    window_min,
    window_sum,
)


@oscillator(
    name="VHF",
    title="Vertical horizontal filter",
    group=Group.MOMENTUM,
    params=(period(28),),
    low=0.0,
    high=1.0,
    stability=Stability.EXACT,
    source="White, Futures 20:10 (1991); TA-Lib VHF",
)
def vhf(close: Series, timeperiod: int) -> Series:
    """Range of the closes over the sum of their changes.

    Without any movement it is 0.
    """
    span = window_max(close, timeperiod) - window_min(close, timeperiod)
    return ratio(span, window_sum(distance(close, close.lag(1)), timeperiod))

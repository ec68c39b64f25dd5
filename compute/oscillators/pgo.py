"""Pretty good oscillator."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    ema,
    oscillator,
    period,
    ratio,
    sma,
    true_range,
)


@oscillator(
    name="PGO",
    title="Pretty good oscillator",
    group=Group.MOMENTUM,
    params=(period(14),),
    neutral=0.0,
    stability=Stability.CONVERGING,
    peer="",
    source="Johnson, The Pretty Good Oscillator",
)
def pgo(high: Series, low: Series, close: Series, timeperiod: int) -> Series:
    """Distance of the close from its simple average, in exponential averages of the true range.

    It is 0 when that is 0.
    """
    return ratio(close - sma(close, timeperiod), ema(true_range(high, low, close), timeperiod))

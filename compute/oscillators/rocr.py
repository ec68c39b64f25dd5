"""Rate of change as a ratio."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, ratio


@oscillator(
    name="ROCR",
    title="Rate of change as a ratio",
    group=Group.MOMENTUM,
    params=(period(10, low=1),),
    neutral=1.0,
    stability=Stability.EXACT,
    source="TA-Lib ROCR",
)
def rocr(close: Series, timeperiod: int) -> Series:
    """Price over the price `timeperiod` bars earlier.

    It is 0 when the earlier price is 0.
    """
    return ratio(close, close.lag(timeperiod))

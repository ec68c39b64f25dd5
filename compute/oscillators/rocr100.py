"""Rate of change as a percent times 100."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, percent, period


@oscillator(
    name="ROCR100",
    title="Rate of change as a ratio times 100",
    group=Group.MOMENTUM,
    params=(period(10, low=1),),
    neutral=100.0,
    stability=Stability.EXACT,
    source="TA-Lib ROCR100",
)
def rocr100(close: Series, timeperiod: int) -> Series:
    """Hundred times the price over the price `timeperiod` bars earlier.

    It is 0 when the earlier price is 0.
    """
    return percent(close, close.lag(timeperiod))

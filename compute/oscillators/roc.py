"""Rate of change."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, relative


@oscillator(
    name="ROC",
    title="Rate of change",
    group=Group.MOMENTUM,
    params=(period(10, low=1),),
    stability=Stability.EXACT,
    source="TA-Lib ROC",
)
def roc(close: Series, timeperiod: int) -> Series:
    """Change over `timeperiod` bars in per cent: 100 (close / earlier - 1).

    It is 0 when the earlier price is 0.
    """
    earlier = close.lag(timeperiod)
    return relative(close, earlier, earlier, factor=100.0)

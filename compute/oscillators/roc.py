"""Rate of change."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, ratio


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
    return 100.0 * (ratio(close, close.lag(timeperiod), empty=1.0) - 1.0)

"""Rate of change."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, relative, variant


@oscillator(
    name="ROC",
    title="Rate of change",
    group=Group.MOMENTUM,
    params=(period(10, low=1),),
    neutral=0.0,
    stability=Stability.EXACT,
    source="TA-Lib ROC",
)
def roc(close: Series, timeperiod: int) -> Series:
    """Change over `timeperiod` bars in per cent: 100 (close / earlier - 1).

    It is 0 when the earlier price is 0.
    """
    earlier = close.lag(timeperiod)
    return relative(close, earlier, earlier, factor=100.0)


@variant(roc, "tulip", source="Tulip Indicators 0.9, roc")
def roc_tulip(close: Series, timeperiod: int) -> Series:
    """Change as a fraction in place of per cent: (close - earlier) / earlier."""
    earlier = close.lag(timeperiod)
    return relative(close, earlier, earlier)

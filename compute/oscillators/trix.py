"""Triple exponential average's rate of change."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, ema, oscillator, period
from riskwave.compute.oscillators.roc import roc


@oscillator(
    name="TRIX",
    title="Triple exponential average's rate of change",
    group=Group.MOMENTUM,
    params=(period(30, low=1),),
    stability=Stability.CONVERGING,
    source="Hutson, Good TRIX, Technical Analysis of Stocks & Commodities 1:5 (1983); TA-Lib TRIX",
)
def trix(close: Series, timeperiod: int) -> Series:
    """Change of a threefold exponential average from bar to bar, in per cent."""
    return roc(ema(ema(ema(close, timeperiod), timeperiod), timeperiod), 1)

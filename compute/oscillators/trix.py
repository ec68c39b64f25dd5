"""Triple exponential average's rate of change."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    ema,
    first_ema,
    oscillator,
    period,
    relative,
    variant,
)
from riskwave.compute.oscillators.roc import roc


@oscillator(
    name="TRIX",
    title="Triple exponential average's rate of change",
    group=Group.MOMENTUM,
    params=(period(30, low=1),),
    neutral=0.0,
    stability=Stability.CONVERGING,
    source="Hutson, Good TRIX, Technical Analysis of Stocks & Commodities 1:5 (1983); TA-Lib TRIX",
)
def trix(close: Series, timeperiod: int) -> Series:
    """Change of a threefold exponential average from bar to bar, in per cent."""
    return roc(ema(ema(ema(close, timeperiod), timeperiod), timeperiod), 1)


@variant(trix, "tulip", source="Tulip Indicators 0.9, trix")
def trix_tulip(close: Series, timeperiod: int) -> Series:
    """Each average starts from one value of what it averages, `timeperiod` - 1 bars after that began.

    The change is in per cent of the later value, not of the earlier one.
    """
    smooth = close
    for _ in range(3):
        smooth = first_ema(smooth, timeperiod).skip(timeperiod - 1)
    return relative(smooth, smooth.lag(1), smooth, factor=100.0)

"""True strength index."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, change, ema, oscillator, percent, period


@oscillator(
    name="TSI",
    title="True strength index",
    group=Group.MOMENTUM,
    params=(
        period(25, "firstperiod", doc="Bars of the first smoothing"),
        period(13, "secondperiod", doc="Bars of the second smoothing"),
    ),
    low=-100.0,
    high=100.0,
    neutral=0.0,
    stability=Stability.CONVERGING,
    source="Blau, True Strength Index, Technical Analysis of Stocks & Commodities 9:11 (1991); TA-Lib TSI",
)
def tsi(close: Series, firstperiod: int, secondperiod: int) -> Series:
    """Change from bar to bar over its absolute value, both smoothed twice, in per cent.

    Without any movement it is 0.
    """
    move = change(close)
    net = ema(ema(move, firstperiod), secondperiod)
    path = ema(ema(abs(move), firstperiod), secondperiod)
    return percent(net, path)

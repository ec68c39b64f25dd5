"""Chaikin oscillator."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, ema, oscillator, period, smoothed, variant
from riskwave.compute.oscillators.ad import ad


@oscillator(
    name="ADOSC",
    title="Chaikin oscillator",
    group=Group.VOLUME,
    params=(
        period(3, "fastperiod", doc="Bars of the faster average"),
        period(10, "slowperiod", doc="Bars of the slower average"),
    ),
    neutral=0.0,
    stability=Stability.CONVERGING,
    source="Chaikin; Achelis, Technical Analysis from A to Z, p. 98; TA-Lib ADOSC",
)
def adosc(high: Series, low: Series, close: Series, volume: Series, fastperiod: int, slowperiod: int) -> Series:
    """Fast less slow exponential average of the accumulation/distribution line.

    Both averages start from the line's first value.
    """
    line = ad(high, low, close, volume)
    fast, slow = (smoothed(line, 2.0 / (bars + 1), 1) for bars in (fastperiod, slowperiod))
    return (fast - slow).skip(max(fastperiod, slowperiod) - 1)


@variant(adosc, "tradingview", source="TradingView, Chaikin Oscillator, with ta.accdist and ta.ema")
def adosc_tradingview(
    high: Series, low: Series, close: Series, volume: Series, fastperiod: int, slowperiod: int
) -> Series:
    """Each average is seeded with the mean of its own first bars of the line."""
    line = ad(high, low, close, volume)
    return ema(line, fastperiod) - ema(line, slowperiod)

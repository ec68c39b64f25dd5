"""WaveTrend."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    distance,
    ema,
    oscillator,
    period,
    ratio,
    sma,
)


@oscillator(
    name="WT",
    title="WaveTrend",
    group=Group.MOMENTUM,
    params=(
        period(10, "channelperiod", doc="Bars of the channel"),
        period(21, "averageperiod", low=1, doc="Bars of the average"),
        period(4, "signalperiod", low=1, doc="Bars of the signal line"),
    ),
    outputs=(
        "wt1",
        "wt2",
    ),
    neutral=0.0,
    stability=Stability.CONVERGING,
    peer="",
    source="LazyBear, WaveTrend Oscillator (2014)",
)
def wt(
    high: Series, low: Series, close: Series, channelperiod: int, averageperiod: int, signalperiod: int
) -> tuple[Series, Series]:
    """Averaged distance of the typical price from its average, and the simple average of that.

    The distance is in units of 0.015 mean distances. All other averages are exponential. A mean distance of 0
    counts as no distance.
    """
    typical = (high + low + close) / 3.0
    average = ema(typical, channelperiod)
    spread = ema(distance(typical, average), channelperiod)
    line = ema(ratio(typical - average, 0.015 * spread), averageperiod)
    return line, sma(line, signalperiod)

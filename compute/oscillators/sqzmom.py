"""Squeeze momentum."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Param,
    Series,
    Stability,
    oscillator,
    period,
    sma,
    true_range,
    where_greater,
    window_deviation,
    window_max,
    window_min,
    window_slope,
)


@oscillator(
    name="SQZMOM",
    title="Squeeze momentum",
    group=Group.MOMENTUM,
    params=(
        period(20),
        Param("nbdev", 2.0, "Standard deviations of the Bollinger bands", 0.0, 100.0),
        Param("multiplier", 1.5, "Mean true ranges of the Keltner channel", 0.0, 100.0),
    ),
    outputs=(
        "momentum",
        "squeeze",
    ),
    neutral=0.0,
    stability=Stability.EXACT,
    peer="",
    source="LazyBear, Squeeze Momentum Indicator (2014)",
)
def sqzmom(
    high: Series, low: Series, close: Series, timeperiod: int, nbdev: float, multiplier: float
) -> tuple[Series, Series]:
    """End of the line through the closes' distances to a centre, and 1 while a squeeze is on, else 0.

    A squeeze is on while the Bollinger bands lie inside the Keltner channel. The centre is the mean of the middle
    of the range of `timeperiod` bars and the simple average of the close. Both bands lie around that average.
    """
    middle = sma(close, timeperiod)
    centre = ((window_max(high, timeperiod) + window_min(low, timeperiod)) / 2.0 + middle) / 2.0
    distance_to_centre = close - centre
    end = sma(distance_to_centre, timeperiod) + window_slope(distance_to_centre, timeperiod) * ((timeperiod - 1) / 2)
    band = nbdev * window_deviation(close, timeperiod)
    channel = multiplier * sma(true_range(high, low, close), timeperiod)
    return end, where_greater(channel, band, 1.0, 0.0)

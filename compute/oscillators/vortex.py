"""Vortex indicator."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    distance,
    oscillator,
    period,
    ratio,
    true_range,
    window_sum,
)


@oscillator(
    name="VORTEX",
    title="Vortex indicator",
    group=Group.MOMENTUM,
    params=(period(14, low=1),),
    outputs=(
        "plusvi",
        "minusvi",
    ),
    neutral=1.0,
    stability=Stability.EXACT,
    source=(
        "Botes and Siepman, The Vortex Indicator, Technical Analysis of Stocks & Commodities 28:1 (2010); TA-Lib VORTEX"
    ),
)
def vortex(high: Series, low: Series, close: Series, timeperiod: int) -> tuple[Series, Series]:
    """Upward and downward movement over the true range.

    Movement is the distance from the low before to the high, and from the high before to the low. Without a range
    both are 0.
    """
    span = window_sum(true_range(high, low, close), timeperiod)
    plus = window_sum(distance(high, low.lag(1)), timeperiod)
    minus = window_sum(distance(low, high.lag(1)), timeperiod)
    return ratio(plus, span), ratio(minus, span)

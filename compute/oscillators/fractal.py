"""Williams' fractal."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    oscillator,
    period,
    where_greater,
    window_max,
)


def _swing(x: Series, leftbars: int, rightbars: int) -> Series:
    middle = x.lag(rightbars)
    after = where_greater(middle, window_max(x, rightbars), 100.0, 0.0)
    return where_greater(middle, window_max(x, leftbars).lag(rightbars + 1), after, 0.0)


@oscillator(
    name="FRACTAL",
    title="Williams' fractal",
    group=Group.MOMENTUM,
    params=(
        period(2, "leftbars", low=1, doc="Bars before the extreme"),
        period(2, "rightbars", low=1, doc="Bars after the extreme"),
    ),
    outputs=(
        "swinghigh",
        "swinglow",
    ),
    low=0.0,
    high=100.0,
    stability=Stability.EXACT,
    source="Williams, Trading Chaos (1995); TA-Lib FRACTAL",
)
def fractal(high: Series, low: Series, leftbars: int, rightbars: int) -> tuple[Series, Series]:
    """100 on the bar that confirms an extreme `rightbars` bars ago, else 0.

    A swing high is higher than the highs of `leftbars` bars before and `rightbars` bars after it; a swing low
    likewise.
    """
    return _swing(high, leftbars, rightbars), _swing(-low, leftbars, rightbars)

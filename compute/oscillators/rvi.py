"""Relative volatility index."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    oscillator,
    period,
    ratio,
    rma,
    where_greater,
    window_deviation,
)


@oscillator(
    name="RVI",
    title="Relative volatility index",
    group=Group.VOLATILITY,
    params=(
        period(14, low=1),
        period(10, "stddevperiod", doc="Bars of the standard deviation"),
    ),
    low=0.0,
    high=100.0,
    neutral=50.0,
    stability=Stability.CONVERGING,
    source=(
        "Dorsey, The Relative Volatility Index, Technical Analysis of Stocks & Commodities 11:6 (1993); TA-Lib RVI"
    ),
)
def rvi(close: Series, timeperiod: int, stddevperiod: int) -> Series:
    """Share of the standard deviation on rising bars in that on all moving bars, both smoothed, in per cent.

    Without any movement it is 50. Not the relative vigor index, which is RVGI.
    """
    spread, before = window_deviation(close, stddevperiod), close.lag(1)
    up = rma(where_greater(close, before, spread, 0.0), timeperiod)
    down = rma(where_greater(before, close, spread, 0.0), timeperiod)
    return 100.0 * ratio(up, up + down, empty=0.5)

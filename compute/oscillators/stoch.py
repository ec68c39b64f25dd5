"""Stochastic oscillator."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    matype,
    moving_average,
    oscillator,
    percent_of_range,
    period,
    window_max,
    window_min,
)


def raw_stochastic(high: Series, low: Series, close: Series, bars: int) -> Series:
    """Return where the close lies between the lowest low and the highest high of `bars` bars, in per cent.

    When the two are equal it is 0.
    """
    return percent_of_range(close, window_min(low, bars), window_max(high, bars))


@oscillator(
    name="STOCH",
    title="Stochastic",
    group=Group.MOMENTUM,
    params=(
        period(5, "fastk_period", low=1, doc="Bars of the range"),
        period(3, "slowk_period", low=1, doc="Bars of the average that makes %K"),
        matype("slowk_matype"),
        period(3, "slowd_period", low=1, doc="Bars of the average that makes %D"),
        matype("slowd_matype"),
    ),
    outputs=("slowk", "slowd"),
    neutral=50.0,
    stability=Stability.EXACT,
    source="Lane, Lane's Stochastics, Technical Analysis of Stocks & Commodities 2:3 (1984); TA-Lib STOCH",
)
def stoch(
    high: Series,
    low: Series,
    close: Series,
    fastk_period: int,
    slowk_period: int,
    slowk_matype: int,
    slowd_period: int,
    slowd_matype: int,
) -> tuple[Series, Series]:
    """Where the close lies in the range of the last bars, averaged once (%K) and twice (%D).

    100 (close - L) / (H - L), with H the highest high and L the lowest low of `fastk_period` bars, and 0 when they are
    equal. With simple averages it stays between 0 and 100.
    """
    slowk = moving_average(raw_stochastic(high, low, close, fastk_period), slowk_period, slowk_matype)
    return slowk, moving_average(slowk, slowd_period, slowd_matype)

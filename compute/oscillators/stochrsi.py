"""Stochastic RSI."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    hold_while_equal,
    matype,
    moving_average,
    oscillator,
    period,
)
from riskwave.compute.oscillators.rsi import rsi
from riskwave.compute.oscillators.stoch import raw_stochastic


@oscillator(
    name="STOCHRSI",
    title="Stochastic RSI",
    group=Group.MOMENTUM,
    params=(
        period(14),
        period(5, "fastk_period", low=1, doc="Bars of the range of the RSI"),
        period(3, "fastd_period", low=1, doc="Bars of the average that makes %D"),
        matype("fastd_matype"),
    ),
    outputs=(
        "fastk",
        "fastd",
    ),
    stability=Stability.CONVERGING,
    source="Chande and Kroll, The New Technical Trader (1994); TA-Lib STOCHRSI",
)
def stochrsi(
    close: Series, timeperiod: int, fastk_period: int, fastd_period: int, fastd_matype: int
) -> tuple[Series, Series]:
    """Fast stochastic of the relative strength index.

    It is 0 when the index did not move over `fastk_period` bars, as on an unchanged price: the index is held there,
    because the last bits of its recursion would otherwise fill the whole range. %K is not averaged.
    """
    strength = hold_while_equal(rsi(close, timeperiod), close)
    fastk = raw_stochastic(strength, strength, strength, fastk_period)
    return fastk, moving_average(fastk, fastd_period, fastd_matype)

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
    variant,
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
    neutral=50.0,
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


@variant(stochrsi, "tradingview", source="TradingView, Stochastic RSI, with ta.rsi and ta.stoch")
def stochrsi_tradingview(
    close: Series, timeperiod: int, fastk_period: int, fastd_period: int, fastd_matype: int
) -> tuple[Series, Series]:
    """%K is averaged over `fastd_period` bars before it is shown, and %D is the average of that."""
    fastk = stochrsi(close, timeperiod, fastk_period, fastd_period, fastd_matype)[1]
    return fastk, moving_average(fastk, fastd_period, fastd_matype)


@variant(stochrsi, "tulip", source="Tulip Indicators 0.9, stochrsi", neutral=0.5)
def stochrsi_tulip(
    close: Series, timeperiod: int, fastk_period: int, fastd_period: int, fastd_matype: int
) -> tuple[Series, Series]:
    """From 0 to 1 in place of 0 to 100. Tulip's one period is both `timeperiod` and `fastk_period`; it has no %D."""
    fastk, fastd = stochrsi(close, timeperiod, fastk_period, fastd_period, fastd_matype)
    return fastk / 100.0, fastd / 100.0

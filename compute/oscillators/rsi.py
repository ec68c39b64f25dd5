"""Relative strength index."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    gain_loss,
    oscillator,
    percent_share,
    period,
    rma,
    rsi_line,
    variant,
    where_equal,
)


@oscillator(
    name="RSI",
    title="Relative Strength Index",
    group=Group.MOMENTUM,
    params=(period(14),),
    low=0.0,
    high=100.0,
    neutral=50.0,
    stability=Stability.CONVERGING,
    source="Wilder, New Concepts in Technical Trading Systems (1978), p. 63; TA-Lib RSI",
)
def rsi(close: Series, timeperiod: int) -> Series:
    """Share of the rises in all movement: 100 G / (G + L).

    G and L are Wilder's averages of the rises and falls from close to close, seeded with the mean of the first
    `timeperiod` of them. Without any movement it is 0.
    """
    return rsi_line(close, timeperiod)


@variant(rsi, "tradingview", source="Pine Script reference, ta.rsi")
def rsi_tradingview(close: Series, timeperiod: int) -> Series:
    """As under the default, but 100 in place of 0 without any movement: Pine asks first whether nothing fell."""
    gain, loss = gain_loss(close)
    gain, loss = rma(gain, timeperiod), rma(loss, timeperiod)
    return where_equal(loss, 0.0, 100.0, percent_share(gain, loss))

"""Relative strength index."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, rsi_line


@oscillator(
    name="RSI",
    title="Relative Strength Index",
    group=Group.MOMENTUM,
    params=(period(14),),
    low=0.0,
    high=100.0,
    stability=Stability.CONVERGING,
    source="Wilder, New Concepts in Technical Trading Systems (1978), p. 63; TA-Lib RSI",
)
def rsi(close: Series, timeperiod: int) -> Series:
    """Share of the rises in all movement: 100 G / (G + L).

    G and L are Wilder's averages of the rises and falls from close to close, seeded with the mean of the first
    `timeperiod` of them. Without any movement it is 0.
    """
    return rsi_line(close, timeperiod)

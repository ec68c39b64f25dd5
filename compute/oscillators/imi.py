"""Intraday momentum index."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    maximum,
    oscillator,
    percent,
    period,
    window_sum,
)


@oscillator(
    name="IMI",
    title="Intraday momentum index",
    group=Group.MOMENTUM,
    params=(period(14),),
    low=0.0,
    high=100.0,
    neutral=50.0,
    stability=Stability.EXACT,
    source="Chande and Kroll, The New Technical Trader (1994); TA-Lib IMI",
)
def imi(open: Series, close: Series, timeperiod: int) -> Series:
    """Share of the rising bodies in all bodies of `timeperiod` bars, in per cent.

    A body is close - open. It is 50 when all bodies are 0.
    """
    body = close - open
    gain, loss = window_sum(maximum(body, 0.0), timeperiod), window_sum(maximum(-body, 0.0), timeperiod)
    return percent(gain, gain + loss, empty=50.0)

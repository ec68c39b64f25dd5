"""Normalised average true range."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, ratio
from riskwave.compute.oscillators.atr import atr


@oscillator(
    name="NATR",
    title="Normalised average true range",
    group=Group.VOLATILITY,
    params=(period(14, low=1),),
    stability=Stability.CONVERGING,
    source=(
        "Forman, Cross-Market Evaluations with Normalized Average True Range, Technical Analysis of "
        "Stocks & Commodities 24:5 (2006); TA-Lib NATR"
    ),
)
def natr(high: Series, low: Series, close: Series, timeperiod: int) -> Series:
    """Average true range in per cent of the close.

    It is 0 when the close is 0. Over 1 bar it is the true range itself, as in TA-Lib.
    """
    span = atr(high, low, close, timeperiod)
    return 100.0 * ratio(span, close) if timeperiod > 1 else span

"""Normalised average true range."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    first_true_range,
    oscillator,
    period,
    ratio,
    rma,
    variant,
)
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


@variant(natr, "tulip", "tradingview", source="Tulip Indicators 0.9, natr; Pine Script reference, ta.atr")
def natr_from_first(high: Series, low: Series, close: Series, timeperiod: int) -> Series:
    """As under the default, with the first bar's range for its true range: one value earlier."""
    return 100.0 * ratio(rma(first_true_range(high, low, close), timeperiod), close)

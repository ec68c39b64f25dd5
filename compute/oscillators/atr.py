"""Average true range."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    first_true_range,
    oscillator,
    period,
    rma,
    true_range,
    variant,
)


@oscillator(
    name="ATR",
    title="Average true range",
    group=Group.VOLATILITY,
    params=(period(14, low=1),),
    low=0.0,
    stability=Stability.CONVERGING,
    source="Wilder, New Concepts in Technical Trading Systems (1978), p. 21; TA-Lib ATR",
)
def atr(high: Series, low: Series, close: Series, timeperiod: int) -> Series:
    """Wilder's average of the true range, which begins with the second bar."""
    return rma(true_range(high, low, close), timeperiod)


@variant(atr, "tulip", "tradingview", source="Tulip Indicators 0.9, atr; Pine Script reference, ta.atr")
def atr_from_first(high: Series, low: Series, close: Series, timeperiod: int) -> Series:
    """As under the default, with the first bar's range for its true range: one value earlier."""
    return rma(first_true_range(high, low, close), timeperiod)

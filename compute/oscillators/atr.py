"""Average true range."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, rma, true_range


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

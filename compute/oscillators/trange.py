"""True range."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    first_true_range,
    oscillator,
    true_range,
    variant,
)


@oscillator(
    name="TRANGE",
    title="True range",
    group=Group.VOLATILITY,
    low=0.0,
    stability=Stability.EXACT,
    source="Wilder, New Concepts in Technical Trading Systems (1978), p. 21; TA-Lib TRANGE",
)
def trange(high: Series, low: Series, close: Series) -> Series:
    """Largest of the bar's range and the distances of its high and its low to the close before."""
    return true_range(high, low, close)


@variant(trange, "tulip", "tradingview", source="Tulip Indicators 0.9, tr; Pine Script reference, ta.tr(true)")
def trange_from_first(high: Series, low: Series, close: Series) -> Series:
    """On the first bar, which has no close before, the bar's range."""
    return first_true_range(high, low, close)

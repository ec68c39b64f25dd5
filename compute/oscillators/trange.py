"""True range."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, true_range


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

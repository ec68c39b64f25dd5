"""Balance of power."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, ratio_of_distances


@oscillator(
    name="BOP",
    title="Balance of power",
    group=Group.MOMENTUM,
    neutral=0.0,
    stability=Stability.EXACT,
    source="Livshin, Balance of Power, Technical Analysis of Stocks & Commodities 19:8 (2001); TA-Lib BOP",
)
def bop(open: Series, high: Series, low: Series, close: Series) -> Series:
    """Where the bar closed relative to where it opened, in units of its range: (close - open) / (high - low).

    It is 0 when the range is 0.
    """
    return ratio_of_distances(close, open, high, low)

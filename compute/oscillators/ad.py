"""Accumulation/distribution line."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, relative, total


def money_flow(high: Series, low: Series, close: Series, volume: Series) -> Series:
    """Return the volume times where the close lies in the bar's range, between -1 and 1."""
    return relative(close - low, high - close, high - low) * volume


@oscillator(
    name="AD",
    title="Accumulation/distribution line",
    group=Group.VOLUME,
    stability=Stability.PATH_DEPENDENT,
    source="Chaikin; Achelis, Technical Analysis from A to Z, p. 56; TA-Lib AD",
)
def ad(high: Series, low: Series, close: Series, volume: Series) -> Series:
    """Sum, since the first bar, of the volume times where the close lies in the bar's range.

    The place is ((close - low) - (high - close)) / (high - low), between -1 and 1, and 0 when the range is 0.
    """
    return total(money_flow(high, low, close, volume))

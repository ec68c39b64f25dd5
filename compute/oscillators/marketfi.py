"""Market facilitation index."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, ratio


@oscillator(
    name="MARKETFI",
    title="Market facilitation index",
    group=Group.VOLUME,
    stability=Stability.EXACT,
    source="Williams, Trading Chaos (1995); TA-Lib MARKETFI",
)
def marketfi(high: Series, low: Series, volume: Series) -> Series:
    """Range of the bar over its volume.

    It is 0 without volume.
    """
    return ratio(high - low, volume)

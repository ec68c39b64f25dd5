"""On balance volume."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, signed_volume, total


@oscillator(
    name="OBV",
    title="On balance volume",
    group=Group.VOLUME,
    stability=Stability.PATH_DEPENDENT,
    source="Granville, Granville's New Key to Stock Market Profits (1963); TA-Lib OBV",
)
def obv(close: Series, volume: Series) -> Series:
    """Sum of the volumes, counted negative where the close fell and not at all where it stood still.

    It starts with the first bar's volume.
    """
    return total(signed_volume(close, volume))

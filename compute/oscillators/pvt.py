"""Price volume trend."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, previous, relative, total


@oscillator(
    name="PVT",
    title="Price volume trend",
    group=Group.VOLUME,
    stability=Stability.PATH_DEPENDENT,
    source="Achelis, Technical Analysis from A to Z, p. 239; TA-Lib PVT",
)
def pvt(close: Series, volume: Series) -> Series:
    """Sum, since the first bar, of the volume times the change of the close as a fraction.

    It starts with 0.
    """
    before = previous(close)
    return total(relative(close, before, before) * volume)

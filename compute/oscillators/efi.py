"""Elder's force index."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, change, ema, oscillator, period


@oscillator(
    name="EFI",
    title="Elder's force index",
    group=Group.VOLUME,
    params=(period(13, low=1),),
    neutral=0.0,
    stability=Stability.CONVERGING,
    source="Elder, Trading for a Living (1993); TA-Lib EFI",
)
def efi(close: Series, volume: Series, timeperiod: int) -> Series:
    """Exponential average of the change of the close times the volume."""
    return ema(change(close) * volume, timeperiod)

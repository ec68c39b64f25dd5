"""Hilbert transform: dominant cycle period."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator
from riskwave.compute.oscillators._hilbert import cycle_period


@oscillator(
    name="HT_DCPERIOD",
    title="Hilbert transform: dominant cycle period",
    group=Group.CYCLE,
    stability=Stability.CONVERGING,
    source="Ehlers, Rocket Science for Traders (2001); TA-Lib HT_DCPERIOD",
)
def ht_dcperiod(close: Series) -> Series:
    """Period of the dominant cycle in bars, smoothed."""
    return cycle_period(close)

"""Hilbert transform: phasor components."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator
from riskwave.compute.oscillators._hilbert import hilbert


@oscillator(
    name="HT_PHASOR",
    title="Hilbert transform: phasor components",
    group=Group.CYCLE,
    outputs=(
        "inphase",
        "quadrature",
    ),
    stability=Stability.CONVERGING,
    source="Ehlers, Rocket Science for Traders (2001); TA-Lib HT_PHASOR",
)
def ht_phasor(close: Series) -> tuple[Series, Series]:
    """In-phase and quadrature component of the detrended price."""
    in_phase, quadrature, _ = hilbert(close)
    return in_phase, quadrature

"""Oscillators and the averages they are made of, over one series, a panel of them, and many windows at once."""

from __future__ import annotations

from riskwave.compute.oscillators._catalogue import OSCILLATORS, Group, Oscillator, Stability
from riskwave.compute.oscillators._compute import OscillatorResult, WarmUp, compute, warm_up
from riskwave.compute.oscillators._gaps import GapPolicy

__all__ = [
    "OSCILLATORS",
    "GapPolicy",
    "Group",
    "Oscillator",
    "OscillatorResult",
    "Stability",
    "WarmUp",
    "compute",
    "warm_up",
]

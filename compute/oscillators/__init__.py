"""Oscillators and the averages they are made of, over one series, a panel of them, and many windows at once."""

from __future__ import annotations

from riskwave.compute.oscillators._catalogue import OSCILLATORS, Convention, Group, Oscillator, Stability
from riskwave.compute.oscillators._compute import OscillatorResult, WarmUp, compute, warm_up, warm_up_steps
from riskwave.compute.oscillators._gaps import GapPolicy
from riskwave.compute.oscillators._reducers import Reducer
from riskwave.compute.oscillators._stream import (
    IndicatorStream,
    StreamLimits,
    open_stream,
    restore_stream,
    snapshot_indicator,
)

__all__ = [
    "OSCILLATORS",
    "Convention",
    "GapPolicy",
    "Group",
    "IndicatorStream",
    "Oscillator",
    "OscillatorResult",
    "Reducer",
    "Stability",
    "StreamLimits",
    "WarmUp",
    "compute",
    "open_stream",
    "restore_stream",
    "snapshot_indicator",
    "warm_up",
    "warm_up_steps",
]

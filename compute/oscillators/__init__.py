"""Oscillators and the averages they are made of, over one series, a panel of them, and many windows at once."""

from __future__ import annotations

from riskwave.compute.oscillators._catalogue import OSCILLATORS, Convention, Group, Oscillator, Stability
from riskwave.compute.oscillators._columns import (
    ColumnTile,
    ColumnWork,
    TileResult,
    check_columns,
    compute_tile,
    compute_whole,
    cut_columns,
    join_columns,
    share_windows,
)
from riskwave.compute.oscillators._compute import OscillatorResult, SharedWindows, compute
from riskwave.compute.oscillators._gaps import GapPolicy
from riskwave.compute.oscillators._reducers import Reducer
from riskwave.compute.oscillators._stream import IndicatorStream
from riskwave.compute.oscillators._stream_opening import StreamLimits, open_stream, restore_stream, snapshot_indicator
from riskwave.compute.oscillators._warm_up import WarmUp, warm_up, warm_up_steps

__all__ = [
    "OSCILLATORS",
    "ColumnTile",
    "ColumnWork",
    "Convention",
    "GapPolicy",
    "Group",
    "IndicatorStream",
    "Oscillator",
    "OscillatorResult",
    "Reducer",
    "SharedWindows",
    "Stability",
    "StreamLimits",
    "TileResult",
    "WarmUp",
    "check_columns",
    "compute",
    "compute_tile",
    "compute_whole",
    "cut_columns",
    "join_columns",
    "open_stream",
    "restore_stream",
    "share_windows",
    "snapshot_indicator",
    "warm_up",
    "warm_up_steps",
]

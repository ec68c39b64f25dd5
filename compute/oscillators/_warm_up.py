"""Compiles everything that oscillators use, or loads it from the cache, ahead of the first request."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.oscillators._catalogue import OSCILLATORS, Convention
from riskwave.compute.oscillators._compute import compute
from riskwave.compute.oscillators._eights import LANES
from riskwave.compute.oscillators._program import BLOCK_VALUES
from riskwave.compute.oscillators._reducers import Reducer

if TYPE_CHECKING:
    from collections.abc import Callable

    from riskwave.compute.oscillators._catalogue import Oscillator
    from riskwave.compute.oscillators._request import Checkpoint


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What `warm_up` did: oscillators run, kernels ready, and the time it took."""

    oscillators: int
    elapsed_s: float


def warm_up_steps() -> dict[str, Callable[[], object]]:
    """Return, by what they compile or load from the cache, such as ``oscillators.RSI``, the calls that do it."""
    steps: dict[str, Callable[[], object]] = {
        f"oscillators.{entry.name}": partial(_warm_up_one, entry) for entry in OSCILLATORS
    }
    return {**steps, "oscillators.tiles": _warm_up_tiles}


def _warm_up_one(entry: Oscillator) -> None:
    for convention in (Convention.TALIB, *entry.conventions):
        variant = entry.under(convention)
        bars = variant.bars_needed(variant.default_window) + 2
        prices = {name: np.linspace(1.0, 2.0, bars) for name in entry.inputs}
        compute(entry.name, prices, allow_look_ahead=True, convention=convention)


def _warm_up_tiles() -> None:
    """Run what only long series and panels need; the tiles also a short one that cannot be read where it lies."""
    compute("MOM", {"close": np.ones(16, dtype=np.float32)})
    close = np.ones(BLOCK_VALUES + 1)
    compute("RSI", {"close": close}, {"timeperiod": 2})
    compute("TRIX", {"close": np.ones((BLOCK_VALUES // LANES + 1, LANES))}, {"timeperiod": 2})
    compute("RSI", {"close": close}, {"timeperiod": list(range(2, 2 + LANES))}, reducer=Reducer.LAST)


def warm_up(checkpoint: Checkpoint | None = None) -> WarmUp:
    """Compile every kernel that an oscillator uses, or load it from the cache, by running each oscillator.

    Parameters
    ----------
    checkpoint
        Called after each step; may raise to stop.
    """
    begin = time.perf_counter()
    steps = warm_up_steps()
    for step in steps.values():
        step()
        if checkpoint is not None:
            checkpoint()
    return WarmUp(len(OSCILLATORS), time.perf_counter() - begin)

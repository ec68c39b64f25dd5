"""Runs whole programs as one segment of machine code: every step of a panel, and of a single series without recursions.

The first bars, at which recursions have their seeds and not every step has all it looks back to, are `_program`'s.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.oscillators._fusion import BARS_MIN, WORKSHOP, FusedSegment, segment_fusion
from riskwave.compute.oscillators._gaps import finite, readable_in_place
from riskwave.compute.oscillators._program import CHECK_VALUES, Run, Storage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from riskwave.compute.oscillators._fusion_plan import Fusion
    from riskwave.compute.oscillators._schedule import Program

Floats = NDArray[np.float64]


def whole_fusion(program: Program, inputs: Sequence[NDArray[np.generic]], *, check_finite: bool) -> Fusion | None:
    """Return how all steps of a program are fused; None where they cannot be, or it would not pay for these inputs."""
    bars, lanes = inputs[0].shape
    checked = range(len(inputs)) if check_finite else ()
    fusion = segment_fusion(program, 0, len(program.steps), checked, lanes, whole=True)
    if fusion is None or bars - fusion.head_bars < BARS_MIN or not all(map(readable_in_place, inputs)):
        return None
    return fusion


def run_fused(
    program: Program,
    fusion: Fusion,
    inputs: Sequence[NDArray[np.generic]],
    outputs: Sequence[Floats],
    checkpoint: Callable[[], None] | None,
    *,
    check_finite: bool,
) -> bool | None:
    """Compute a whole series or panel; every array is (bars, lanes) and C-contiguous.

    Return None as long as there is no code, and False when an input was to be looked at and is not finite.
    """
    code = WORKSHOP.code_of(fusion.plan)
    if code is None:
        return None
    (bars, lanes), head = inputs[0].shape, fusion.head_bars
    checked = range(len(inputs)) if check_finite else ()
    read = {program.slots[slot].input for slot in fusion.slots}
    if not all(finite(inputs[number]) for number in checked if number not in read):
        return False
    opening = Run(program, lanes, whole=True, checked=checked, stepwise=True)
    if not opening.advance([panel[:head] for panel in inputs], [y[:head] for y in outputs]):
        return False
    segment = FusedSegment(program, fusion, code, lanes, head)
    segment.fill(opening.storage, opening.states, head)
    storage = _storage(program, inputs, outputs)
    block_bars = max(1, CHECK_VALUES // (lanes * len(program.steps)))
    for first in range(head, bars, block_bars):
        if not segment.run(storage, first * lanes, min(first + block_bars, bars) * lanes):
            return False
        if checkpoint is not None:
            checkpoint()
    for y, lookback in zip(outputs, program.lookbacks, strict=True):
        y[:lookback] = np.nan
    return True


def _storage(program: Program, inputs: Sequence[NDArray[np.generic]], outputs: Sequence[Floats]) -> list[Storage]:
    """Return where the series of the caller lie; those in between are the code's."""
    storage = [Storage(np.empty(0)) for _ in program.slots]
    for slot, home in zip(program.slots, storage, strict=True):
        if slot.input >= 0:
            home.array = inputs[slot.input].reshape(-1).view(np.float64)
        elif slot.result >= 0:
            home.array = outputs[slot.result].reshape(-1)
    return storage


class Spent:
    """Measures what is inside its ``with``, for `WORKSHOP`."""

    def __init__(self, fusion: Fusion | None) -> None:
        self._fusion = fusion

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        if self._fusion is not None:
            WORKSHOP.spent(self._fusion.plan, time.perf_counter() - self._began)

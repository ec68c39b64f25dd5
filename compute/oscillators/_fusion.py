"""Carries out segments of programs with machine code made for their steps, once they are used enough.

`_tiles` carries out one step after the other, and what passes between two of them is written to memory and read again.
`_fusion_code` makes code that does without, twice as fast, but takes a tenth of a second for it. So nobody waits: what
a segment takes is added up, over all requests of this process; when that is as much as the code will take to be made,
it is made in the background, and used from then on. The bits are the same.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
from numpy.typing import NDArray

from riskwave.compute.oscillators._eights import LANES
from riskwave.compute.oscillators._fusion_code import (
    ADDRESS,
    CAPACITY,
    KEPT,
    ORIGIN,
    PITCH,
    SERIES_COLUMNS,
    FusedCode,
    compile_plan,
)
from riskwave.compute.oscillators._fusion_plan import Fusion, Plan, fusion_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from riskwave.compute.oscillators._program import Storage
    from riskwave.compute.oscillators._schedule import Program

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

TILE_BARS = 512  # of a single series: a dozen arrays of it stay in the first cache
# Of a tile of a panel, measured. One or two loops are fastest row by row: what is fetched ahead for the next tile then
# stays in the first cache. More loops would begin too often that way.
STRIP_COLUMNS, STRIP_BARS, FEW_LOOPS, FEW_LOOPS_BARS = 64, 2, 2, 1
# Of a sweep with more steps or results than these, so many series are read and written side by side that step by step
# is faster.
STEPS_MAX, RESULTS_MAX = 64, 16
BARS_MIN = 64  # of fewer the preparations would take longer than the steps
# Between two rings: if one began where another does, but for whole pages, the processor would take a number that is
# read from one for a number that was just written to the other, and wait for it.
RING_GAP = 24
RING_SPARE_FACTOR, RING_SPARE_BARS = 4, 128  # measured
RING_ALIGNMENT = 64  # values: a register that is full never splits between two lines of the cache
COMPILE_S, COMPILE_STEP_S = 0.015, 0.005  # what making code takes, and for each step
PLANS_MAX = 4096  # of which code is kept, ten kilobytes each

_config: Any = numba.config
_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Use:
    """What became of a plan so far."""

    spent_s: float = 0.0
    code: FusedCode | None = None
    asked: bool = False


class Workshop:
    """Makes code of plans in the background, one after the other, when enough time was spent on them without."""

    def __init__(self) -> None:
        self._uses: dict[Plan, _Use] = {}
        self._lock = threading.Lock()
        self._worker: ThreadPoolExecutor | None = None
        self._pending: Future[None] | None = None

    def code_of(self, plan: Plan) -> FusedCode | None:
        """Return the code of a plan, if it is ready."""
        use = self._uses.get(plan)
        return None if use is None else use.code

    def spent(self, plan: Plan, seconds: float) -> None:
        """Note what carrying out a plan took without code; have it made if that pays."""
        if _config.DISABLE_JIT:
            return
        with self._lock:
            if plan not in self._uses and len(self._uses) >= PLANS_MAX:
                return
            use = self._uses.setdefault(plan, _Use())
            use.spent_s += seconds
            worth = COMPILE_S + COMPILE_STEP_S * sum(map(len, plan.loops))
            # One at a time: whatever is used on is asked for again.
            busy = self._pending is not None and not self._pending.done()
            if use.asked or busy or use.spent_s < worth:
                return
            use.asked = True
            if self._worker is None:
                self._worker = ThreadPoolExecutor(1, thread_name_prefix="riskwave-fusion")
            self._pending = self._worker.submit(self._make, plan, use)

    def make(self, plan: Plan) -> FusedCode:
        """Return the code of a plan, made now if need be."""
        use = self._uses.setdefault(plan, _Use(asked=True))
        if use.code is None:
            self._make(plan, use)
        assert use.code is not None
        return use.code

    def _make(self, plan: Plan, use: _Use) -> None:
        try:
            use.code = compile_plan(plan)
        except Exception:
            _logger.exception("no code for a plan of %d loops: it is carried out step by step", len(plan.loops))
            raise


WORKSHOP = Workshop()


def segment_fusion(
    program: Program, first: int, end: int, checked: Sequence[int], lanes: int, *, whole: bool
) -> Fusion | None:
    """Return how steps of a program are fused over so many columns; None where they cannot be."""
    if 1 < lanes < LANES or end - first > STEPS_MAX or len(program.lookbacks) > RESULTS_MAX:
        return None
    return fusion_of(program, first, end, tuple(checked), whole=whole, recursions=whole and lanes > 1)


class FusedSegment:
    """Steps of a program as machine code, for a number of columns, with the tables that it takes.

    Parameters
    ----------
    program, fusion, code
        What to carry out.
    lanes
        Number of columns: 1, or `LANES` and more.
    first
        The first bar, at which every step is carried out.
    """

    def __init__(self, program: Program, fusion: Fusion, code: FusedCode, lanes: int, first: int) -> None:
        # One loop reads and writes memory from one end to the other: it sees a panel as one long series.
        self._flat = lanes if len(fusion.plan.loops) == 1 and not (fusion.plan.states or fusion.plan.windows) else 1
        lanes //= self._flat
        self._fusion, self._code, self._lanes = fusion, code, lanes
        strips = -(-lanes // STRIP_COLUMNS) if fusion.plan.rings else 1
        self._columns = min(lanes, -(-lanes // strips // LANES) * LANES)
        # The last strip overlaps the one before, so that registers are full, or else is smaller: a segment of a longer
        # program may write a series to where it read another one from, and cannot compute anything twice.
        furthest = lanes - self._columns if fusion.whole else lanes
        self._starts = [min(at, furthest) for at in range(0, lanes, self._columns)]
        self._covered = len(self._starts) * self._columns if fusion.whole else lanes
        strip_bars = FEW_LOOPS_BARS if len(fusion.plan.loops) <= FEW_LOOPS else STRIP_BARS
        self._tile = TILE_BARS if lanes == 1 else strip_bars
        self._series = np.zeros((len(self._starts), fusion.plan.rows, SERIES_COLUMNS), dtype=np.int64)
        self._series[:, :, PITCH] = 8 * lanes
        self._rings = {
            row: self._make_ring(row, program.slots[fusion.slots[row]].kept_bars, first) for row in fusion.plan.rings
        }
        self._attached = [(row, slot) for row, slot in enumerate(fusion.slots) if row not in self._rings]
        lags = np.array(fusion.lags, dtype=np.int64) * self._flat
        self._states = np.zeros(0)
        self._tables = self._series, lags, np.array(fusion.numbers, dtype=np.float64)
        self._addresses = [table.__array_interface__["data"][0] for table in self._tables]

    def _make_ring(self, row: int, kept: int, first: int) -> Floats:
        """Return the memory of a series in all strips, as (strips, bars, columns), and enter it."""
        # Long, so that it seldom moves; but where much is kept, so short that all rings stay in the second cache.
        capacity = kept + max(kept, min(RING_SPARE_FACTOR * kept, RING_SPARE_BARS), self._tile)
        strip = -(-capacity * self._columns // LANES) * LANES + RING_GAP
        memory = np.empty(len(self._starts) * strip + RING_GAP * row + RING_ALIGNMENT)
        begin = -(memory.__array_interface__["data"][0] // 8) % RING_ALIGNMENT + RING_GAP * row
        ring = memory[begin : begin + len(self._starts) * strip].reshape(-1, strip)
        for entry, strip_memory in zip(self._series[:, row], ring, strict=True):
            entry[ADDRESS] = strip_memory.__array_interface__["data"][0]
            entry[[ORIGIN, KEPT, CAPACITY, PITCH]] = first - kept, kept, capacity, 8 * self._columns
        return ring

    def fill(self, storage: Sequence[Storage], states: Sequence[Floats], first: int) -> None:
        """Copy the bars before `first` to which the steps look back, and what recursions keep, from where they are."""
        lanes = self._lanes
        for row, ring in self._rings.items():
            home, kept = storage[self._fusion.slots[row]], int(self._series[0, row, KEPT])
            history = home.array[(first - kept) * lanes - home.origin : first * lanes - home.origin]
            for start, strip in zip(self._starts, ring, strict=True):
                strip[: kept * self._columns] = history.reshape(-1, lanes)[:, start : start + self._columns].reshape(-1)
        kept_rows = [row.reshape(-1, lanes) for row in states if row.size]
        if kept_rows:
            rows = np.concatenate(kept_rows)
            self._states = np.stack([rows[:, start : start + self._columns] for start in self._starts])
            address, strides = self._states.__array_interface__["data"][0], self._states.strides
            entries = self._series[:, -len(rows) :]
            entries[:, :, ADDRESS] = (
                address + strides[0] * np.arange(len(self._starts))[:, None] + strides[1] * np.arange(len(rows))
            )
            entries[:, :, PITCH] = 0  # the same at every bar

    def run(self, storage: Sequence[Storage], first: int, end: int) -> bool:
        """Carry out the steps for the elements from `first` to `end`; return False when an input is not finite."""
        series, lanes = self._series, self._lanes
        for row, slot in self._attached:
            home = storage[slot]
            series[:, row, ADDRESS] = home.array.__array_interface__["data"][0]
            series[:, row, ORIGIN] = home.origin // lanes
        if lanes > 1:
            rows = [row for row, _ in self._attached]
            series[:, rows, ADDRESS] += 8 * np.array(self._starts)[:, None]
        columns = 0 if lanes == 1 else self._columns
        tables = self._addresses
        strips = len(self._starts), columns, self._covered
        return bool(self._code(*tables, first // lanes, end // lanes, self._tile, *strips))

"""Runs a schedule of operations block by block.

A block is as many bars as fit the processor's second cache, so that what one operation writes the next one reads
from there. Between two blocks only two things are kept: the state of the recursions, and for each series the last
rows that something looks back to. A block may be one bar or all of them; the numbers are the same.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.oscillators._fusion import WORKSHOP, FusedSegment, segment_fusion
from riskwave.compute.oscillators._gaps import finite, readable_in_place
from riskwave.compute.oscillators._memory import empty
from riskwave.compute.oscillators._segments import BoundSegment, Segment, segments_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from riskwave.compute.oscillators._fusion_plan import Fusion
    from riskwave.compute.oscillators._schedule import Program

Floats = NDArray[np.float64]

# Values of one series in a block: several such arrays fit a second cache. Not a multiple of a page, or else the eight
# chains of an average and the arrays of a step would compete for the same cache sets; twice as slow, measured.
BLOCK_VALUES = 30_000
# Blocks are this much longer when no step reads what another wrote: nothing but the inputs has to stay in the cache,
# and the start of a block has its price.
INDEPENDENT_STEPS_FACTOR = 4
CHECK_VALUES = 1_000_000  # between two calls of the checkpoint: some milliseconds


@dataclass(slots=True)
class Storage:
    """Where a series is while a program runs: bar t of it begins at element ``t * lanes - origin`` of `array`."""

    array: Floats
    origin: int = 0
    attached: bool = False  # to an array of the caller
    moving: bool = True  # whether a full block lies elsewhere in the array than the full block before
    filled: int = 0  # rows written, in an array of our own


@dataclass(slots=True)
class _Call:
    """A step with its arguments in place; those in `holes`, as (position, slot, delay, span), differ between blocks.

    Or, with a `segment`, many steps that are carried out together.
    """

    function: Callable[..., object]
    arguments: list[object]
    holes: tuple[tuple[int, int, int, int], ...]
    seen_position: int  # of the number of bars that a recursion has had, or -1
    first_bar: int
    segment: BoundSegment | FusedSegment | None = None
    steps: int = 1
    fusion: Fusion | None = None


class Run:
    """One execution of a program over `lanes` columns: everything that changes while it runs.

    Parameters
    ----------
    program
        What to compute.
    lanes
        Number of columns.
    whole
        Whether the only call of `advance` brings the whole series. Then it is read where it lies and element-wise steps
        are carried out together; otherwise the rows that later blocks look back to are copied.
    checkpoint
        Called every few milliseconds; may raise to abandon the run.
    checked
        Numbers of the inputs to look at: the first block of which one is not finite abandons the run.
    block_factor
        How many times longer than usual the blocks are.
    stepwise
        Whether to carry out each step by itself all the same, so that `storage` has what is looked back to at the end.
    fuse
        Whether to fuse the steps that are carried out together, once that pays.
    """

    def __init__(
        self,
        program: Program,
        lanes: int,
        *,
        whole: bool = False,
        checkpoint: Callable[[], None] | None = None,
        checked: Sequence[int] = (),
        block_factor: int = 1,
        stepwise: bool = False,
        fuse: bool = False,
    ) -> None:
        self.program = program
        self.lanes = lanes
        self.bars_seen = 0
        self._whole = whole
        self._checkpoint = checkpoint
        self._checked = checked
        self._unchecked = 0
        self._block_values = block_factor * BLOCK_VALUES
        if program.independent_steps:
            self._block_values *= INDEPENDENT_STEPS_FACTOR
        self._block_bars = 0
        self._steady_bar = program.steady_bar
        self._states = [np.zeros(step.operation.state_rows * lanes) for step in program.steps]
        self._constants: dict[float, Floats] = {}
        self._storage = [Storage(np.empty(0)) for _ in program.slots]
        self._plan: tuple[Segment | int, ...] = (
            segments_of(program) if whole and not stepwise else tuple(range(len(program.steps)))
        )
        self._fuse, self._stepwise = fuse, stepwise
        self._bound: dict[Segment, BoundSegment] = {}
        self._checked_in: dict[Segment, list[int]] = {}
        for part in self._plan:
            if isinstance(part, Segment):
                self._checked_in[part] = sorted(part.inputs.intersection(self._checked))
                self._checked = [number for number in self._checked if number not in self._checked_in[part]]

    def advance(self, inputs: Sequence[NDArray[np.generic]], outputs: Sequence[Floats]) -> bool:
        """Compute the next bars: every array is (bars, lanes), and each of `outputs` is C-contiguous and written.

        Return False when the run was abandoned.
        """
        begin, bars, lanes = self.bars_seen, inputs[0].shape[0], self.lanes
        only = self._plan[0] if len(self._plan) == 1 and not self._checked else None
        if isinstance(only, Segment) and all(map(readable_in_place, inputs)):
            return self._advance_by_tiles(only, inputs, outputs)
        self._prepare(bars)
        fed = self._attach(inputs, outputs)
        steady: list[_Call] = []
        with np.errstate(all="ignore"):
            for at in range(0, bars, self._block_bars):
                size = min(self._block_bars, bars - at)
                first, end = begin + at, begin + at + size
                self._open_block(first, size)
                for number, panel in fed:
                    storage = self._storage[number]
                    low = first * lanes - storage.origin
                    storage.array[low : low + size * lanes].reshape(-1, lanes)[:] = panel[at : at + size]
                if first < self._steady_bar or size < self._block_bars:
                    calls = self._bind(first, end)
                else:
                    calls = steady = steady or self._bind(first, end)
                if not self._execute(calls, first, end):
                    return False
                # Only now, when the steps have brought them into the cache.
                if not all(finite(inputs[number][at : at + size]) for number in self._checked):
                    return False
                self._deliver(outputs, at, first, size)
        self.bars_seen += bars
        # A later step of somebody else's may look back to what no output has.
        for y, lookback in zip(() if self._stepwise else outputs, self.program.lookbacks, strict=False):
            y[: max(0, lookback - begin)] = np.nan
        return True

    def _advance_by_tiles(
        self, segment: Segment, inputs: Sequence[NDArray[np.generic]], outputs: Sequence[Floats]
    ) -> bool:
        """Compute a whole series where no step is a recursion: no block is needed, as no step has to see all of one."""
        self._attach(inputs, outputs)
        bound = BoundSegment(segment, self.lanes, own_rings=True, checked=self._checked_in[segment])
        bars = inputs[0].shape[0]
        block_bars = max(1, CHECK_VALUES // (self.lanes * len(self.program.steps)))
        for first in range(0, bars, block_bars):
            if not bound.run(self._storage, first * self.lanes, min(first + block_bars, bars) * self.lanes):
                return False
            if self._checkpoint is not None:
                self._checkpoint()
        for y, lookback in zip(outputs, self.program.lookbacks, strict=True):
            y[:lookback] = np.nan
        self.bars_seen += bars
        return True

    @property
    def storage(self) -> list[Storage]:
        """Where each series of the program lies."""
        return self._storage

    @property
    def states(self) -> list[Floats]:
        """What the recursions keep, in the order of the steps."""
        return self._states

    def finite_state(self) -> bool:
        """Return whether what the recursions keep is finite."""
        return all(bool(np.isfinite(state).all()) for state in self._states)

    def _prepare(self, bars: int) -> None:
        """Make the working arrays for blocks of this call's size, keeping the rows that are looked back to."""
        lanes, block_bars = self.lanes, max(1, min(bars, self._block_values // self.lanes))
        if block_bars <= self._block_bars:
            return
        self._block_bars = block_bars
        self._constants = {}
        scratch_size, homes = block_bars * lanes, []
        for slot, storage in zip(self.program.slots, self._storage, strict=True):
            kept = slot.kept_bars
            if slot.scratch < 0 and not (slot.result >= 0 and (self._whole or not kept)):
                homes.append((kept, (kept + max(kept, block_bars)) * lanes, storage))
        # One piece of memory, which the next run of this size uses again.
        at = self.program.scratch_arrays * scratch_size
        memory = empty((at + sum(size for _, size, _ in homes),))
        for slot, storage in zip(self.program.slots, self._storage, strict=True):
            if slot.scratch >= 0:
                begin = slot.scratch * scratch_size
                storage.array, storage.moving = memory[begin : begin + scratch_size], False
        for kept, size, storage in homes:
            array = memory[at : at + size]
            at += size
            if self.bars_seen:
                array[: kept * lanes] = storage.array[(storage.filled - kept) * lanes : storage.filled * lanes]
            storage.array, storage.filled, storage.moving = array, kept, kept > block_bars

    def _attach(
        self, inputs: Sequence[NDArray[np.generic]], outputs: Sequence[Floats]
    ) -> list[tuple[int, NDArray[np.generic]]]:
        """Read and write the caller's arrays in place where that is possible; return the inputs to copy by block."""
        fed = []
        in_place = self._whole
        for number, (slot, storage) in enumerate(zip(self.program.slots, self._storage, strict=True)):
            if slot.result >= 0 and (in_place or not slot.kept_bars):
                storage.array, storage.attached = outputs[slot.result].reshape(-1), True
                storage.origin = self.bars_seen * self.lanes
            elif slot.input >= 0:
                panel = inputs[slot.input]
                if in_place and readable_in_place(panel):
                    storage.array, storage.origin = panel.reshape(-1).view(np.float64), 0
                    storage.attached = storage.moving = True
                else:
                    fed.append((number, panel))
        return fed

    def _open_block(self, first: int, size: int) -> None:
        """Give every series of our own its rows for the next block, moving what is kept to the front of full arrays."""
        lanes = self.lanes
        for slot, storage in zip(self.program.slots, self._storage, strict=True):
            if storage.attached:
                continue
            if slot.scratch >= 0:
                storage.origin = first * lanes
                continue
            kept, filled, array = slot.kept_bars, storage.filled, storage.array
            if (filled + size) * lanes > array.size:
                array[: kept * lanes] = array[(filled - kept) * lanes : filled * lanes].copy()
                filled = kept
            storage.origin = (first - filled) * lanes
            storage.filled = filled + size

    def _deliver(self, outputs: Sequence[Floats], at: int, first: int, size: int) -> None:
        """Copy the block of every output that later blocks look back to, and that is therefore kept by us."""
        for slot, storage in zip(self.program.slots, self._storage, strict=True):
            if slot.result >= 0 and not storage.attached:
                low = first * self.lanes - storage.origin
                block = storage.array[low : low + size * self.lanes]
                outputs[slot.result][at : at + size] = block.reshape(-1, self.lanes)

    def _bind(self, first: int, end: int) -> list[_Call]:
        """Put the arguments of every step in place for the bars from `first` to `end`."""
        calls = []
        for part in self._plan:
            if isinstance(part, Segment):
                calls.append(self._bind_segment(part, first))
            elif max(first, self.program.steps[part].first_bar) < end:
                calls.append(self._bind_step(part, first, end))
        return calls

    def _bind_step(self, number: int, first: int, end: int) -> _Call:
        """Put the arguments of a step in place for the bars from `first` to `end`."""
        step, state = self.program.steps[number], self._states[number]
        low, high = max(first, step.first_bar) * self.lanes, end * self.lanes
        operation = step.operation
        is_ufunc = isinstance(operation.function, np.ufunc)
        arguments: list[object] = []
        holes: list[tuple[int, int, int, int]] = []
        for operand in step.operands:
            if isinstance(operand, tuple):
                if self._storage[operand[0]].moving:
                    holes.append((len(arguments), *operand))
                arguments.append(self._view(*operand, low, high))
            else:
                arguments.append(operand if is_ufunc else self._constant(operand, high - low))
        arguments.extend(operation.params)
        if any(isinstance(operand, tuple) and operand[2] for operand in step.operands):
            arguments.append(self.lanes)
        seen_position = -1
        if operation.recursive:
            seen_position = len(arguments)
            arguments.extend((0, self.lanes, state))
        for output in step.outputs:
            if self._storage[output].moving:
                holes.append((len(arguments), output, 0, 0))
            arguments.append(self._view(output, 0, 0, low, high))
        return _Call(operation.function, arguments, tuple(holes), seen_position, step.first_bar)

    def _bind_segment(self, segment: Segment, first: int) -> _Call:
        """Return the call that carries out a segment for the bars from `first` on."""
        checked = self._checked_in[segment]
        fusion = None
        if self._fuse and first >= self._steady_bar:
            steps = segment.steps
            fusion = segment_fusion(self.program, steps.start, steps.stop, checked, self.lanes, whole=False)
        code = WORKSHOP.code_of(fusion.plan) if fusion is not None else None
        if fusion is not None and code is not None:
            fused = FusedSegment(self.program, fusion, code, self.lanes, first)
            return _Call(fused.run, [], (), -1, 0, fused, len(segment.steps))
        if segment not in self._bound:
            self._bound[segment] = BoundSegment(segment, self.lanes, checked=checked)
        bound = self._bound[segment]
        return _Call(bound.run, [], (), -1, 0, bound, len(segment.steps), fusion)

    def _view(self, slot: int, delay: int, span: int, low: int, high: int) -> Floats:
        """Return the part of a series that belongs to the elements from `low` to `high`, as an operand is seen."""
        storage, lanes = self._storage[slot], self.lanes
        shift = delay * lanes + storage.origin
        return storage.array[low - span * lanes - shift : high - shift]

    def _execute(self, calls: list[_Call], first: int, end: int) -> bool:
        """Carry out the calls for the bars from `first` to `end`; return False when one met what is not finite."""
        lanes = self.lanes
        for call in calls:
            begin = max(first, call.first_bar)
            self._unchecked += (end - begin) * lanes * call.steps
            if self._unchecked >= CHECK_VALUES:
                self._unchecked = 0
                if self._checkpoint is not None:
                    self._checkpoint()
            if call.segment is not None:
                began = time.perf_counter()
                if not call.segment.run(self._storage, begin * lanes, end * lanes):
                    return False
                if call.fusion is not None:
                    WORKSHOP.spent(call.fusion.plan, time.perf_counter() - began)
                continue
            arguments = call.arguments
            for position, slot, delay, span in call.holes:
                arguments[position] = self._view(slot, delay, span, begin * lanes, end * lanes)
            if call.seen_position >= 0:
                arguments[call.seen_position] = begin - call.first_bar
            if isinstance(call.function, np.ufunc):
                call.function(*arguments[:-1], out=arguments[-1])
            else:
                call.function(*arguments)
        return True

    def _constant(self, value: float, size: int) -> Floats:
        """Return an array of `size` times `value`: kernels take arrays only, so that each is compiled once."""
        array = self._constants.get(value)
        if array is None:
            array = self._constants[value] = np.full(self._block_bars * self.lanes, value)
        return array[:size]

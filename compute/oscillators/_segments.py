"""Which steps of a program are carried out together, and the tables that `_tiles` takes for them.

A sweep has hundreds of steps and takes milliseconds: what is known of a segment is written once, and kept with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.oscillators._tiles import FUNCTIONS, run_tiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from riskwave.compute.oscillators._program import Storage
    from riskwave.compute.oscillators._schedule import Program, Step

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

TILE_VALUES = 1024
# Columns of the table of steps: number of the function, first element, two outputs, and for each of seven operands its
# series, how many elements it is seen late, and how many more are seen.
_FUNCTION, _FIRST, _OUTPUTS, _OPERANDS, _COLUMNS = 0, 1, 2, 4, 25
# Columns of the table of series: address, the element that lies there, elements kept, and elements in all; of an array
# that is moved by its owner the last is 0, of one that holds a single tile -1.
_ADDRESS, _ORIGIN, _KEPT, _CAPACITY = 0, 1, 2, 3
_MOVED_BY_OWNER, _ONE_TILE = 0, -1


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Successive steps of a program that `run_tiles` can carry out.

    Attributes
    ----------
    program
        Whose steps they are.
    steps
        Their numbers, from the first to the one after the last.
    local
        The series that are neither written before nor read after, nor looked back to: one tile of them is enough.
    inputs
        Numbers of the inputs that they read.
    """

    program: Program
    steps: range
    local: frozenset[int]
    inputs: frozenset[int]


@lru_cache(maxsize=512)
def segments_of(program: Program) -> tuple[Segment | int, ...]:
    """Return the steps of a program in order: those that can be carried out together as one segment, others alone."""
    plan: list[range | int] = []
    for number, step in enumerate(program.steps):
        if step.operation.function not in FUNCTIONS:
            plan.append(number)
        elif plan and isinstance(plan[-1], range):
            plan[-1] = range(plan[-1].start, number + 1)
        else:
            plan.append(range(number, number + 1))
    first_use: dict[int, int] = {}
    last_use: dict[int, int] = {}
    for number, step in enumerate(program.steps):
        for slot in (*_read_by(step), *step.outputs):
            first_use.setdefault(slot, number)
            last_use[slot] = number
    return tuple(_segment(program, part, first_use, last_use) if isinstance(part, range) else part for part in plan)


def _segment(program: Program, part: range, first_use: dict[int, int], last_use: dict[int, int]) -> Segment:
    steps = program.steps[part.start : part.stop]
    written = {output for step in steps for output in step.outputs}
    local = frozenset(
        output
        for output in written
        if first_use[output] in part
        and last_use[output] in part
        and not program.slots[output].kept_bars
        and program.slots[output].result < 0
    )
    inputs = {program.slots[slot].input for step in steps for slot in _read_by(step)}
    return Segment(program, part, local, frozenset(inputs - {-1}))


def _read_by(step: Step) -> list[int]:
    return [operand[0] for operand in step.operands if isinstance(operand, tuple)]


@dataclass(frozen=True, slots=True, eq=False)
class _Tables:
    """What `run_tiles` takes for a segment, but for where series lie.

    Attributes
    ----------
    steps, params, checked
        As they are passed.
    series
        A copy of it is passed, with the addresses.
    own
        The rows of series that need memory for this alone, and how many values.
    outer
        The rows of series that lie where the program has them, and the program's number of each.
    constants
        What the addresses of constants are of.
    tile
        Elements of a tile.
    """

    steps: Integers
    params: Floats
    checked: Integers
    series: Integers
    own: tuple[tuple[int, int], ...]
    outer: tuple[tuple[int, int], ...]
    constants: tuple[Floats, ...]
    tile: int


@lru_cache(maxsize=512)
def _tables_of(segment: Segment, lanes: int, tile: int, checked: tuple[int, ...], *, own_rings: bool) -> _Tables:
    return _Writer(segment, lanes, tile, own_rings).write(checked)


@dataclass(slots=True)
class _Writer:
    """Writes the tables of a segment."""

    segment: Segment
    lanes: int
    tile: int
    own_rings: bool
    rows: dict[object, int] = field(default_factory=dict)
    series: list[tuple[int, int, int, int]] = field(default_factory=list)
    own: list[tuple[int, int]] = field(default_factory=list)
    outer: list[tuple[int, int]] = field(default_factory=list)
    constants: list[Floats] = field(default_factory=list)
    free: list[int] = field(default_factory=list)

    def write(self, checked: Sequence[int]) -> _Tables:
        """Return the tables."""
        segment = self.segment
        steps = segment.program.steps[segment.steps.start : segment.steps.stop]
        last_use = {slot: number for number, step in enumerate(steps) for slot in _read_by(step)}
        rows = np.zeros((len(steps), _COLUMNS), dtype=np.int64)
        params = np.zeros((len(steps), 2))
        for number, step in enumerate(steps):
            self._write_step(step, rows[number])
            if step.operation.params:
                params[number, : len(step.operation.params)] = step.operation.params
            used = {*_read_by(step), *step.outputs} & segment.local
            self.free.extend(self.rows[slot] for slot in used if last_use.get(slot, -1) <= number)
        looked_at = [number for number, slot in enumerate(segment.program.slots) if slot.input in checked]
        return _Tables(
            rows,
            params,
            np.array([self.rows[number] for number in looked_at], dtype=np.int64),
            np.array(self.series, dtype=np.int64).reshape(-1, 4),
            tuple(self.own),
            tuple(self.outer),
            tuple(self.constants),
            self.tile,
        )

    def _write_step(self, step: Step, row: Integers) -> None:
        row[_FUNCTION] = FUNCTIONS.index(step.operation.function)
        row[_FIRST] = step.first_bar * self.lanes
        for k, operand in enumerate(step.operands):
            at = _OPERANDS + 3 * k
            if isinstance(operand, tuple):
                row[at : at + 3] = self._row(operand[0]), operand[1] * self.lanes, operand[2] * self.lanes
            else:
                row[at] = self._constant(operand)
        for k, output in enumerate(step.outputs):
            row[_OUTPUTS + k] = self._row(output, reuse=True)

    def _row(self, slot: int, *, reuse: bool = False) -> int:
        """Return the row of a series of the program."""
        if slot in self.rows:
            return self.rows[slot]
        home = self.segment.program.slots[slot]
        if slot in self.segment.local:
            self.rows[slot] = self.free.pop() if reuse and self.free else self._enter(0, _ONE_TILE, self.tile)
        elif self.own_rings and home.input < 0 and home.result < 0:
            kept = home.kept_bars * self.lanes
            # Short, so that it stays in the first cache; long where much is kept, so that it seldom moves.
            capacity = kept + max(kept, self.tile)
            self.rows[slot] = self._enter(kept, capacity, capacity)
        else:
            self.rows[slot] = self._enter(0, _MOVED_BY_OWNER, 0)
            self.outer.append((self.rows[slot], slot))
        return self.rows[slot]

    def _constant(self, value: float) -> int:
        """Return the row of a number: a tile full of it."""
        key = ("constant", value, np.signbit(value))
        if key not in self.rows:
            full = np.full(self.tile, value)
            self.constants.append(full)
            self.rows[key] = self._enter(0, _ONE_TILE, 0, full.__array_interface__["data"][0])
        return self.rows[key]

    def _enter(self, kept: int, capacity: int, values: int, address: int = 0) -> int:
        """Add a row; `values` is how many of its own it needs."""
        number = len(self.series)
        entry = [0, 0, 0, 0]
        entry[_ADDRESS], entry[_KEPT], entry[_CAPACITY] = address, kept, capacity
        self.series.append((entry[0], entry[1], entry[2], entry[3]))
        if values:
            self.own.append((number, values))
        return number


class BoundSegment:
    """A segment for a number of columns, with the memory that it needs.

    Parameters
    ----------
    segment
        What to carry out.
    lanes
        Number of columns.
    own_rings
        Whether no series of the segment has an array but those that are attached: the others get short ones here, whose
        last rows the loop itself moves to the front when they are full.
    checked
        Numbers of the program's inputs of which to look first whether they are finite.
    """

    def __init__(self, segment: Segment, lanes: int, *, own_rings: bool = False, checked: Sequence[int] = ()) -> None:
        tile = max(1, TILE_VALUES // lanes) * lanes
        self._tables = tables = _tables_of(segment, lanes, tile, tuple(checked), own_rings=own_rings)
        self._lanes = lanes
        self._series = tables.series.copy()
        self._arrays: list[Floats | None] = [None] * len(tables.outer)
        self._memory = np.empty(sum(values for _, values in tables.own))
        address = self._memory.__array_interface__["data"][0]
        for row, values in tables.own:
            self._series[row, _ADDRESS] = address
            address += 8 * values

    def run(self, storage: Sequence[Storage], first: int, end: int) -> bool:
        """Carry out the steps for the elements from `first` to `end`; return False when an input is not finite."""
        tables, series, arrays = self._tables, self._series, self._arrays
        for k, (row, slot) in enumerate(tables.outer):
            home = storage[slot]
            if arrays[k] is not home.array:  # to ask an array for its address takes as long as some steps
                arrays[k] = home.array
                series[row, _ADDRESS] = home.array.__array_interface__["data"][0]
            series[row, _ORIGIN] = home.origin
        return run_tiles(tables.steps, tables.params, series, tables.checked, self._lanes, first, end, tables.tile)

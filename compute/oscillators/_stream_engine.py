"""Runs a program bar by bar for columns that have had the same bars; what is kept between two bars can be taken out.

`Run` decides where every series lies anew in each call, which for one bar takes several times as long as the numbers.
Here every step is bound to its arrays once. A series that is looked back to lies in a strip that the current row
walks along; when the strip is full, the rows that are still needed move to its front. The kernels and their arguments,
and thus the bits, are those of `Run`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from riskwave.compute.oscillators._catalogue import Oscillator
    from riskwave.compute.oscillators._program import Floats
    from riskwave.compute.oscillators._schedule import Program, Slot, Step
    from riskwave.compute.registry import Value

STRIP_BARS = 32
"""Bars between two moves of the rows that are looked back to, unless those are many: the bindings of each are kept."""
CACHED_LANES = 16
"""Columns from which on bindings are kept: a stream full of gaps has many engines of few columns."""


@dataclass(slots=True)
class _BoundStep:
    """A step with its arrays in place."""

    function: Callable[..., object]
    arguments: list[object]
    target: Floats | None  # of a ufunc
    seen_position: int  # of the number of bars that a recursion has had, or -1
    first_bar: int


@dataclass(slots=True)
class _Bound:
    """Everything that one bar does, with its arrays in place for one position of the strips."""

    inputs: list[tuple[Floats, int]]  # where each goes
    steps: list[_BoundStep]
    results: list[tuple[int, Floats]]  # values that are looked back to, to be copied


@dataclass(frozen=True, slots=True)
class Layout:
    """What a program needs between two bars; the same for any number of columns.

    Attributes
    ----------
    state_rows
        Numbers that the recursions keep for each column, together.
    kept_bars
        For each series that is looked back to, how many rows.
    steady_bar, settled_bar
        From which bar on every step is carried out, and no kernel asks how many bars it has had.
    lookback
        Bars before the first value.
    positions
        How many bars a strip takes before its rows move.
    has_ufunc
        Whether NumPy has to be kept from warning of overflows.
    fingerprint
        Changes with anything that the kept numbers mean.
    """

    program: Program
    state_rows: int
    kept_slots: tuple[int, ...]
    kept_bars: tuple[int, ...]
    steady_bar: int
    settled_bar: int
    lookback: int
    positions: int
    has_ufunc: bool
    fingerprint: str

    @property
    def rows(self) -> int:
        """Numbers that are kept for each column."""
        return self.state_rows + sum(self.kept_bars)

    @property
    def strip_rows(self) -> int:
        """Numbers that lie in memory for each column."""
        return 3 * self.state_rows + sum(kept + 1 + self.positions for kept in self.kept_bars)


@lru_cache(maxsize=256)
def layout_of(entry: Oscillator, window: tuple[Value, ...]) -> Layout:
    """Return what an oscillator needs between two bars, with these values of its parameters."""
    program = entry.program((window,))
    kept_slots = tuple(number for number, slot in enumerate(program.slots) if slot.kept_bars)
    kept_bars = tuple(program.slots[number].kept_bars for number in kept_slots)
    described = repr(
        (
            program.inputs,
            program.lookbacks,
            [(slot.kept_bars, slot.result, slot.input) for slot in program.slots],
            [_describe(step) for step in program.steps],
        )
    )
    return Layout(
        program,
        sum(step.operation.state_rows for step in program.steps),
        kept_slots,
        kept_bars,
        max((step.first_bar for step in program.steps), default=0),
        max([*program.lookbacks, *(step.first_bar + step.operation.warm_up_bars for step in program.steps)]) + 2,
        max(program.lookbacks),
        max(STRIP_BARS, max(kept_bars, default=0) // 4),
        any(isinstance(step.operation.function, np.ufunc) for step in program.steps),
        hashlib.blake2b(described.encode(), digest_size=16).hexdigest(),
    )


def _describe(step: Step) -> tuple[object, ...]:
    operation = step.operation
    name = getattr(operation.function, "__name__", "")
    return name, operation.params, operation.state_rows, step.operands, step.outputs, step.first_bar


class Engine:
    """The state of `lanes` columns that have had the same number of bars.

    Parameters
    ----------
    layout
        Of the program.
    lanes
        Number of columns.
    bars
        Bars that they have had.
    state
        (state_rows, lanes), what the recursions keep. None is what they begin with.
    history
        For each kept series its last rows, (kept_bars, lanes), oldest first. None where there are none yet.
    """

    def __init__(
        self,
        layout: Layout,
        lanes: int,
        bars: int = 0,
        state: Floats | None = None,
        history: Sequence[Floats] | None = None,
    ) -> None:
        program = layout.program
        self.layout = layout
        self.lanes = lanes
        self.bars = bars
        self._position = -1  # of the last bar's row; a strip's rows before are those looked back to
        self._state = np.zeros(layout.state_rows * lanes)
        self._before = np.zeros_like(self._state)
        self._spare = np.zeros_like(self._state)
        self._strips = [np.zeros((kept + 1 + layout.positions, lanes)) for kept in layout.kept_bars]
        self._values = np.empty((len(program.lookbacks), lanes))
        self._arrays: list[Floats | None] = self._place()
        self._bound: list[_Bound | None] = [None] * (layout.positions + 1)
        self._constants: dict[float, Floats] = {}
        if state is not None:
            self._state[:] = state.reshape(-1)
        if history is not None:
            for strip, rows, kept in zip(self._strips, history, layout.kept_bars, strict=True):
                strip[1 : kept + 1] = rows

    def _place(self) -> list[Floats | None]:
        """Return the array of each series that nothing looks back to."""
        scratch = np.empty((self.layout.program.scratch_arrays, self.lanes))

        def place(slot: Slot) -> Floats | None:
            if slot.kept_bars:
                return None
            if slot.result >= 0:
                row: Floats = self._values[slot.result]
            elif slot.scratch >= 0:
                row = scratch[slot.scratch]
            else:
                row = np.empty(self.lanes)
            return row

        return [place(slot) for slot in self.layout.program.slots]

    def advance(self, frame: Floats) -> Floats:
        """Add a bar, (inputs, lanes) and finite, and return its values, (outputs, lanes)."""
        np.copyto(self._before, self._state)
        return self._step(frame)

    def peek(self, frame: Floats) -> Floats:
        """Return the values that `advance` would, and leave all as it was."""
        np.copyto(self._spare, self._state)
        values = self._step(frame)
        np.copyto(self._state, self._spare)
        self._position -= 1
        self.bars -= 1
        return values

    def undo(self) -> None:
        """Take the last bar back. Once, and not before the first `advance`."""
        np.copyto(self._state, self._before)
        self._position -= 1
        self.bars -= 1

    def kept(self, columns: NDArray[np.intp] | slice = slice(None), *, undone: bool = False) -> Engine:
        """Return an engine of some of the columns, in this order, as they are now or were before the last bar."""
        state, history = self.contents(columns, undone=undone)
        return Engine(self.layout, state.shape[1], self.bars - undone, state, history)

    def contents(
        self, columns: NDArray[np.intp] | slice = slice(None), *, undone: bool = False
    ) -> tuple[Floats, list[Floats]]:
        """Return copies of the state and of the rows that are looked back to."""
        state = (self._before if undone else self._state).reshape(self.layout.state_rows, self.lanes)
        end = self._position - undone + 1
        rows = [
            np.array(strip[end + 1 : end + 1 + kept, columns])
            for strip, kept in zip(self._strips, self.layout.kept_bars, strict=True)
        ]
        # An own number of lanes even where nothing is kept.
        return np.array(state[:, columns]) if self.layout.state_rows else np.empty((0, self._width(columns))), rows

    def _width(self, columns: NDArray[np.intp] | slice) -> int:
        return self.lanes if isinstance(columns, slice) else columns.size

    def _step(self, frame: Floats) -> Floats:
        layout, bar = self.layout, self.bars
        self._position += 1
        if self._position == layout.positions:
            self._position = 0
            for strip, kept in zip(self._strips, layout.kept_bars, strict=True):
                strip[: kept + 1] = strip[layout.positions :]
        bound = self._bound[self._position + 1] or self._bind()
        for target, number in bound.inputs:
            target[:] = frame[number]
        if layout.has_ufunc:
            with np.errstate(all="ignore"):
                _execute(bound.steps, bar, steady=bar >= layout.steady_bar)
        else:
            _execute(bound.steps, bar, steady=bar >= layout.steady_bar)
        self.bars = bar + 1
        values = self._values
        for number, row in bound.results:
            values[number] = row
        values = values.copy()
        if bar < layout.lookback:
            for row, lookback in zip(values, layout.program.lookbacks, strict=True):
                if bar < lookback:
                    row[:] = np.nan
        return values

    def _row(self, number: int, delay: int = 0, span: int = 0) -> Floats:
        """Return the row of a series that lies `delay` bars back, with the `span` before it, as one flat array."""
        array = self._arrays[number]
        if array is not None:
            return array
        kept_index = self.layout.kept_slots.index(number)
        row = self.layout.kept_bars[kept_index] + 1 + self._position - delay
        return self._strips[kept_index][row - span : row + 1].reshape(-1)

    def _bind(self) -> _Bound:
        """Bind all to the present position of the strips; kept unless there are many positions or few columns."""
        slots = list(enumerate(self.layout.program.slots))
        bound = _Bound(
            [(self._row(number), slot.input) for number, slot in slots if slot.input >= 0],
            self._bind_steps(),
            [(slot.result, self._row(number)) for number, slot in slots if slot.result >= 0 and slot.kept_bars],
        )
        if self.layout.positions <= STRIP_BARS and self.lanes >= CACHED_LANES:
            self._bound[self._position + 1] = bound
        return bound

    def _bind_steps(self) -> list[_BoundStep]:
        bound = []
        at = 0
        for step in self.layout.program.steps:
            operation = step.operation
            is_ufunc = isinstance(operation.function, np.ufunc)
            arguments: list[object] = [
                self._row(*operand)
                if isinstance(operand, tuple)
                else (operand if is_ufunc else self._constant(operand))
                for operand in step.operands
            ]
            arguments.extend(operation.params)
            if any(isinstance(operand, tuple) and operand[2] for operand in step.operands):
                arguments.append(self.lanes)
            seen_position = -1
            if operation.recursive:
                seen_position = len(arguments)
                size = operation.state_rows * self.lanes
                arguments.extend((0, self.lanes, self._state[at : at + size]))
                at += size
            targets = [self._row(output) for output in step.outputs]
            if not is_ufunc:
                arguments.extend(targets)
            target = targets[0] if is_ufunc else None
            bound.append(_BoundStep(operation.function, arguments, target, seen_position, step.first_bar))
        return bound

    def _constant(self, value: float) -> Floats:
        array = self._constants.get(value)
        if array is None:
            array = self._constants[value] = np.full(self.lanes, value)
        return array


def _execute(steps: list[_BoundStep], bar: int, *, steady: bool) -> None:
    for step in steps:
        if steady or bar >= step.first_bar:
            if step.seen_position >= 0:
                step.arguments[step.seen_position] = bar - step.first_bar
            if step.target is None:
                step.function(*step.arguments)
            else:
                step.function(*step.arguments, out=step.target)


def joined(engines: Sequence[Engine]) -> Engine:
    """Return one engine of the columns of several that have had the same number of bars, or are all settled."""
    if len(engines) == 1:
        return engines[0]
    parts = [engine.contents() for engine in engines]
    state = np.concatenate([state for state, _ in parts], axis=1)
    history = [np.concatenate(rows, axis=1) for rows in zip(*(history for _, history in parts), strict=True)]
    return Engine(engines[0].layout, state.shape[1], min(engine.bars for engine in engines), state, history)

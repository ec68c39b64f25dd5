"""Decides which steps of a program share a loop.

Steps that read each other's values of the same bar can be carried out one after the other for each element, and what
they pass on stays in a register. What a step reads of earlier bars must have been written before: so a step that looks
back to another goes into a later loop. A plan has no lags and no parameters: these come in tables, so that one piece of
code serves all windows that lead to the same steps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from riskwave.compute.oscillators._element_code import element_code
from riskwave.compute.oscillators._steady import STEADY
from riskwave.compute.oscillators._window_code import WINDOW_CODE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from riskwave.compute.oscillators._schedule import Program, Step


@dataclass(frozen=True, slots=True)
class Load:
    """A series as a step sees it: its row in the table, and whether late, by as many bars as another table says."""

    row: int
    late: bool


@dataclass(frozen=True, slots=True)
class Value:
    """What a step of the same loop gives, by its number."""

    number: int


@dataclass(frozen=True, slots=True)
class Number:
    """A number that is the same for all elements, by its place in the table."""

    place: int


@dataclass(frozen=True, slots=True)
class FusedStep:
    """A step of a loop.

    Attributes
    ----------
    function
        What it does.
    operands
        Of these; a load by its number.
    params
        The first of its parameters, and how many there are.
    outputs
        The numbers of what it gives.
    rows
        For each output, the row of the series that it is written to, or -1.
    kept
        The rows of what a recursion keeps of every column.
    """

    function: Callable[..., object]
    operands: tuple[int | Value | Number, ...]
    params: tuple[Number, int]
    outputs: tuple[int, ...]
    rows: tuple[int, ...]
    kept: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Loops of steps, each carried out for a whole tile before the next. Of plans that are alike there is only one.

    Attributes
    ----------
    loops
        In order.
    loads
        What the steps read from memory.
    rows
        How many series there are in memory, with what recursions keep at the end.
    states
        How many of the rows are what recursions keep.
    rings
        Those whose last bars the code itself moves to the front when they are full.
    checked
        Those of which the code says whether they are finite.
    """

    loops: tuple[tuple[FusedStep, ...], ...]
    loads: tuple[Load, ...]
    rows: int
    states: int
    rings: frozenset[int]
    checked: tuple[int, ...]

    @property
    def windows(self) -> bool:
        """Whether a step looks at every bar of a window."""
        return any(step.function in WINDOW_CODE for loop in self.loops for step in loop)


@dataclass(frozen=True, slots=True)
class Fusion:
    """A plan, and what its tables hold for one program.

    Attributes
    ----------
    plan
        What is compiled.
    slots
        The program's series, by row.
    lags
        By load: how many bars late it is.
    numbers
        Constants and parameters.
    whole
        Whether it is all that the program does.
    head_bars
        How many bars have seeds among them, or steps that can't be carried out yet.
    """

    plan: Plan
    slots: tuple[int, ...]
    lags: tuple[int, ...]
    numbers: tuple[float, ...]
    whole: bool
    head_bars: int


@lru_cache(maxsize=1024)
def fusion_of(
    program: Program, first: int, end: int, checked: tuple[int, ...], *, whole: bool, recursions: bool = False
) -> Fusion | None:
    """Return how the steps from number `first` to before `end` are fused; None where one of them cannot be.

    Parameters
    ----------
    program
        Whose steps they are.
    first, end
        Which steps.
    checked
        Numbers of the inputs to look at, which the steps read.
    whole
        Whether the program is nothing but these steps. Then series that are looked back to are kept in rings; else they
        lie where the program has them.
    recursions
        Whether steps may be recursions, which do the same to all columns of a panel. Those of a single series don't.
    """
    steps = program.steps[first:end]
    levels = _levels(steps, recursions=recursions)
    if levels is None or _read_too_late(program, steps, levels):
        return None
    return _Planner(program, range(first, end), levels, whole).plan(checked)


def _read_too_late(program: Program, steps: tuple[Step, ...], levels: list[int]) -> bool:
    """Return whether a series would be overwritten by one that shares its array, in an earlier loop than it is read."""
    writers: dict[int, list[tuple[int, int]]] = {}
    for number, (step, level) in enumerate(zip(steps, levels, strict=True)):
        for output in step.outputs:
            writers.setdefault(program.slots[output].scratch, []).append((number, level))
    return any(
        number < writer and level > writer_level
        for number, (step, level) in enumerate(zip(steps, levels, strict=True))
        for slot, _ in _series_of(step)
        if program.slots[slot].scratch >= 0
        for writer, writer_level in writers.get(program.slots[slot].scratch, ())
    )


def _series_of(step: Step) -> Iterator[tuple[int, int]]:
    """Yield the operands of a step that are series, and how many bars it looks back to them."""
    for operand in step.operands:
        if isinstance(operand, tuple):
            yield operand[0], operand[1] + operand[2]


def _fusible(step: Step, *, recursions: bool) -> bool:
    operation = step.operation
    if operation.function in WINDOW_CODE:
        return True
    if operation.recursive and not (recursions and operation.function in STEADY):
        return False
    arrays = len(step.operands) + (operation.state_rows if operation.recursive else 0)
    return element_code(operation.function, arrays, len(operation.params)) is not None


def _levels(steps: tuple[Step, ...], *, recursions: bool) -> list[int] | None:
    """Return the loop of each step, the last one that is possible: what is used at once need not be written."""
    if not all(_fusible(step, recursions=recursions) for step in steps):
        return None
    maker = {output: number for number, step in enumerate(steps) for output in step.outputs}
    earliest: list[int] = []
    for step in steps:
        made = [(maker[slot], delay) for slot, delay in _series_of(step) if slot in maker]
        earliest.append(max((earliest[number] + (delay > 0) for number, delay in made), default=0))
    levels = [max(earliest)] * len(steps)
    for number in reversed(range(len(steps))):
        for slot, delay in _series_of(steps[number]):
            if slot in maker:
                levels[maker[slot]] = min(levels[maker[slot]], levels[number] - (delay > 0))
    return levels


@lru_cache(maxsize=4096)
def _one_plan(
    loops: tuple[tuple[FusedStep, ...], ...],
    loads: tuple[Load, ...],
    rows: int,
    states: int,
    rings: frozenset[int],
    checked: tuple[int, ...],
) -> Plan:
    return Plan(loops, loads, rows, states, rings, checked)


@dataclass(slots=True)
class _Planner:
    program: Program
    part: range
    levels: list[int]
    whole: bool
    loads: dict[tuple[int, int], int] = field(default_factory=dict)
    numbers: list[float] = field(default_factory=list)
    states: int = 0

    def plan(self, checked: tuple[int, ...]) -> Fusion:
        program = self.program
        steps = [program.steps[number] for number in self.part]
        level_of = {output: level for step, level in zip(steps, self.levels, strict=True) for output in step.outputs}
        read = [
            (slot, delay, level)
            for step, level in zip(steps, self.levels, strict=True)
            for slot, delay in _series_of(step)
        ]
        crossing = {slot for slot, delay, level in read if slot in level_of and (delay or level_of[slot] != level)}
        outside = {slot for slot in level_of if self._lies_outside(slot)}
        given = dict.fromkeys(slot for slot, _, _ in read if slot not in level_of)
        slots = (*given, *sorted(crossing | outside))
        row_of = {slot: row for row, slot in enumerate(slots)}
        loops: list[list[FusedStep]] = [[] for _ in range(max(self.levels) + 1)]
        for step, level in zip(steps, self.levels, strict=True):
            loops[level].append(self._step(step, level, level_of, row_of))
        plan = _one_plan(
            tuple(map(tuple, loops)),
            tuple(Load(row, late=lag > 0) for row, lag in self.loads),
            len(slots) + self.states,
            self.states,
            frozenset(row_of[slot] for slot in crossing - outside),
            tuple(row for slot, row in row_of.items() if program.slots[slot].input in checked),
        )
        lags = tuple(lag for _, lag in self.loads)
        return Fusion(plan, slots, lags, tuple(self.numbers), self.whole, program.settled_bar)

    def _lies_outside(self, slot: int) -> bool:
        """Return whether a series that the steps write is the caller's or the program's."""
        home = self.program.slots[slot]
        if home.result >= 0:
            return True
        others = (step for number, step in enumerate(self.program.steps) if number not in self.part)
        return not self.whole and (
            home.kept_bars > 0 or any(slot == read for step in others for read, _ in _series_of(step))
        )

    def _step(self, step: Step, level: int, level_of: dict[int, int], row_of: dict[int, int]) -> FusedStep:
        operands: list[int | Value | Number] = []
        for operand in step.operands:
            if not isinstance(operand, tuple):
                operands.append(Number(len(self.numbers)))
                self.numbers.append(operand)
            elif not operand[1] + operand[2] and level_of.get(operand[0]) == level:
                operands.append(Value(operand[0]))
            else:
                load = row_of[operand[0]], operand[1] + operand[2]
                operands.append(self.loads.setdefault(load, len(self.loads)))
        params = Number(len(self.numbers)), len(step.operation.params)
        self.numbers.extend(map(float, step.operation.params))
        rows = tuple(row_of.get(output, -1) for output in step.outputs)
        states = step.operation.state_rows if step.operation.recursive else 0
        kept = tuple(len(row_of) + self.states + k for k in range(states))
        self.states += states
        return FusedStep(step.operation.function, tuple(operands), params, step.outputs, rows, kept)

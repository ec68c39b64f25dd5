"""Turns formulas into a schedule of operations.

The same operation on the same operands is scheduled once, however many formulas or windows of a sweep contain it. Of
each series the schedule knows how far anything looks back to it, and thus which of them can share an array.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.oscillators import _division, _kernels
from riskwave.compute.oscillators._series import Node, Operation, Series

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Key = tuple[object, ...]

# Operations that are not finite where an operand is not: a divisor is always a finite number other than 0.
CARRYING = (
    np.positive,
    np.add,
    np.subtract,
    np.multiply,
    np.divide,
    np.negative,
    np.absolute,
    _kernels.distance,
    _division.divided,
)

# What carries out a step together with the sum of four that is its first operand, where nothing else reads that sum.
WITH_SUM4: dict[Callable[..., object], Callable[..., object]] = {
    _kernels.sum4: _kernels.sum7,
    _division.mean4: _division.mean7,
}


@dataclass(slots=True)
class Slot:
    """Where one series is kept while a program runs."""

    kept_bars: int = 0  # how many rows before the current block are needed
    result: int = -1  # which output of the program it is, or -1
    input: int = -1  # which input of the program it is, or -1
    scratch: int = -1  # which scratch array it shares with others, or -1
    last_use: int = -1


@dataclass(slots=True)
class Step:
    """One scheduled operation: its operands as (slot, delay, span) or as numbers, and its output slots."""

    operation: Operation
    operands: tuple[tuple[int, int, int] | float, ...]
    outputs: tuple[int, ...]
    first_bar: int


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A schedule, made once for formulas and parameters and run any number of times, by any number of threads."""

    inputs: tuple[str, ...]
    steps: tuple[Step, ...]
    slots: tuple[Slot, ...]
    lookbacks: tuple[int, ...]
    scratch_arrays: int

    @property
    def recursive(self) -> bool:
        """Whether any value depends on all that went before."""
        return any(step.operation.recursive for step in self.steps)

    @property
    def independent_steps(self) -> bool:
        """Whether no step reads what another wrote."""
        read = {operand[0] for step in self.steps for operand in step.operands if isinstance(operand, tuple)}
        return all(self.slots[number].input >= 0 for number in read)

    def absorbed(self) -> frozenset[int]:
        """Return the inputs of which every NaN or infinity from `steady_bar` on stays in the state of a recursion.

        An operation carries what is not finite from an operand of the same bar to its outputs, or may not.
        """
        carried = [frozenset({slot.input}) if slot.input >= 0 else frozenset[int]() for slot in self.slots]
        found = frozenset[int]()
        for step in self.steps:
            if not step.operation.absorbing and step.operation.function not in CARRYING:
                continue
            at_once = [
                carried[operand[0]] for operand in step.operands if isinstance(operand, tuple) and not operand[1]
            ]
            inputs = frozenset[int]().union(*at_once)
            found |= inputs if step.operation.absorbing else frozenset()
            for output in step.outputs:
                carried[output] = inputs
        return found

    @property
    def steady_bar(self) -> int:
        """The first bar at which every step is carried out."""
        return max((step.first_bar for step in self.steps), default=0)

    @property
    def settled_bar(self) -> int:
        """The first bar at which every step is carried out, and every recursion has its seed behind it."""
        seeded = (step.first_bar + step.operation.warm_up_bars + 2 for step in self.steps if step.operation.recursive)
        return (
            max(self.steady_bar, *seeded, *(bars + 1 for bars in self.lookbacks)) if self.recursive else self.steady_bar
        )


@dataclass(slots=True)
class _Builder:
    inputs: tuple[str, ...]
    steps: list[Step] = field(default_factory=list)
    slots: list[Slot] = field(default_factory=list)
    by_key: dict[Key, tuple[int, ...]] = field(default_factory=dict)
    by_node: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def place(self, node: Node) -> tuple[int, ...]:
        """Return the slots of `node`'s outputs, scheduling it unless the same operation on the same operands is."""
        known = self.by_node.get(id(node))
        if known is not None:
            return known
        if node.operation is None:
            placed = self._intern(("input", node.name), 1)
            self.slots[placed[0]].input = self.inputs.index(node.name)
        else:
            operands = tuple(
                (self.place(operand.node)[operand.output], operand.delay, operand.span)
                if isinstance(operand, Series)
                else operand
                for operand in node.operands
            )
            placed = self._schedule(node.operation, operands, node.first_bar)
        self.by_node[id(node)] = placed
        return placed

    def copy(self, slot: int, delay: int, first_bar: int) -> int:
        """Schedule a copy of a series: an output that another output, an input or a delayed series would clash with."""
        self.steps.append(Step(Operation(np.positive), ((slot, delay, 0),), (len(self.slots),), first_bar))
        self.slots.append(Slot())
        return len(self.slots) - 1

    def join_sums(self, results: set[int]) -> list[int]:
        """Carry out sums of four in the step that alone reads them; return the new numbers of the slots."""
        read = Counter(operand[0] for step in self.steps for operand in step.operands if isinstance(operand, tuple))
        sums = {step.outputs[0]: step for step in self.steps if step.operation.function is _kernels.sum4}
        joined: set[int] = set()
        for step in self.steps:
            first, function = step.operands[0], WITH_SUM4.get(step.operation.function)
            if function is None or not isinstance(first, tuple) or first[1] or first[0] in results:
                continue
            if first[0] in sums and first[0] not in joined and read[first[0]] == 1 and len(step.operands) == 4:
                step.operands = sums[first[0]].operands + step.operands[1:]
                step.operation = replace(step.operation, function=function)
                joined.add(first[0])
                sums.pop(step.outputs[0], None)
        kept = [number for number in range(len(self.slots)) if number not in joined]
        renamed = [-1] * len(self.slots)
        for new, old in enumerate(kept):
            renamed[old] = new
        self.slots = [self.slots[old] for old in kept]
        self.steps = [step for step in self.steps if step.outputs[0] not in joined]
        for step in self.steps:
            step.outputs = tuple(renamed[output] for output in step.outputs)
            step.operands = tuple(
                (renamed[operand[0]], *operand[1:]) if isinstance(operand, tuple) else operand
                for operand in step.operands
            )
        return renamed

    def _intern(self, key: Key, outputs: int) -> tuple[int, ...]:
        if key not in self.by_key:
            self.by_key[key] = tuple(range(len(self.slots), len(self.slots) + outputs))
            self.slots.extend(Slot() for _ in range(outputs))
        return self.by_key[key]

    def _schedule(
        self, operation: Operation, operands: tuple[tuple[int, int, int] | float, ...], first_bar: int
    ) -> tuple[int, ...]:
        key = (operation, operands, first_bar)
        if key in self.by_key:
            return self.by_key[key]
        placed = self._intern(key, operation.outputs)
        for operand in operands:
            if isinstance(operand, tuple):
                slot = self.slots[operand[0]]
                slot.kept_bars = max(slot.kept_bars, operand[1] + operand[2])
        self.steps.append(Step(operation, operands, placed, first_bar))
        return placed


def build(inputs: tuple[str, ...], outputs: Sequence[Series]) -> Program:
    """Return the program that computes `outputs` from the inputs of these names."""
    builder = _Builder(inputs)
    placed = [(builder.place(series.node)[series.output], series) for series in outputs]
    for slot, series in placed:
        builder.slots[slot].kept_bars = max(builder.slots[slot].kept_bars, series.delay)
    renamed = builder.join_sums({slot for slot, _ in placed})
    placed = [(renamed[slot], series) for slot, series in placed]
    for result, (slot, series) in enumerate(placed):
        home = builder.slots[slot]
        if series.delay or home.input >= 0 or home.result >= 0:
            home = builder.slots[builder.copy(slot, series.delay, series.lookback)]
        home.result = result
    return Program(
        inputs,
        tuple(builder.steps),
        tuple(builder.slots),
        tuple(series.lookback for series in outputs),
        _assign_scratch(builder.steps, builder.slots),
    )


def _assign_scratch(steps: list[Step], slots: list[Slot]) -> int:
    """Let series that nothing looks back to share scratch arrays; return how many of those are needed."""
    for index, step in enumerate(steps):
        for operand in step.operands:
            if isinstance(operand, tuple):
                slots[operand[0]].last_use = index
    free: list[int] = []
    count = 0
    for index, step in enumerate(steps):
        for output in step.outputs:
            slot = slots[output]
            if slot.result < 0 and not slot.kept_bars:
                if not free:
                    free.append(count)
                    count += 1
                slot.scratch = free.pop()
        used = {operand[0] for operand in step.operands if isinstance(operand, tuple)} | set(step.outputs)
        free.extend(
            slots[number].scratch
            for number in sorted(used)
            if slots[number].scratch >= 0 and slots[number].last_use <= index
        )
    return count

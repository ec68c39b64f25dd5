"""Runs a program over one short series or panel, in place and in one block.

`Run` decides for every series where it lies, block by block. For a hundred bars those decisions take ten times as long
as the numbers. What they depend on is known with the program, so here they are made once and kept: each step becomes
the list of the arrays that it is given. The kernels, their arguments and thus the bits are those of `Run`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.oscillators._program import BLOCK_VALUES, CHECK_VALUES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from riskwave.compute.oscillators._catalogue import Oscillator
    from riskwave.compute.oscillators._program import Floats
    from riskwave.compute.oscillators._schedule import Program, Slot, Step
    from riskwave.compute.registry import Value

View = tuple[int, int, int]
"""Number of an array, the first bar of it that is seen, and how many of its last bars are not."""


@dataclass(slots=True)
class _Direct:
    """A step: its function, and its operands as views or numbers."""

    function: Callable[..., object]
    is_ufunc: bool
    operands: tuple[View | float, ...]
    params: tuple[int | float, ...]
    spanned: bool
    recursive: bool
    state_rows: int
    outputs: tuple[View, ...]


@dataclass(slots=True)
class DirectProgram:
    """A program of which every array has its number: the inputs first, then the outputs, then what lies between."""

    steps: tuple[_Direct, ...]
    lookbacks: tuple[int, ...]
    spare_arrays: int
    has_ufunc: bool
    values_max: int

    def run(self, inputs: Sequence[Floats], outputs: Sequence[Floats], bars: int, lanes: int) -> list[Floats]:
        """Compute; every array is flat, of ``bars * lanes`` values, at most `values_max`, and the inputs are finite.

        Return what the recursions that have begun keep, in the order of the steps.
        """
        arrays = [*inputs, *outputs]
        if self.spare_arrays:
            arrays.extend([np.empty(bars * lanes) for _ in range(self.spare_arrays)])
        if self.has_ufunc:
            with np.errstate(all="ignore"):
                states = self._execute(arrays, bars, lanes)
        else:
            states = self._execute(arrays, bars, lanes)
        for y, lookback in zip(outputs, self.lookbacks, strict=True):
            if lookback:
                y[: lookback * lanes] = np.nan
        return states

    def _execute(self, arrays: list[Floats], bars: int, lanes: int) -> list[Floats]:
        size = bars * lanes
        states: list[Floats] = []
        for step in self.steps:
            _, first, _ = step.outputs[0]
            if first >= bars:
                continue
            arguments: list[object] = []
            for operand in step.operands:
                if isinstance(operand, tuple):
                    number, low, hidden = operand
                    array = arrays[number]
                    arguments.append(array[low * lanes : size - hidden * lanes] if low or hidden else array)
                else:
                    arguments.append(operand if step.is_ufunc else np.full((bars - first) * lanes, operand))
            arguments.extend(step.params)
            if step.spanned:
                arguments.append(lanes)
            if step.recursive:
                states.append(np.zeros(step.state_rows * lanes))
                arguments.extend((0, lanes, states[-1]))
            targets = [arrays[number][low * lanes :] if low else arrays[number] for number, low, _ in step.outputs]
            if step.is_ufunc:
                step.function(*arguments, out=targets[0])
            else:
                step.function(*arguments, *targets)
        return states


@lru_cache(maxsize=1024)
def direct_program(entry: Oscillator, window: tuple[Value, ...]) -> DirectProgram:
    """Return the program for one window, ready to run in place."""
    return _translate(entry.program((window,)))


def _translate(program: Program) -> DirectProgram:
    places, spare_arrays = _place(program)
    steps = tuple(_translate_step(step, places) for step in program.steps)
    return DirectProgram(
        steps,
        program.lookbacks,
        spare_arrays,
        any(step.is_ufunc for step in steps),
        # So few that `Run` would take one block too, and call no checkpoint.
        min(BLOCK_VALUES, CHECK_VALUES // (len(steps) + 1)),
    )


def _place(program: Program) -> tuple[list[int], int]:
    """Return the number of each slot's array, and how many arrays are neither input nor output."""
    first_result = len(program.inputs)
    first_scratch = first_result + len(program.lookbacks)
    first_own = first_scratch + program.scratch_arrays
    own = 0

    def place(slot: Slot) -> int:
        nonlocal own
        if slot.input >= 0:
            return slot.input
        if slot.result >= 0:
            return first_result + slot.result
        if slot.scratch >= 0:
            return first_scratch + slot.scratch
        own += 1
        return first_own + own - 1

    places = [place(slot) for slot in program.slots]
    return places, program.scratch_arrays + own


def _translate_step(step: Step, places: list[int]) -> _Direct:
    operation, first = step.operation, step.first_bar
    slots = [operand for operand in step.operands if isinstance(operand, tuple)]
    assert all(delay + span <= first for _, delay, span in slots), "an operand is seen before its first bar"
    return _Direct(
        operation.function,
        isinstance(operation.function, np.ufunc),
        tuple(
            (places[operand[0]], first - operand[2] - operand[1], operand[1]) if isinstance(operand, tuple) else operand
            for operand in step.operands
        ),
        operation.params,
        any(span for _, _, span in slots),
        operation.recursive,
        operation.state_rows,
        tuple((places[output], first, 0) for output in step.outputs),
    )

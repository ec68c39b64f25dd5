"""Computes a long single series as eight chains side by side, for oscillators that are recursions from end to end.

A recursion waits for its own result at every bar, which costs several times more than the arithmetic. So a block is
cut into eight parts, and eight chains walk them in step, number for number in one vector register. Each but the first
starts early, from what the block began with, and has forgotten that when its part begins: afterwards every seam is
compared, bit for bit, with what the chain before it arrived at. Where they differ, the part is walked again from the
true state. So the result is that of the plain loop, always; only speed depends on how early a chain starts.

The first bars, with their seeds, are `_program`'s. What follows is recognised by the shape of its steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.jit import kernel
from riskwave.compute.oscillators import _fused, _kernels, _recursions, _rows
from riskwave.compute.oscillators._catalogue import OSCILLATORS
from riskwave.compute.oscillators._eights import LANES, turn
from riskwave.compute.oscillators._gaps import finite
from riskwave.compute.oscillators._program import Run
from riskwave.compute.oscillators._tiles import at_address

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from riskwave.compute.oscillators._schedule import Program

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

STRIP_ROWS = 64  # rows that are laid side by side at once: they stay in the first cache
BLOCK_BARS = 500_000  # what lies between two calls of the checkpoint: a millisecond or two
# Time constants that a chain runs before its values are used: exp(-45) is below the rounding error, and the bars beyond
# let the last bits agree. An average of an average settles to the last bit after what it follows has.
SETTLING_TIME_CONSTANTS, FURTHER_TIME_CONSTANTS = 45.0, 15.0

# The position is the number by which `walk` knows the oscillator. With each goes which inputs it looks back to.
CHAINS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("TRIX", ()),
    ("TSI", (0,)),
    ("RSI", (0,)),
    ("CMO", (0,)),
    ("MACD", ()),
    ("ERI", ()),
    ("PLUS_DM", (0, 1)),
    ("MINUS_DM", (0, 1)),
    ("PLUS_DI", (0, 1, 2)),
    ("MINUS_DI", (0, 1, 2)),
    ("DX", (0, 1)),
    ("ADX", (0, 1)),
)
# How many of the first parameters of a recursion are factors of averages.
_FACTORS: dict[Callable[..., object], int] = {
    _recursions.ema: 1,
    _recursions.ema_of_shares: 1,
    _fused.rsi: 1,
    _fused.macd: 3,
}


@kernel()
def walk(function: int, params: Floats, state: Floats, rows: int, buffers: Floats) -> None:  # noqa: C901 - one for each
    """Carry out an oscillator for some rows: `buffers` has three inputs and three outputs, one after the other."""
    size, home = 8 * STRIP_ROWS, buffers.ctypes.data
    # No parts of an array: counting its references would take as long as some rows.
    a, b, c = at_address(home, size), at_address(home + 8 * size, size), at_address(home + 16 * size, size)
    p, q, s = (
        at_address(home + 24 * size, size),
        at_address(home + 32 * size, size),
        at_address(home + 40 * size, size),
    )
    if function == 0:
        _rows.trix(params, state, rows, a, p)
    elif function == 1:
        _rows.tsi(params, state, rows, a, p)
    elif function == 2:
        _rows.rsi(params, state, rows, a, p)
    elif function == 3:
        _rows.cmo(params, state, rows, a, p)
    elif function == 4:
        _rows.macd(params, state, rows, a, p, q, s)
    elif function == 5:
        _rows.eri(params, state, rows, a, b, c, p, q)
    elif function == 6:
        _rows.plus_dm(params, state, rows, a, b, p)
    elif function == 7:
        _rows.minus_dm(params, state, rows, a, b, p)
    elif function == 8:
        _rows.plus_di(params, state, rows, a, b, c, p)
    elif function == 9:
        _rows.minus_di(params, state, rows, a, b, c, p)
    elif function == 10:
        _rows.dx(params, state, rows, a, b, p)
    else:
        _rows.adx(params, state, rows, a, b, p)


@kernel()
def walk_together(
    function: int,
    params: Floats,
    state: Floats,
    inputs: Integers,
    outputs: Integers,
    checked: Integers,
    begin: int,
    end: int,
    part: int,
    buffers: Floats,
) -> bool:
    """Walk eight chains, `part` bars apart, of which the first goes from `begin` to `end`; a multiple of 8 bars.

    Return False when a checked input is not finite.
    """
    size, home = 8 * STRIP_ROWS, buffers.ctypes.data
    for low in range(begin, end, STRIP_ROWS):
        rows = min(STRIP_ROWS, end - low)
        for k in range(inputs.size):
            for r in range(0, rows, 8):
                turn(inputs[k] + 8 * (low + r), 8 * part, home + 8 * (k * size + 8 * r), 64)
        for k in range(checked.size):
            at = checked[k] * size
            if not _kernels.all_finite(buffers[at : at + 8 * rows]):
                return False
        walk(function, params, state, rows, buffers)
        for k in range(outputs.size):
            for r in range(0, rows, 8):
                turn(home + 8 * ((3 + k) * size + 8 * r), 64, outputs[k] + 8 * (low + r), 8 * part)
    return True


@kernel()
def walk_alone(
    function: int,
    params: Floats,
    state: Floats,
    inputs: Integers,
    outputs: Integers,
    checked: Integers,
    begin: int,
    end: int,
    buffers: Floats,
) -> bool:
    """Walk one chain, eight times over; return False when a checked input is not finite."""
    size = 8 * STRIP_ROWS
    for low in range(begin, end, STRIP_ROWS):
        rows = min(STRIP_ROWS, end - low)
        for k in range(inputs.size):
            values = at_address(inputs[k] + 8 * low, rows)
            for r in range(rows):
                buffers[k * size + 8 * r : k * size + 8 * r + 8] = values[r]
        for k in range(checked.size):
            at = checked[k] * size
            if not _kernels.all_finite(buffers[at : at + 8 * rows]):
                return False
        walk(function, params, state, rows, buffers)
        for k in range(outputs.size):
            results = at_address(outputs[k] + 8 * low, rows)
            for r in range(rows):
                results[r] = buffers[(3 + k) * size + 8 * r]
    return True


@dataclass(frozen=True, slots=True)
class Chain:
    """An oscillator that `walk` knows by `number`, and the inputs that it looks back to."""

    number: int
    lagged: tuple[int, ...]


def _shape(program: Program) -> tuple[object, ...]:
    """Return what a program does, but for the numbers that it does it with."""
    steps = tuple((step.operation.function, step.operands, step.outputs) for step in program.steps)
    return steps, tuple((slot.input, slot.result) for slot in program.slots)


@lru_cache(maxsize=1)
def _by_shape() -> dict[tuple[object, ...], Chain]:
    found = {}
    for number, (name, lagged) in enumerate(CHAINS):
        entry = OSCILLATORS.get(name)
        window = tuple(entry.defaults().values())
        found[_shape(entry.program((window,)))] = Chain(number, lagged)
    return found


def chain_of(program: Program) -> Chain | None:
    """Return the chain that computes what a program does, if there is one."""
    return _by_shape().get(_shape(program))


def params_of(program: Program) -> Floats:
    """Return the numbers of all steps, one after the other."""
    return np.array([param for step in program.steps for param in step.operation.params], dtype=np.float64)


def head_bars(program: Program) -> int:
    """Return how many bars have seeds among them: they are carried out step by step."""
    settled = max(step.first_bar + step.operation.warm_up_bars for step in program.steps)
    return max(settled, *program.lookbacks) + 2


class ChainRun:
    """One execution of a program as a chain, over a whole single series in one call.

    Parameters
    ----------
    program, chain
        What to compute, and how.
    checked
        Numbers of the inputs to look at: the first block of which one is not finite abandons the run.
    checkpoint
        Called every few milliseconds; may raise to abandon the run.
    """

    def __init__(
        self, program: Program, chain: Chain, *, checked: Sequence[int], checkpoint: Callable[[], None] | None
    ) -> None:
        self.program, self._chain = program, chain
        read = {operand[0] for step in program.steps for operand in step.operands if isinstance(operand, tuple)}
        self._inputs_read = 1 + max(program.slots[slot].input for slot in read)
        self._checked = np.array([number for number in checked if number < self._inputs_read], dtype=np.int64)
        self._checked_apart = [number for number in checked if number >= self._inputs_read]
        self._checkpoint = checkpoint
        self._state = np.zeros(0)
        self._params = np.repeat(params_of(program), LANES)
        self._buffers = np.zeros(6 * LANES * STRIP_ROWS)
        self._places: tuple[Integers, Integers] = addresses_of(()), addresses_of(())
        self.head_bars = head_bars(program)
        factors = [
            k for step in program.steps for k in step.operation.params[: _FACTORS.get(step.operation.function, 0)]
        ]
        slowest = min(factors)
        further = sum(1.0 / k for k in factors) - 1.0 / slowest
        settling = SETTLING_TIME_CONSTANTS / slowest + FURTHER_TIME_CONSTANTS * further
        self.settling_bars = int(settling) // LANES * LANES + LANES

    def pays(self, bars: int) -> bool:
        """Return whether a series of so many bars is computed faster in this way."""
        return bars - self.head_bars >= 4 * LANES * self.settling_bars

    def advance(self, inputs: Sequence[NDArray[np.generic]], outputs: Sequence[Floats]) -> bool:
        """Compute the series: every array is (bars, 1) and C-contiguous. Return False when the run was abandoned."""
        head, bars = self.head_bars, inputs[0].shape[0]
        opening = Run(self.program, 1, whole=True, checked=[*self._checked.tolist(), *self._checked_apart])
        if not opening.advance([panel[:head] for panel in inputs], [y[:head] for y in outputs]):
            return False
        # What the chain does not read, such as the close whose part in a formula cancels, is only looked through.
        flat: list[Floats] = [panel.reshape(-1).view(np.float64) for panel in inputs[: self._inputs_read]]
        last = [flat[number][head - 1 : head] for number in self._chain.lagged]
        self._state = np.concatenate([*opening.states, *last])
        self._places = addresses_of(flat), addresses_of(outputs)
        block_bars = max(BLOCK_BARS, 8 * LANES * self.settling_bars)
        blocks = -(-(bars - head) // block_bars)
        edges = [head + (bars - head) * edge // blocks for edge in range(blocks + 1)]
        for low, high in pairwise(edges):
            if not all(finite(inputs[number][low:high]) for number in self._checked_apart):
                return False
            if not self._advance_block(flat, low, high):
                return False
            if self._checkpoint is not None:
                self._checkpoint()
        return True

    def _advance_block(self, inputs: Sequence[Floats], begin: int, end: int) -> bool:
        """Compute the bars from `begin` to `end`; return False when a checked input is not finite."""
        number, params, (read, written), settling = self._chain.number, self._params, self._places, self.settling_bars
        nothing = np.zeros(0, dtype=np.int64)
        part = (end - begin) // (LANES * LANES) * LANES
        early = begin + part - settling
        # Chain n starts early before part n + 1, from what the block began with; the last one is not needed.
        chains = np.repeat(self._state, LANES).reshape(-1, LANES)
        for row, place in enumerate(self._chain.lagged, self._state.size - len(self._chain.lagged)):
            chains[row] = inputs[place][early - 1 : early + LANES * part - 1 : part]
        flat = chains.reshape(-1)
        walk_together(number, params, flat, read, nothing, nothing, early, begin + part, part, self._buffers)
        guesses = chains.copy()
        chains[:, 1:], chains[:, 0] = guesses[:, :-1], self._state
        if not walk_together(
            number, params, flat, read, written, self._checked, begin, begin + part, part, self._buffers
        ):
            return False
        state = chains[:, 0].copy()
        for lane in range(1, LANES):
            low = begin + lane * part
            if np.array_equal(state.view(np.int64), guesses[:, lane - 1].copy().view(np.int64)):
                state = chains[:, lane].copy()
            elif not self._walk_alone(state, low, low + part):
                return False
        self._state = state
        return self._walk_alone(state, begin + LANES * part, end)

    def _walk_alone(self, state: Floats, begin: int, end: int) -> bool:
        """Continue one chain from `state`, which becomes that of its end, bar after bar."""
        lanes = np.repeat(state, LANES)
        read, written = self._places
        done = walk_alone(
            self._chain.number, self._params, lanes, read, written, self._checked, begin, end, self._buffers
        )
        state[:] = lanes[::LANES]
        return done

    def finite_state(self) -> bool:
        """Return whether what the recursions keep is finite."""
        return bool(np.isfinite(self._state).all())


def addresses_of(arrays: Sequence[Floats]) -> Integers:
    return np.array([array.__array_interface__["data"][0] for array in arrays], dtype=np.int64)

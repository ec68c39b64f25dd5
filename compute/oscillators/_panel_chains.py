"""Computes a panel eight columns at a time, for oscillators that are recursions from end to end.

The columns do not wait for each other: eight of them are the lanes of the vector that `_rows` works on. Each column by
itself would read one number of every row, and each row lies on another page. So a few rows are walked for all columns,
then the next few: the pages stay in reach, and what lies between the inputs and the outputs stays in registers. The
first bars, with their seeds, are `_program`'s, and so are the bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.jit import kernel
from riskwave.compute.oscillators import _kernels
from riskwave.compute.oscillators._chains import STRIP_ROWS, addresses_of, head_bars, params_of, walk
from riskwave.compute.oscillators._eights import LANES, load, store
from riskwave.compute.oscillators._program import Run
from riskwave.compute.oscillators._tiles import at_address

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from riskwave.compute.oscillators._chains import Chain
    from riskwave.compute.oscillators._schedule import Program

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BARS_MIN = 64  # after the seeds; of fewer the preparations would take longer than the steps
STEPS_MIN = 3
ROWS = 8  # of a panel that are walked for all columns: few enough pages to fetch ahead from, measured
BLOCK_VALUES = 500_000  # what lies between two calls of the checkpoint: a millisecond or two


@kernel()
def walk_columns(
    function: int,
    params: Floats,
    states: Floats,
    inputs: Integers,
    outputs: Integers,
    checked: Integers,
    lanes: int,
    begin: int,
    end: int,
    buffers: Floats,
) -> bool:
    """Walk all columns over the bars from `begin` to `end`; `states` has one row for each eight columns.

    The last eight may overlap the ones before. Return False when a checked input is not finite.
    """
    size, kept = 8 * STRIP_ROWS, states.shape[1]
    for low in range(begin, end, ROWS):
        rows = min(ROWS, end - low)
        for k in range(checked.size):
            if not _kernels.all_finite(at_address(inputs[checked[k]] + 8 * low * lanes, rows * lanes)):
                return False
        for eight in range(states.shape[0]):
            column = min(8 * eight, lanes - 8)
            for k in range(inputs.size):
                values = at_address(inputs[k] + 8 * (low * lanes + column), (rows - 1) * lanes + 8)
                for r in range(rows):
                    store(buffers, k * size + 8 * r, load(values, r * lanes))
            walk(function, params, at_address(states.ctypes.data + 8 * kept * eight, kept), rows, buffers)
            for k in range(outputs.size):
                results = at_address(outputs[k] + 8 * (low * lanes + column), (rows - 1) * lanes + 8)
                for r in range(rows):
                    store(results, r * lanes, load(buffers, (3 + k) * size + 8 * r))
    return True


class ColumnRun:
    """One execution of a program that is a chain, over a whole panel in one call.

    Parameters
    ----------
    program, chain
        What to compute, and how.
    lanes
        Number of columns, 8 at least.
    checked
        Numbers of the inputs to look at: the first rows of which one is not finite abandon the run.
    checkpoint
        Called every few milliseconds; may raise to abandon the run.
    """

    def __init__(
        self,
        program: Program,
        chain: Chain,
        lanes: int,
        *,
        checked: Sequence[int],
        checkpoint: Callable[[], None] | None,
    ) -> None:
        self.program, self._chain, self._lanes = program, chain, lanes
        self._checked, self._checkpoint = np.array(checked, dtype=np.int64), checkpoint
        self._states = np.zeros((0, 0))
        self.head_bars = head_bars(program)

    def pays(self, bars: int) -> bool:
        """Return whether a panel of so many bars is computed faster in this way."""
        # One or two steps wait for memory alone, and several outputs lie on too many pages: there the rows are faster.
        several = len(self.program.steps) >= STEPS_MIN and len(self.program.lookbacks) == 1
        return several and self._lanes >= LANES and bars - self.head_bars >= BARS_MIN

    def advance(self, inputs: Sequence[NDArray[np.generic]], outputs: Sequence[Floats]) -> bool:
        """Compute the panel: every array is (bars, lanes) and C-contiguous. Return False when the run was abandoned."""
        head, bars, lanes = self.head_bars, inputs[0].shape[0], self._lanes
        opening = Run(self.program, lanes, whole=True, checkpoint=self._checkpoint, checked=self._checked.tolist())
        if not opening.advance([panel[:head] for panel in inputs], [y[:head] for y in outputs]):
            return False
        flat: list[Floats] = [panel.reshape(-1).view(np.float64) for panel in inputs]
        last = [flat[number][(head - 1) * lanes : head * lanes] for number in self._chain.lagged]
        kept = np.concatenate([*opening.states, *last]).reshape(-1, lanes)
        columns = [min(column, lanes - LANES) for column in range(0, lanes, LANES)]
        self._states = np.array([kept[:, column : column + LANES].reshape(-1) for column in columns])
        params, buffers = np.repeat(params_of(self.program), LANES), np.zeros(6 * LANES * STRIP_ROWS)
        read, written = addresses_of(flat), addresses_of(outputs)
        block_bars = max(1, BLOCK_VALUES // lanes // ROWS) * ROWS
        for low in range(head, bars, block_bars):
            high, number = min(low + block_bars, bars), self._chain.number
            if not walk_columns(number, params, self._states, read, written, self._checked, lanes, low, high, buffers):
                return False
            if self._checkpoint is not None:
                self._checkpoint()
        return True

    def finite_state(self) -> bool:
        """Return whether what the recursions keep is finite."""
        return bool(np.isfinite(self._states).all())

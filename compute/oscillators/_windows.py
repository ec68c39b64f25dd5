"""Computes eight windows of a sweep side by side, for oscillators that are recursions from end to end.

A recursion waits for its own result at every bar. The windows of a sweep don't wait for each other: each is a lane of
the vector that `_rows` works on, over the same bars, and nothing between the input and the outputs is written to
memory. The first bars, with their seeds, are `_program`'s, and so are the bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.jit import kernel
from riskwave.compute.oscillators._chains import STRIP_ROWS, addresses_of, chain_of, head_bars, params_of, walk
from riskwave.compute.oscillators._direct import direct_program
from riskwave.compute.oscillators._eights import LANES, spread, store, turn
from riskwave.compute.oscillators._tiles import at_address

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from riskwave.compute.oscillators._catalogue import Oscillator
    from riskwave.compute.oscillators._chains import Chain
    from riskwave.compute.oscillators._direct import DirectProgram
    from riskwave.compute.registry import Value

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BARS_MIN = 512  # after the seeds; of fewer the preparations would take longer than the steps
BLOCK_BARS = 500_000  # what lies between two calls of the checkpoint: a few milliseconds


@kernel()
def walk_windows(
    function: int,
    params: Floats,
    state: Floats,
    inputs: Integers,
    outputs: Integers,
    stride: int,
    begin: int,
    end: int,
    buffers: Floats,
) -> None:
    """Walk eight windows over the bars from `begin` to `end`; their outputs lie `stride` bytes apart."""
    size, home = 8 * STRIP_ROWS, buffers.ctypes.data
    for low in range(begin, end, STRIP_ROWS):
        rows = min(STRIP_ROWS, end - low)
        for k in range(inputs.size):
            values = at_address(inputs[k] + 8 * low, rows)
            for r in range(rows):
                store(buffers, k * size + 8 * r, spread(values[r]))
        walk(function, params, state, rows, buffers)
        whole = rows - rows % 8
        for k in range(outputs.size):
            first = (3 + k) * size
            for r in range(0, whole, 8):
                turn(home + 8 * (first + 8 * r), 64, outputs[k] + 8 * (low + r), stride)
            for lane in range(8):
                results = at_address(outputs[k] + lane * stride + 8 * (low + whole), rows - whole)
                for r in range(whole, rows):
                    results[r - whole] = buffers[first + 8 * r + lane]


@dataclass(frozen=True, slots=True, eq=False)
class WindowChain:
    """Windows of an oscillator that `walk` knows.

    Attributes
    ----------
    chain
        Of each window.
    singles
        The programs of the windows, which compute their first bars.
    params
        One row for each number of a window's steps, one column for each window.
    head_bars
        How many bars the programs compute: as many as the longest seed takes, and a whole number of eights.
    """

    chain: Chain
    singles: tuple[DirectProgram, ...]
    params: Floats
    head_bars: int


@lru_cache(maxsize=256)
def window_chain_of(entry: Oscillator, windows: tuple[tuple[Value, ...], ...]) -> WindowChain | None:
    """Return how eight windows at a time are computed; None if there are fewer, or if one is not such a recursion."""
    if len(windows) < LANES:
        return None
    programs = [entry.program((window,)) for window in windows]
    chain = chain_of(programs[0])
    if chain is None or any(chain_of(program) != chain for program in programs):
        return None
    params = np.ascontiguousarray(np.array([params_of(program) for program in programs]).T)
    longest = max(head_bars(program) for program in programs)
    singles = tuple(direct_program(entry, window) for window in windows)
    return WindowChain(chain, singles, params, -(-longest // LANES) * LANES)


class WindowRun:
    """One execution of the windows of a sweep over a whole single series without gaps.

    Parameters
    ----------
    windows
        What to compute.
    checkpoint
        Called every few milliseconds; may raise to abandon the run.
    """

    def __init__(self, windows: WindowChain, *, checkpoint: Callable[[], None] | None) -> None:
        self._windows, self._checkpoint = windows, checkpoint
        self._buffers = np.zeros(6 * LANES * STRIP_ROWS)

    def pays(self, bars: int) -> bool:
        """Return whether a series of so many bars is computed faster in this way."""
        head = self._windows.head_bars
        return bars - head >= BARS_MIN and all(head <= single.values_max for single in self._windows.singles)

    def advance(self, inputs: Sequence[NDArray[np.generic]], outputs: Sequence[Floats]) -> None:
        """Compute the series: every input is (bars, 1), every output (windows, bars, 1), all of them C-contiguous."""
        head, bars = self._windows.head_bars, inputs[0].shape[0]
        flat: list[Floats] = [panel.reshape(-1).view(np.float64) for panel in inputs]
        opening = [x[:head] for x in flat]
        kept = [
            np.concatenate(single.run(opening, [y[window, :head, 0] for y in outputs], head, 1))
            for window, single in enumerate(self._windows.singles)
        ]
        count = len(kept)
        last = [np.full((1, count), flat[number][head - 1]) for number in self._windows.chain.lagged]
        states, read = np.concatenate([np.array(kept).T, *last]), addresses_of(flat)
        # The last eight overlap the ones before where the windows are no whole number of eights.
        for window in range(0, count, LANES):
            first = min(window, count - LANES)
            lanes = slice(first, first + LANES)
            params = np.ascontiguousarray(self._windows.params[:, lanes]).reshape(-1)
            state = states[:, lanes].copy().reshape(-1)  # which the walk changes, and windows that overlap share
            self._walk(params, state, read, addresses_of([y[first] for y in outputs]), head, bars)

    def _walk(self, params: Floats, state: Floats, read: Integers, written: Integers, begin: int, end: int) -> None:
        number = self._windows.chain.number
        for low in range(begin, end, BLOCK_BARS):
            high = min(low + BLOCK_BARS, end)
            walk_windows(number, params, state, read, written, 8 * end, low, high, self._buffers)
            if self._checkpoint is not None:
                self._checkpoint()

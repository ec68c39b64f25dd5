"""The function that callers use: validate once, compute the windows, by several threads if asked."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.errors import InputError
from riskwave.compute.oscillators import _kernels
from riskwave.compute.oscillators._catalogue import Convention
from riskwave.compute.oscillators._direct import direct_program
from riskwave.compute.oscillators._eights import LANES
from riskwave.compute.oscillators._execution import WINDOWS_AT_ONCE, known_gapless, run_windows, show_back
from riskwave.compute.oscillators._gaps import GapPolicy
from riskwave.compute.oscillators._memory import empty
from riskwave.compute.oscillators._reducers import Reducer, reduce_bars
from riskwave.compute.oscillators._request import Checkpoint, Floats, Request, check_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from riskwave.compute.registry import Value

BYTES_BEFORE_REDUCED = 64 * 1024 * 1024  # outputs of a sweep that exist at once when a reducer takes their bars away
THREADS_MAX = 256
# Windows that one thread computes before it looks for more: a whole number of those that run side by side.
PART_WINDOWS = 4 * LANES


@dataclass(frozen=True, slots=True)
class OscillatorResult:
    """What `compute` returns.

    Attributes
    ----------
    outputs
        By name: arrays of the inputs' shape, led by an axis over the windows in a sweep. NaN before the first value and
        wherever an input was missing. A reducer takes the axis of bars away.
    lookback
        Bars before the first value; in a sweep an array with one entry a window.
    params
        The complete parameters; in a sweep, the swept ones are lists.
    warnings
        What the caller should know about the data, in words.
    convention
        The convention of the formula: the one that was asked for where the oscillator differs in it, else ``talib``.
    """

    outputs: dict[str, Floats]
    lookback: int | NDArray[np.int64]
    params: dict[str, Value | list[Value]]
    warnings: tuple[str, ...]
    convention: str = Convention.TALIB.value


def compute(
    name: str,
    inputs: Mapping[str, ArrayLike],
    params: Mapping[str, object] | None = None,
    *,
    gap_policy: GapPolicy | str = GapPolicy.HOLD,
    max_gap_bars: int = 0,
    allow_look_ahead: bool = False,
    max_output_bytes: int | None = None,
    convention: Convention | str = Convention.TALIB,
    reducer: Reducer | str | None = None,
    threads: int = 1,
    checkpoint: Checkpoint | None = None,
) -> OscillatorResult:
    """Compute an oscillator over one series or a panel, with one set of parameters or many.

    Parameters
    ----------
    name
        The oscillator's name, as in ``OSCILLATORS.names()``.
    inputs
        By name the arrays that it needs, of open, high, low, close, volume: each (bars,) or (bars, symbols), all of one
        shape, of any real type; computed in float64.
    params
        Values by name; defaults for what is left out. Lists sweep: their n-th entries make the n-th window.
    gap_policy, max_gap_bars
        What follows a bar with a NaN or infinite input; with ``hold``, the longest gap that is bridged (0: any).
    allow_look_ahead, max_output_bytes
        Whether values may use later bars; how large the outputs may be.
    convention
        Whose seeds, ties and scales the formula has, of `Convention`; the result says which.
    reducer
        ``last``, ``crossings`` (of the neutral level) or ``rank`` (among the columns) of each output, not every bar.
    threads
        How many threads share the windows of a sweep; the numbers are the same.
    checkpoint
        Called every few milliseconds, by each thread; may raise to abandon the computation.

    Raises
    ------
    InputError
        Its subclass says what is wrong: `UnknownNameError`, `ShapeMismatchError`, `SeriesTooShortError` (no bar beyond
        the lookback), `NotFiniteError` (a gap under ``strict``), `TooLargeError`.

    Examples
    --------
    >>> close = [44.0, 45.0, 44.5, 46.0, 47.0, 46.5, 46.0, 48.0]
    >>> compute("RSI", {"close": close}, {"timeperiod": 3}).outputs["real"].round(2)
    array([  nan,   nan,   nan, 83.33, 88.89, 71.11, 54.7 , 81.  ])
    >>> compute("RSI", {"close": close}, {"timeperiod": [2, 3, 4]}).outputs["real"].shape
    (3, 8)
    """
    request = check_request(
        name, inputs, params, gap_policy, max_gap_bars, allow_look_ahead, max_output_bytes, convention, reducer
    )
    if not 1 <= threads <= THREADS_MAX:
        raise InputError("threads", threads, f"1 to {THREADS_MAX}")
    return _compute(request, threads, checkpoint)


def _compute(request: Request, threads: int, checkpoint: Checkpoint | None) -> OscillatorResult:
    """Compute what a valid request asks for."""
    entry = request.entry
    direct = _run_direct(request) if request.reducer is None else None
    if direct is not None:
        outputs, lookback = dict(zip(entry.outputs, direct, strict=True)), request.lookbacks[0]
        return OscillatorResult(outputs, lookback, request.reported_params(), (), entry.convention.value)
    shared = SharedWindows(request, threads, checkpoint)
    _run_parts(shared, threads, checkpoint)
    return shared.result()


def _run_parts(shared: SharedWindows, threads: int, checkpoint: Checkpoint | None) -> None:
    """Compute every part, by this thread and others; after an error those that nobody began are left."""
    waiting, lock = list(shared.parts[::-1]), Lock()

    def work() -> None:
        while True:
            with lock:
                if not waiting:
                    return
                part = waiting.pop()
            try:
                shared.compute(part, checkpoint)
            except BaseException:
                with lock:
                    waiting.clear()
                raise

    if len(waiting) == 1:
        work()
        return
    with ThreadPoolExecutor(threads - 1, "riskwave-windows") as pool:
        others = [pool.submit(work) for _ in range(min(threads, len(waiting)) - 1)]
        work()
        for other in others:
            other.result()


class SharedWindows:
    """The windows of a request in parts, for threads that compute them at the same time.

    Each part is written to its own place in the results, so that nothing has to be put together in the end.

    Parameters
    ----------
    request
        What to compute; its inputs are looked through for gaps here.
    threads
        How many will compute.
    checkpoint
        Called every few milliseconds; may raise to abandon the computation.

    Attributes
    ----------
    parts
        What to call `compute` with, once each, in any order and from any thread; those that may take longest first.
    """

    def __init__(self, request: Request, threads: int, checkpoint: Checkpoint | None) -> None:
        self._request = request
        self._gapless = known_gapless(request, checkpoint)
        self._warnings: tuple[str, ...] = ()
        shape = request.panels[0].shape if request.reducer is None else request.panels[0].shape[1:]
        # Each in memory of its own, so that keeping one does not keep them all.
        self._outputs = [empty((len(request.windows), *shape)) for _ in request.entry.outputs]
        self.parts = _parts(len(request.windows), threads)

    def compute(self, part: range, checkpoint: Checkpoint | None) -> None:
        """Compute some windows."""
        request = replace(self._request, windows=self._request.windows[part.start : part.stop])
        outputs = [output[part.start : part.stop] for output in self._outputs]
        if request.reducer is None:
            warnings = run_windows(request, outputs, self._gapless, checkpoint)
        else:
            warnings = _run_reduced(request, request.reducer, outputs, self._gapless, checkpoint)
        self._warnings = warnings or self._warnings

    def result(self) -> OscillatorResult:
        """Return the result, once every part is computed."""
        request, entry = self._request, self._request.entry
        shape = request.shape if request.reducer is None else request.shape[1:]
        leading = (len(request.windows),) if request.swept else ()
        return OscillatorResult(
            {label: array.reshape(leading + shape) for label, array in zip(entry.outputs, self._outputs, strict=True)},
            np.array(request.lookbacks) if request.swept else request.lookbacks[0],
            request.reported_params(),
            self._warnings,
            entry.convention.value,
        )


def _parts(windows: int, threads: int) -> list[range]:
    """Cut windows so that threads are busy for equally long, and few neighbours that share steps are torn apart."""
    if threads == 1 or windows == 1:
        return [range(windows)]
    count = min(windows, threads * math.ceil(windows / (threads * PART_WINDOWS)))
    edges = [windows * i // count for i in range(count + 1)]
    if windows >= count * LANES:  # the last part has what is left, if anything less than eight more
        edges[:-1] = [round(edge / LANES) * LANES for edge in edges[:-1]]
    return [range(*edge) for edge in pairwise(edges)][::-1]


def _run_reduced(
    request: Request, reducer: Reducer, reduced: list[Floats], gapless: bool | None, checkpoint: Checkpoint | None
) -> tuple[str, ...]:
    """Write each output, as (windows, lanes), and return the warnings: few windows exist at once with all bars."""
    panel, entry = request.panels[0], request.entry
    step = min(max(1, BYTES_BEFORE_REDUCED // (8 * panel.size * len(reduced))), WINDOWS_AT_ONCE, len(request.windows))
    memory = [empty((step, *panel.shape)) for _ in reduced]
    warnings: tuple[str, ...] = ()
    for at in range(0, len(request.windows), step):
        here = replace(request, windows=request.windows[at : at + step])
        outputs = [output[: len(here.windows)] for output in memory]
        warnings = run_windows(here, outputs, gapless, checkpoint)
        for target, output in zip(reduced, outputs, strict=True):
            target[at : at + step] = reduce_bars(output, reducer, entry.neutral)
    return warnings


def _run_direct(request: Request) -> list[Floats] | None:
    """Return the outputs, or None where that takes more than one gapless block read where it lies."""
    if request.swept:
        return None
    program = direct_program(request.entry, request.windows[0])
    panels = request.panels
    bars, lanes = panels[0].shape
    if bars * lanes > program.values_max:
        return None
    flat: list[Floats] = []
    for panel in panels:
        flags = panel.flags
        if panel.dtype != np.float64 or not flags.c_contiguous or not flags.writeable:
            return None
        numbers: Floats = panel.reshape(-1).view(np.float64)
        if not _kernels.all_finite(numbers):
            return None
        flat.append(numbers)
    # Each in memory of its own, so that keeping one does not keep them all.
    outputs = [np.empty(request.shape) for _ in request.entry.outputs]
    program.run(flat, outputs if len(request.shape) == 1 else [y.reshape(-1) for y in outputs], bars, lanes)
    show_back(request, outputs)
    return outputs

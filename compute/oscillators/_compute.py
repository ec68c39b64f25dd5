"""The function that callers use: validate once, plan the gaps, run the program."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.oscillators import _kernels
from riskwave.compute.oscillators._catalogue import OSCILLATORS, Convention
from riskwave.compute.oscillators._chains import ChainRun, chain_of
from riskwave.compute.oscillators._direct import direct_program
from riskwave.compute.oscillators._eights import LANES
from riskwave.compute.oscillators._fusion_run import Spent, run_fused, whole_fusion
from riskwave.compute.oscillators._gaps import GapPolicy, Rows, finite, gap_warning, readable_in_place, series_of
from riskwave.compute.oscillators._memory import empty
from riskwave.compute.oscillators._panel_chains import ColumnRun
from riskwave.compute.oscillators._program import BLOCK_VALUES, Run
from riskwave.compute.oscillators._reducers import Reducer, reduce_bars
from riskwave.compute.oscillators._request import Checkpoint, Floats, Request, check_request, gap_error
from riskwave.compute.oscillators._windows import WindowRun, window_chain_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from riskwave.compute.oscillators._catalogue import Oscillator
    from riskwave.compute.oscillators._schedule import Program
    from riskwave.compute.registry import Value

BYTES_BEFORE_REDUCED = 64 * 1024 * 1024  # outputs of a sweep that exist at once when a reducer takes their bars away
WINDOWS_AT_ONCE = 32  # what they share is computed once, and their working arrays still fit the cache
# Recursions share little, and the averages over long windows run side by side only in long blocks.
RECURSIVE_WINDOWS_AT_ONCE, RECURSIVE_BLOCK_FACTOR = 16, 2
LANES_AT_ONCE = 1024  # columns with gaps that are packed side by side


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
    checkpoint
        Called every few milliseconds; may raise to abandon the computation.

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
    return _compute(request, checkpoint)


def _compute(request: Request, checkpoint: Checkpoint | None) -> OscillatorResult:
    """Compute what a valid request asks for."""
    entry = request.entry
    direct = _run_direct(request) if request.reducer is None else None
    if direct is not None:
        outputs, lookback = dict(zip(entry.outputs, direct, strict=True)), request.lookbacks[0]
        return OscillatorResult(outputs, lookback, request.reported_params(), (), entry.convention.value)
    gapless = _known_gapless(request, checkpoint)
    if request.reducer is None:
        arrays, warnings = _run(request, gapless, checkpoint)
    else:
        arrays, warnings = _run_reduced(request, request.reducer, gapless, checkpoint)
    shape = request.shape if request.reducer is None else request.shape[1:]
    leading = (len(request.windows),) if request.swept else ()
    return OscillatorResult(
        {label: array.reshape(leading + shape) for label, array in zip(entry.outputs, arrays, strict=True)},
        np.array(request.lookbacks) if request.swept else request.lookbacks[0],
        request.reported_params(),
        warnings,
        entry.convention.value,
    )


def _run_reduced(
    request: Request, reducer: Reducer, gapless: bool | None, checkpoint: Checkpoint | None
) -> tuple[list[Floats], tuple[str, ...]]:
    """Return each output as (windows, lanes), and the warnings: of a long sweep only some windows exist at once."""
    labels = request.entry.outputs
    window_bytes = 8 * request.panels[0].size * len(labels)
    step = min(max(1, BYTES_BEFORE_REDUCED // window_bytes), WINDOWS_AT_ONCE)
    parts: list[list[Floats]] = []
    warnings: tuple[str, ...] = ()
    for at in range(0, len(request.windows), step):
        outputs, warnings = _run(replace(request, windows=request.windows[at : at + step]), gapless, checkpoint)
        parts.append([reduce_bars(output, reducer, request.entry.neutral) for output in outputs])
    return [np.concatenate([part[i] for part in parts]) for i in range(len(labels))], warnings


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
    _show_back(request, outputs)
    return outputs


def _known_gapless(request: Request, checkpoint: Checkpoint | None) -> bool | None:
    """Return whether every input is finite; None to find out on the way, block by block.

    That spares a pass over the inputs. If there is a gap after all, what was computed so far is thrown away: of one
    window that is less work than the gaps make, of many it might be more.
    """
    strict = request.policy is GapPolicy.STRICT
    if len(request.windows) == 1 and not strict:
        return None
    gapless = [_gapless(panel, checkpoint) for panel in request.panels]
    if strict and not all(gapless):
        raise gap_error(request, gapless)
    return all(gapless)


def _run(request: Request, gapless: bool | None, checkpoint: Checkpoint | None) -> tuple[list[Floats], tuple[str, ...]]:
    """Return each output as (windows, bars, lanes), and the warnings."""
    panels, windows = list(request.panels), request.windows
    # Each in memory of its own, so that keeping one does not keep them all.
    outputs = [empty((len(windows), *panels[0].shape)) for _ in request.entry.outputs]
    warnings: tuple[str, ...] = ()
    recursive = len(windows) > 1 and request.entry.program(windows[:1]).recursive
    if recursive and gapless and _run_side_by_side(request, outputs, checkpoint):
        return outputs, ()
    at_once = RECURSIVE_WINDOWS_AT_ONCE if recursive else WINDOWS_AT_ONCE
    block_factor = RECURSIVE_BLOCK_FACTOR if recursive and panels[0].shape[1] == 1 else 1
    for at in range(0, len(windows), at_once):
        part = range(at, min(at + at_once, len(windows)))
        program = request.entry.program(windows[part.start : part.stop])
        targets = [output[window] for window in part for output in outputs]
        if gapless is not False:
            check_finite = gapless is None
            gapless = _run_whole(
                program, panels, targets, checkpoint, check_finite=check_finite, block_factor=block_factor
            )
        if gapless:
            _show_back(replace(request, windows=windows[part.start : part.stop]), targets)
        for alike in () if gapless else _tainted_alike(request, part):
            here = replace(request, windows=tuple([windows[window] for window in alike]))
            targets = [output[window] for window in alike for output in outputs]
            warnings = _run_gaps(request.entry.program(here.windows), panels, targets, here, checkpoint)
    return outputs, warnings


def _run_side_by_side(request: Request, outputs: Sequence[Floats], checkpoint: Checkpoint | None) -> bool:
    """Compute a sweep over a gapless single series eight windows at a time; return False if that isn't possible."""
    panels, windows = request.panels, request.windows
    if panels[0].shape[1] != 1 or request.entry.looks_ahead or not all(map(readable_in_place, panels)):
        return False
    # None but the last has a number of windows that eight does not divide, and that one has eight at least.
    edges = [*range(0, max(1, len(windows) - LANES + 1), WINDOWS_AT_ONCE), len(windows)]
    runs = []
    for low, high in pairwise(edges):
        chain = window_chain_of(request.entry, tuple(windows[low:high]))
        if chain is None or not WindowRun(chain, checkpoint=checkpoint).pays(panels[0].shape[0]):
            return False
        runs.append(WindowRun(chain, checkpoint=checkpoint))
    for run, (low, high) in zip(runs, pairwise(edges), strict=True):
        run.advance(panels, [output[low:high] for output in outputs])
    return True


def _show_back(request: Request, targets: Sequence[Floats]) -> None:
    """Move the values of an oscillator that looks ahead to the bars that they are about."""
    if request.entry.looks_ahead:
        for target, ahead in zip(targets, request.ahead_bars, strict=True):
            target[: len(target) - ahead] = target[ahead:]
            target[len(target) - ahead :] = np.nan


def _tainted_alike(request: Request, part: range) -> list[list[int]]:
    """Return the windows of a part of a sweep, those together that go on alike after a gap.

    A window of one bar makes of some recursions a copy, which a gap does not end under the policy taint.
    """
    if request.policy is not GapPolicy.TAINT:
        return [list(part)]
    groups: dict[bool, list[int]] = {}
    for window in part:
        groups.setdefault(request.entry.program((request.windows[window],)).recursive, []).append(window)
    return list(groups.values())


def _gapless(panel: NDArray[np.generic], checkpoint: Checkpoint | None = None) -> bool:
    """Return whether every number of `panel` is finite."""
    if panel.dtype.kind in "iu":
        return True
    rows = max(1, 64 * BLOCK_VALUES // panel.shape[1])
    for at in range(0, panel.shape[0], rows):
        if checkpoint is not None:
            checkpoint()
        if not finite(panel[at : at + rows]):
            return False
    return True


def _run_whole(
    program: Program,
    panels: Sequence[NDArray[np.generic]],
    targets: Sequence[Floats],
    checkpoint: Checkpoint | None,
    *,
    check_finite: bool = False,
    block_factor: int = 1,
) -> bool:
    """Run over whole panels; return False, with outputs that mean nothing, if they were to be finite and are not."""
    fusion = whole_fusion(program, panels, check_finite=check_finite)
    if fusion is not None:
        done = run_fused(program, fusion, panels, targets, checkpoint, check_finite=check_finite)
        if done is not None:
            return done
    absorbed = program.absorbed() if check_finite else frozenset[int]()
    early = program.steady_bar + 1
    if not all(finite(panels[number][:early]) for number in absorbed):
        return False
    checked = [number for number in range(len(panels)) if number not in absorbed] if check_finite else ()
    bars, lanes = panels[0].shape
    run: Run | ChainRun | ColumnRun | None = None
    # Both write to eight places or more at once for each output: several outputs are faster step by step.
    single = len(targets) == 1 and all(map(readable_in_place, panels))
    chain = chain_of(program) if single else None
    if chain is not None:
        run = (
            ChainRun(program, chain, checked=checked, checkpoint=checkpoint)
            if lanes == 1
            else ColumnRun(program, chain, lanes, checked=checked, checkpoint=checkpoint)
        )
        run = run if run.pays(bars) else None
    if run is None:
        fuse = fusion is None
        run = Run(
            program, lanes, whole=True, checkpoint=checkpoint, checked=checked, block_factor=block_factor, fuse=fuse
        )
    with Spent(fusion):
        done = run.advance(panels, targets)
    if not done:
        return False
    # Finite prices can overflow in the state, so it only says when to look.
    return not absorbed or run.finite_state() or all(_gapless(panel, checkpoint) for panel in panels)


def _run_gaps(
    program: Program,
    panels: list[NDArray[np.generic]],
    targets: list[Floats],
    request: Request,
    checkpoint: Checkpoint | None,
) -> tuple[str, ...]:
    """Run each gapless series on its own, many side by side; return the warnings."""
    valid = np.isfinite(panels[0])
    for panel in panels[1:]:
        valid &= np.isfinite(panel)
    for target in targets:
        target.fill(np.nan)
    pieces: list[tuple[int, Rows]] = []
    for column in range(valid.shape[1]):
        pieces.extend(
            (column, rows)
            for rows in series_of(valid[:, column], request.policy, request.max_gap_bars, recursive=program.recursive)
            if rows.size > min(program.lookbacks)
        )
    # Series of like length side by side waste least of the rectangle that holds them.
    pieces.sort(key=lambda piece: piece[1].size)
    for at in range(0, len(pieces), LANES_AT_ONCE):
        _run_packed(program, panels, targets, pieces[at : at + LANES_AT_ONCE], request.ahead_bars, checkpoint)
    return (gap_warning(valid, request.policy),)


def _run_packed(
    program: Program,
    panels: list[NDArray[np.generic]],
    targets: list[Floats],
    pieces: list[tuple[int, Rows]],
    ahead_bars: Sequence[int],
    checkpoint: Checkpoint | None,
) -> None:
    """Run series of unequal length as the columns of one panel, filled up at the end with numbers nobody reads."""
    longest = max(rows.size for _, rows in pieces)
    packed = [np.ones((longest, len(pieces))) for _ in panels]
    for lane, (column, rows) in enumerate(pieces):
        for source, target in zip(panels, packed, strict=True):
            target[: rows.size, lane] = source[rows, column]
        if checkpoint is not None:
            checkpoint()
    results = [np.empty((longest, len(pieces))) for _ in targets]
    _run_whole(program, packed, results, checkpoint)
    for lane, (column, rows) in enumerate(pieces):
        for result, final, ahead in zip(results, targets, ahead_bars, strict=True):
            values = result[ahead : rows.size, lane]
            final[rows[: len(values)], column] = values
        if checkpoint is not None:
            checkpoint()


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What `warm_up` did: oscillators run, kernels ready, and the time it took."""

    oscillators: int
    elapsed_s: float


def warm_up_steps() -> dict[str, Callable[[], object]]:
    """Return, by what they compile or load from the cache, such as ``oscillators.RSI``, the calls that do it."""
    steps: dict[str, Callable[[], object]] = {
        f"oscillators.{entry.name}": partial(_warm_up_one, entry) for entry in OSCILLATORS
    }
    return {**steps, "oscillators.tiles": _warm_up_tiles}


def _warm_up_one(entry: Oscillator) -> None:
    for convention in (Convention.TALIB, *entry.conventions):
        variant = entry.under(convention)
        bars = variant.bars_needed(variant.default_window) + 2
        prices = {name: np.linspace(1.0, 2.0, bars) for name in entry.inputs}
        compute(entry.name, prices, allow_look_ahead=True, convention=convention)


def _warm_up_tiles() -> None:
    """Run what only long series and panels need; the tiles also a short one that cannot be read where it lies."""
    compute("MOM", {"close": np.ones(16, dtype=np.float32)})
    close = np.ones(BLOCK_VALUES + 1)
    compute("RSI", {"close": close}, {"timeperiod": 2})
    compute("TRIX", {"close": np.ones((BLOCK_VALUES // LANES + 1, LANES))}, {"timeperiod": 2})
    compute("RSI", {"close": close}, {"timeperiod": list(range(2, 2 + LANES))}, reducer=Reducer.LAST)


def warm_up(checkpoint: Checkpoint | None = None) -> WarmUp:
    """Compile every kernel that an oscillator uses, or load it from the cache, by running each oscillator.

    Parameters
    ----------
    checkpoint
        Called after each step; may raise to stop.
    """
    begin = time.perf_counter()
    steps = warm_up_steps()
    for step in steps.values():
        step()
        if checkpoint is not None:
            checkpoint()
    return WarmUp(len(OSCILLATORS), time.perf_counter() - begin)

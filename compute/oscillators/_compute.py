"""The function that callers use: validate once, plan the gaps, run the program."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskwave.compute.errors import (
    InputError,
    NotFiniteError,
    SeriesTooShortError,
    ShapeMismatchError,
    TooLargeError,
    UnknownNameError,
)
from riskwave.compute.oscillators import _kernels
from riskwave.compute.oscillators._catalogue import OSCILLATORS, Oscillator
from riskwave.compute.oscillators._gaps import GapPolicy, Rows, series_of
from riskwave.compute.oscillators._program import BLOCK_VALUES, Program, Run
from riskwave.compute.registry import Value, check_params

Floats = NDArray[np.float64]
Checkpoint = Callable[[], None]

MAX_WINDOWS = 10_000
WINDOWS_AT_ONCE = 32  # what they share is computed once, and their working arrays still fit the cache
LANES_AT_ONCE = 1024  # columns with gaps that are packed side by side


@dataclass(frozen=True, slots=True)
class OscillatorResult:
    """What `compute` returns.

    Attributes
    ----------
    outputs
        By name: arrays of the inputs' shape, led by an axis over the windows in a sweep. NaN before the first value and
        wherever an input was missing.
    lookback
        Bars before the first value; in a sweep an array with one entry a window.
    params
        The complete parameters; in a sweep, the swept ones are lists.
    warnings
        What the caller should know about the data, in words.
    """

    outputs: dict[str, Floats]
    lookback: int | NDArray[np.int64]
    params: dict[str, Value | list[Value]]
    warnings: tuple[str, ...]


def compute(
    name: str,
    inputs: Mapping[str, ArrayLike],
    params: Mapping[str, object] | None = None,
    *,
    gap_policy: GapPolicy | str = GapPolicy.HOLD,
    max_gap_bars: int = 0,
    allow_look_ahead: bool = False,
    max_output_bytes: int | None = None,
    checkpoint: Checkpoint | None = None,
) -> OscillatorResult:
    """Compute an oscillator over one series or a panel, with one set of parameters or many.

    Parameters
    ----------
    name
        The oscillator's name, as in ``OSCILLATORS.names()``.
    inputs
        The arrays that it needs, by name: of open, high, low, close, volume. Each is (bars,) or (bars, symbols), all
        of one shape; integers and other floats are accepted and computed in float64.
    params
        Values by name; what is left out takes its default. A list or an array sweeps: all lists have one length, and
        their n-th entries make the n-th window.
    gap_policy
        What follows a bar with a NaN or infinite input: ``hold``, ``restart``, ``taint`` or ``strict``.
    max_gap_bars
        With ``hold``, the longest gap that is bridged; 0 bridges any.
    allow_look_ahead
        Whether an oscillator whose values use later bars may be computed.
    max_output_bytes
        Refuse a request whose outputs would be larger.
    checkpoint
        Called every few milliseconds; may raise to abandon the computation.

    Returns
    -------
    OscillatorResult
        Its `outputs` are float64 and of the inputs' shape, led by the windows in a sweep. A bar with a NaN or infinite
        input is NaN in every output.

    Raises
    ------
    UnknownNameError
        For an unknown oscillator, parameter or input.
    InputError
        For a missing input, a parameter outside its range, an unknown policy, an oscillator that looks ahead.
    ShapeMismatchError
        For inputs of unequal shapes or swept lists of unequal lengths.
    SeriesTooShortError
        For fewer bars than the lookback and one more.
    NotFiniteError
        For a gap under ``strict``.
    TooLargeError
        For more windows or bytes than allowed.

    Examples
    --------
    >>> import numpy as np
    >>> close = np.array([44.0, 45.0, 44.5, 46.0, 47.0, 46.5, 46.0, 48.0])
    >>> result = compute("RSI", {"close": close}, {"timeperiod": 3})
    >>> result.lookback
    3
    >>> result.outputs["real"].round(2)
    array([  nan,   nan,   nan, 83.33, 88.89, 71.11, 54.7 , 81.  ])
    >>> compute("RSI", {"close": close}, {"timeperiod": [2, 3, 4]}).outputs["real"].shape
    (3, 8)
    """
    entry = OSCILLATORS.get(name)
    if entry.looks_ahead and not allow_look_ahead:
        raise InputError("indicator", name, "one whose values use no later bars, unless looking ahead is allowed")
    policy = _check_policy(gap_policy, max_gap_bars)
    windows, swept = _check_windows(entry, {} if params is None else params)
    panels, shape = _check_inputs(entry, inputs)
    lookbacks = np.array([_check_length(entry, window, shape[0]) for window in windows], dtype=np.int64)
    size = len(windows) * len(entry.outputs) * int(np.prod(shape)) * 8
    if max_output_bytes is not None and size > max_output_bytes:
        raise TooLargeError("inputs", f"{size} bytes of outputs", f"at most {max_output_bytes} bytes of outputs")

    gapless = [_gapless(panel, checkpoint) for panel in panels]
    if policy is GapPolicy.STRICT and not all(gapless):
        raise _gap_error(entry, panels, gapless)
    outputs = np.empty((len(entry.outputs), len(windows), panels[0].shape[0], panels[0].shape[1]))
    warnings: tuple[str, ...] = ()
    for at in range(0, len(windows), WINDOWS_AT_ONCE):
        part = slice(at, at + WINDOWS_AT_ONCE)
        program = entry.program(windows[part])
        targets = [
            outputs[output, window] for window in range(*part.indices(len(windows))) for output in range(len(outputs))
        ]
        if all(gapless):
            _run_whole(program, panels, targets, checkpoint)
        else:
            warnings = _run_gaps(program, panels, targets, policy, max_gap_bars, checkpoint)
    leading = (len(windows),) if swept else ()
    return OscillatorResult(
        {label: outputs[i].reshape(leading + shape) for i, label in enumerate(entry.outputs)},
        lookbacks if swept else int(lookbacks[0]),
        _reported_params(entry, windows, swept),
        warnings,
    )


def _check_policy(gap_policy: GapPolicy | str, max_gap_bars: int) -> GapPolicy:
    try:
        policy = GapPolicy(gap_policy)
    except ValueError:
        raise UnknownNameError("gap_policy", str(gap_policy), list(GapPolicy)) from None
    if max_gap_bars < 0 or (max_gap_bars and policy is not GapPolicy.HOLD):
        raise InputError("max_gap_bars", max_gap_bars, "0 or more, and 0 unless the gap policy is hold")
    return policy


def _check_windows(
    entry: Oscillator, params: Mapping[str, object]
) -> tuple[tuple[tuple[Value, ...], ...], frozenset[str]]:
    """Return the parameter values of each window, and the names of the parameters that were lists."""
    lists = {
        label: value.tolist() if isinstance(value, np.ndarray) else list(value)
        for label, value in params.items()
        if isinstance(value, np.ndarray) or (isinstance(value, Sequence) and not isinstance(value, str))
    }
    for label, values in lists.items():
        if not 1 <= len(values) <= MAX_WINDOWS:
            raise TooLargeError(f"params.{label}", f"{len(values)} values", f"1 to {MAX_WINDOWS} values")
    lengths = {label: len(values) for label, values in lists.items()}
    if len(set(lengths.values())) > 1:
        given = ", ".join(f"{label} with {length}" for label, length in sorted(lengths.items()))
        raise ShapeMismatchError("params", given, "lists of one length")
    plain = {label: _unboxed(value) for label, value in params.items()}
    windows = []
    for i in range(max(lengths.values(), default=1)):
        given_here = plain | {label: values[i] for label, values in lists.items()}
        checked = check_params(entry.params, given_here)
        windows.append(tuple(checked[param.name] for param in entry.params))
    return tuple(windows), frozenset(lists)


def _unboxed(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


def _reported_params(
    entry: Oscillator, windows: tuple[tuple[Value, ...], ...], swept: frozenset[str]
) -> dict[str, Value | list[Value]]:
    return {
        param.name: [window[i] for window in windows] if param.name in swept else windows[0][i]
        for i, param in enumerate(entry.params)
    }


def _check_inputs(
    entry: Oscillator, inputs: Mapping[str, ArrayLike]
) -> tuple[list[NDArray[np.generic]], tuple[int, ...]]:
    """Return the inputs as (bars, lanes) without copying them, and the shape in which they came."""
    for label in inputs:
        if label not in entry.inputs:
            raise UnknownNameError("inputs", label, entry.inputs)
    arrays: list[NDArray[np.generic]] = []
    for label in entry.inputs:
        if label not in inputs:
            raise InputError(f"inputs.{label}", "missing", f"given: {entry.name} needs {', '.join(entry.inputs)}")
        array = np.asarray(inputs[label])
        if array.dtype.kind not in "fiu":
            raise InputError(f"inputs.{label}", f"of type {array.dtype}", "an array of real numbers")
        if array.ndim not in {1, 2} or 0 in array.shape:
            raise ShapeMismatchError(
                f"inputs.{label}", f"of shape {array.shape}", "(bars,) or (bars, symbols), not empty"
            )
        if arrays and array.shape != arrays[0].shape:
            wanted = f"of shape {arrays[0].shape}, like {entry.inputs[0]}"
            raise ShapeMismatchError(f"inputs.{label}", f"of shape {array.shape}", wanted)
        arrays.append(array)
    shape = arrays[0].shape
    return [array.reshape(shape[0], -1) for array in arrays], shape


def _check_length(entry: Oscillator, window: tuple[Value, ...], bars: int) -> int:
    params = dict(zip((param.name for param in entry.params), window, strict=True))
    lookback = entry.lookback(params)
    if bars <= lookback:
        written = ", ".join(f"{label}={value}" for label, value in params.items())
        wanted = f"at least {lookback + 1} bars for {entry.name}({written})"
        raise SeriesTooShortError(f"inputs.{entry.inputs[0]}", f"{bars} bars", wanted)
    return lookback


def _gapless(panel: NDArray[np.generic], checkpoint: Checkpoint | None) -> bool:
    """Return whether every number of `panel` is finite."""
    if panel.dtype.kind in "iu":
        return True
    rows = max(1, 64 * BLOCK_VALUES // panel.shape[1])
    for at in range(0, panel.shape[0], rows):
        if checkpoint is not None:
            checkpoint()
        part = panel[at : at + rows]
        if part.dtype == np.float64 and part.flags.c_contiguous and part.flags.writeable:
            finite = _kernels.all_finite(part.reshape(-1).view(np.float64))
        else:
            finite = bool(np.isfinite(part).all())
        if not finite:
            return False
    return True


def _gap_error(entry: Oscillator, panels: list[NDArray[np.generic]], gapless: list[bool]) -> NotFiniteError:
    first = gapless.index(False)
    bar, column = np.argwhere(~np.isfinite(panels[first]))[0]
    value = f"{panels[first][bar, column]} at bar {bar}" + (
        f" of column {column}" if panels[first].shape[1] > 1 else ""
    )
    return NotFiniteError(f"inputs.{entry.inputs[first]}", value, "finite at every bar under the gap policy strict")


def _run_whole(
    program: Program, panels: Sequence[NDArray[np.generic]], targets: Sequence[Floats], checkpoint: Checkpoint | None
) -> None:
    Run(program, panels[0].shape[1], whole=True, checkpoint=checkpoint).advance(panels, targets)


def _run_gaps(
    program: Program,
    panels: list[NDArray[np.generic]],
    targets: list[Floats],
    policy: GapPolicy,
    max_gap_bars: int,
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
            for rows in series_of(valid[:, column], policy, max_gap_bars, recursive=program.recursive)
            if rows.size > min(program.lookbacks)
        )
    # Series of like length side by side waste least of the rectangle that holds them.
    pieces.sort(key=lambda piece: piece[1].size)
    for at in range(0, len(pieces), LANES_AT_ONCE):
        _run_packed(program, panels, targets, pieces[at : at + LANES_AT_ONCE], checkpoint)
    missing = int(valid.size - np.count_nonzero(valid))
    columns = int(np.count_nonzero(~valid.all(axis=0)))
    counted = f"{missing} of {valid.size} bars, in {columns} of {valid.shape[1]} columns"
    return (f"{counted}, have a missing or infinite input and no output; gap policy: {policy}",)


def _run_packed(
    program: Program,
    panels: list[NDArray[np.generic]],
    targets: list[Floats],
    pieces: list[tuple[int, Rows]],
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
        for result, final in zip(results, targets, strict=True):
            final[rows, column] = result[: rows.size, lane]
        if checkpoint is not None:
            checkpoint()


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What `warm_up` did: oscillators run, kernels ready, and the time it took."""

    oscillators: int
    elapsed_s: float


def warm_up(checkpoint: Checkpoint | None = None) -> WarmUp:
    """Compile every kernel that an oscillator uses, or load it from the cache, by running each oscillator once.

    Parameters
    ----------
    checkpoint
        Called after each oscillator; may raise to stop.
    """
    begin = time.perf_counter()
    for entry in OSCILLATORS:
        bars = entry.lookback(entry.defaults()) + 3
        prices = {name: np.linspace(1.0, 2.0, bars) for name in entry.inputs}
        compute(entry.name, prices, allow_look_ahead=True)
        if checkpoint is not None:
            checkpoint()
    return WarmUp(len(OSCILLATORS), time.perf_counter() - begin)

"""Validates what a caller asks for, once and before anything is allocated."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

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
from riskwave.compute.oscillators._catalogue import OSCILLATORS, Convention, Oscillator
from riskwave.compute.oscillators._gaps import GapPolicy
from riskwave.compute.oscillators._reducers import Reducer, check_reducer
from riskwave.compute.registry import Value, check_params

Floats = NDArray[np.float64]
Checkpoint = Callable[[], None]

MAX_WINDOWS = 10_000


_PLAIN = frozenset({int, float, str})


@dataclass(slots=True)
class Request:
    """A valid request: inputs as (bars, lanes), and the values of the parameters for each window."""

    entry: Oscillator
    panels: tuple[NDArray[np.generic], ...]
    shape: tuple[int, ...]
    windows: tuple[tuple[Value, ...], ...]
    lookbacks: tuple[int, ...]
    swept: frozenset[str]
    policy: GapPolicy
    max_gap_bars: int
    reducer: Reducer | None = None

    @property
    def ahead_bars(self) -> list[int]:
        """For each output of each window, how many bars back it is shown."""
        return [self.entry.ahead_bars(window) for window in self.windows for _ in self.entry.outputs]

    @property
    def output_bytes(self) -> int:
        """Size of all outputs together."""
        values = math.prod(self.shape if self.reducer is None else self.shape[1:])
        return 8 * values * len(self.windows) * len(self.entry.outputs)

    def reported_params(self) -> dict[str, Value | list[Value]]:
        """Return the complete parameters; the swept ones are lists."""
        if not self.swept:
            return dict(zip(self.entry.param_names, self.windows[0], strict=True))
        return {
            param.name: [window[i] for window in self.windows] if param.name in self.swept else self.windows[0][i]
            for i, param in enumerate(self.entry.params)
        }


def check_request(
    name: str,
    inputs: Mapping[str, ArrayLike],
    params: Mapping[str, object] | None,
    gap_policy: GapPolicy | str,
    max_gap_bars: int,
    allow_look_ahead: bool,
    max_output_bytes: int | None,
    convention: Convention | str = Convention.TALIB,
    reducer: Reducer | str | None = None,
) -> Request:
    """Return the request, or raise what `compute` documents."""
    entry = OSCILLATORS.get(name).under(convention)
    if entry.looks_ahead and not allow_look_ahead:
        allowed = "one whose values use no later bars, unless the request says allow_look_ahead"
        raise InputError("indicator", name, allowed)
    policy = check_policy(gap_policy, max_gap_bars)
    reduced = None if reducer is None else check_reducer(reducer, entry)
    windows, swept = _check_windows(entry, {} if params is None else params)
    panels, shape = _check_inputs(entry, inputs)
    lookbacks = tuple([_check_length(entry, window, shape[0]) for window in windows])
    request = Request(entry, panels, shape, windows, lookbacks, swept, policy, max_gap_bars, reduced)
    if max_output_bytes is not None and request.output_bytes > max_output_bytes:
        size = f"{request.output_bytes} bytes of outputs"
        less = "ask for fewer bars or windows, or let a reducer return one number for each window"
        raise TooLargeError("inputs", size, f"at most {max_output_bytes} bytes of outputs: {less}")
    return request


def check_policy(gap_policy: GapPolicy | str, max_gap_bars: int) -> GapPolicy:
    """Return the gap policy, or raise what is wrong with it."""
    try:
        policy = gap_policy if isinstance(gap_policy, GapPolicy) else GapPolicy(gap_policy)
    except ValueError:
        raise UnknownNameError("gap_policy", str(gap_policy), list(GapPolicy)) from None
    if max_gap_bars < 0 or (max_gap_bars and policy is not GapPolicy.HOLD):
        raise InputError("max_gap_bars", max_gap_bars, "0 or more, and 0 unless the gap policy is hold")
    return policy


def _check_windows(
    entry: Oscillator, params: Mapping[str, object]
) -> tuple[tuple[tuple[Value, ...], ...], frozenset[str]]:
    """Return the parameter values of each window, and the names of the parameters that were lists."""
    for value in params.values():
        if type(value) not in _PLAIN:
            return _check_any_windows(entry, params)
    return _check_plain_window(entry, tuple(params), *params.values())


# By type too, as 14.0 and True are other parameters than the equal 14 and 1. Errors are not kept.
@lru_cache(maxsize=1024, typed=True)
def _check_plain_window(
    entry: Oscillator, names: tuple[str, ...], *values: Value
) -> tuple[tuple[tuple[Value, ...], ...], frozenset[str]]:
    return _check_any_windows(entry, dict(zip(names, values, strict=True)))


def _check_any_windows(
    entry: Oscillator, params: Mapping[str, object]
) -> tuple[tuple[tuple[Value, ...], ...], frozenset[str]]:
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
    first = check_params(entry.params, plain | {label: values[0] for label, values in lists.items()})
    count = max(lengths.values(), default=1)
    columns = [
        [param.check(value, f"params.{param.name}") for value in lists[param.name]]
        if param.name in lists
        else [first[param.name]] * count
        for param in entry.params
    ]
    return tuple(zip(*columns, strict=True)) if columns else ((),), frozenset(lists)


def _unboxed(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


def _check_inputs(
    entry: Oscillator, inputs: Mapping[str, ArrayLike]
) -> tuple[tuple[NDArray[np.generic], ...], tuple[int, ...]]:
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
        if array.ndim not in {1, 2} or not array.size:
            raise ShapeMismatchError(
                f"inputs.{label}", f"of shape {array.shape}", "(bars,) or (bars, symbols), not empty"
            )
        if arrays and array.shape != arrays[0].shape:
            wanted = f"of shape {arrays[0].shape}, like {entry.inputs[0]}"
            raise ShapeMismatchError(f"inputs.{label}", f"of shape {array.shape}", wanted)
        arrays.append(array)
    shape = arrays[0].shape
    return tuple([array.reshape(shape[0], -1) for array in arrays]), shape


def _check_length(entry: Oscillator, window: tuple[Value, ...], bars: int) -> int:
    needed = entry.bars_needed(window)
    if bars < needed:
        params = dict(zip(entry.param_names, window, strict=True))
        written = ", ".join(f"{label}={value}" for label, value in params.items())
        wanted = f"at least {needed} bars for {entry.name}({written})"
        raise SeriesTooShortError(f"inputs.{entry.inputs[0]}", f"{bars} bars", wanted)
    return needed - 1 - entry.ahead_bars(window)


def gap_error(request: Request, gapless: Sequence[bool]) -> NotFiniteError:
    """Return the error that names the first gap, for the gap policy strict."""
    first = gapless.index(False)
    panel = request.panels[first]
    bar, column = np.argwhere(~np.isfinite(panel))[0]
    value = f"{panel[bar, column]} at bar {bar}" + (f" of column {column}" if panel.shape[1] > 1 else "")
    return NotFiniteError(
        f"inputs.{request.entry.inputs[first]}", value, "finite at every bar under the gap policy strict"
    )

"""A panel cut into tiles of columns, computed apart and put together again: the bits of the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.oscillators._compute import OscillatorResult, SharedWindows, compute
from riskwave.compute.oscillators._gaps import GapPolicy, gap_warning
from riskwave.compute.oscillators._memory import empty
from riskwave.compute.oscillators._reducers import Reducer, fractional_rank
from riskwave.compute.oscillators._request import Checkpoint, Floats, Request, check_request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class ColumnWork:
    """What is computed of every tile: the arguments of `compute`, without the bars."""

    name: str
    params: Mapping[str, object]
    gap_policy: str
    max_gap_bars: int
    allow_look_ahead: bool
    convention: str
    #: Empty for every bar.
    reducer: str


@dataclass(frozen=True, slots=True)
class ColumnTile:
    """Some columns of every input, each (bars, columns), and which tile it is."""

    index: int
    inputs: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class TileResult:
    """What came of a tile."""

    index: int
    result: OscillatorResult


def check_columns(work: ColumnWork, inputs: Mapping[str, Floats], max_output_bytes: int) -> int:
    """Refuse what `compute` would refuse of the whole panel; return the size of the outputs in bytes."""
    return _request(work, inputs, max_output_bytes).output_bytes


def _request(work: ColumnWork, inputs: Mapping[str, Floats], max_output_bytes: int | None = None) -> Request:
    return check_request(
        work.name,
        inputs,
        work.params,
        work.gap_policy,
        work.max_gap_bars,
        work.allow_look_ahead,
        max_output_bytes,
        work.convention,
        work.reducer or None,
    )


def share_windows(
    work: ColumnWork, inputs: Mapping[str, Floats], threads: int, checkpoint: Checkpoint | None = None
) -> SharedWindows:
    """Return the windows of a sweep in parts for so many threads."""
    return SharedWindows(_request(work, inputs), threads, checkpoint)


def cut_columns(inputs: Mapping[str, Floats], count: int) -> list[ColumnTile]:
    """Return at most `count` tiles of nearly equal width, in order, views of arrays of shape (bars, columns)."""
    columns = next(iter(inputs.values())).shape[1]
    count = min(count, columns)
    edges = [columns * i // count for i in range(count + 1)]
    return [
        ColumnTile(i, {name: panel[:, edges[i] : edges[i + 1]] for name, panel in inputs.items()}) for i in range(count)
    ]


def compute_whole(
    work: ColumnWork, inputs: Mapping[str, Floats], checkpoint: Checkpoint | None = None
) -> OscillatorResult:
    """Compute all columns at once."""
    return _compute(work, inputs, work.reducer or None, checkpoint)


def compute_tile(work: ColumnWork, tile: ColumnTile, checkpoint: Checkpoint | None = None) -> TileResult:
    """Compute one tile. Ranks are among all columns: of a tile, the last values come back."""
    reducer = Reducer.LAST if work.reducer == Reducer.RANK else work.reducer or None
    return TileResult(tile.index, _compute(work, tile.inputs, reducer, checkpoint))


def _compute(
    work: ColumnWork, inputs: Mapping[str, Floats], reducer: str | None, checkpoint: Checkpoint | None
) -> OscillatorResult:
    return compute(
        work.name,
        inputs,
        work.params,
        gap_policy=work.gap_policy,
        max_gap_bars=work.max_gap_bars,
        allow_look_ahead=work.allow_look_ahead,
        convention=work.convention,
        reducer=reducer,
        checkpoint=checkpoint,
    )


def join_columns(work: ColumnWork, inputs: Mapping[str, Floats], results: Sequence[TileResult]) -> OscillatorResult:
    """Return the result of the whole panel `inputs`, of those of every tile in any order."""
    ordered = [one.result for one in sorted(results, key=lambda one: one.index)]
    first = ordered[0]
    outputs = {name: _beside([one.outputs[name] for one in ordered]) for name in first.outputs}
    if work.reducer == Reducer.RANK:
        outputs = {
            name: fractional_rank(values.reshape(-1, values.shape[-1])).reshape(values.shape)
            for name, values in outputs.items()
        }
    warnings: tuple[str, ...] = ()
    if any(one.warnings for one in ordered):
        valid = np.logical_and.reduce([np.isfinite(panel) for panel in inputs.values()])
        warnings = (gap_warning(valid, GapPolicy(work.gap_policy)),)
    return OscillatorResult(outputs, first.lookback, first.params, warnings, first.convention)


def _beside(parts: list[Floats]) -> Floats:
    """Return arrays that differ in their last axis only as one."""
    whole = empty((*parts[0].shape[:-1], sum(part.shape[-1] for part in parts)))
    return np.concatenate(parts, axis=-1, out=whole)

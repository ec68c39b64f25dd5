"""Cutting a simulation into chunks, and simulating one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.errors import TooLargeError
from riskwave.compute.montecarlo.fan import FAN_PATHS, fan_days
from riskwave.compute.montecarlo.model import MODELS, PathBlock, law_of, step_count_of
from riskwave.compute.montecarlo.path_state import LANES, RESULTS, PathSink
from riskwave.compute.montecarlo.sobol import SOBOL_NS
from riskwave.compute.montecarlo.sobol_paths import SOBOL_PATHS_UNIT
from riskwave.compute.montecarlo.spec import EXACT_PATHS_MAX
from riskwave.compute.montecarlo.tally import Counts, count_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.spec import SimulationSpec

CHUNK_S: Final = 0.03
"""Aimed time of one chunk on one core, so that one on a slower machine still ends within 50 ms."""

FIRST_BOUNDARY: Final = 8_192
"""Paths after which a precision target is looked at for the first time."""

CHUNK_PATHS_MAX: Final = 1 << 18
"""Paths of a chunk at most, so that it needs no more than 8 MB for its results."""

CHUNKS_MAX: Final = 500_000
"""Most chunks of a plan: about four hours on one core."""

_COUNT_NS: Final = 60.0
"""Time to count the results of one path, beside simulating it."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive paths that one call simulates: `index` in the plan, `first_path`, and `path_count`."""

    index: int
    first_path: int
    path_count: int


@dataclass(frozen=True, eq=False, slots=True)
class ChunkResult:
    """What is kept of a chunk's paths.

    Parameters
    ----------
    chunk
        The chunk.
    results
        Shape (4, paths): final return, annualised volatility, maximum drawdown (negative), annualised Sharpe ratio; or
        (1, paths) of a simulation that keeps only the ends.
    fan
        Shape (fan days, columns): wealth of those of the chunk's paths of which the fan is made.
    asset_paths
        Shape (columns, days + 1, assets): the assets' values along those of the chunk's paths that are kept whole.
    counts
        For each row what `tally` keeps of it, in place of the results, which have no column then: of a simulation of
        more than `EXACT_PATHS_MAX` paths.
    """

    chunk: Chunk
    results: NDArray[np.float64]
    fan: NDArray[np.float64]
    asset_paths: NDArray[np.float64]
    counts: tuple[Counts, ...] = ()


def plan_chunks(spec: SimulationSpec) -> tuple[Chunk, ...]:
    """Return the chunks of a valid simulation in path order: a function of the request alone.

    Every chunk but the last is a whole number of blocks of paths, unless a single block would take too long.

    Examples
    --------
    >>> from riskwave.compute.montecarlo.spec import SimulationSpec
    >>> spec = SimulationSpec(mean=[0.0], covariance=[[0.0001]], weights=[1.0], paths=100_000)
    >>> chunks = plan_chunks(spec)
    >>> chunks[0].first_path, chunks[-1].first_path + chunks[-1].path_count
    (0, 100000)
    """
    size, unit = _chunk_paths(spec)
    _check_count(spec, size)
    return cut_paths(size, boundaries(spec), unit)


def cut_paths(size: int, ends: tuple[int, ...], unit: int) -> tuple[Chunk, ...]:
    """Return chunks of at most `size` paths, one of which ends at each of the ascending `ends`.

    Those up to one end are alike, in multiples of `unit`, and an even number of them where that is possible, so that
    two threads, or four, end together.

    Examples
    --------
    >>> [(chunk.first_path, chunk.path_count) for chunk in cut_paths(64, (80, 200, 208), 2)]
    [(0, 40), (40, 40), (80, 60), (140, 60), (200, 8)]
    """
    chunks: list[Chunk] = []
    first = 0
    for end in ends:
        share = _share(size, end - first, unit)
        while first < end:
            count = min(share, end - first)
            chunks.append(Chunk(len(chunks), first, count))
            first += count
    return tuple(chunks)


def _share(size: int, paths: int, unit: int) -> int:
    """Return the paths of each chunk of some; what takes less than a quarter of a chunk's time is not cut."""
    if 4 * paths <= size:
        return paths
    count = -(-paths // size)
    count += count % 2
    return -(-paths // (count * unit)) * unit


def check_plan(spec: SimulationSpec) -> None:
    """Refuse a simulation that would be cut into more than `CHUNKS_MAX` chunks, without cutting it.

    Raises
    ------
    TooLargeError
        With the number of paths of this horizon and these assets that would do.
    """
    _check_count(spec, _chunk_paths(spec)[0])


def _check_count(spec: SimulationSpec, size: int) -> None:
    if spec.paths > size * CHUNKS_MAX:
        allowed = f"at most {size * CHUNKS_MAX} with {spec.horizon_days} days and {np.size(spec.weights)} assets"
        raise TooLargeError("paths", spec.paths, allowed)


def step_ns(spec: SimulationSpec) -> float:
    """Return the time of one path and step on one core."""
    law, model = law_of(spec), MODELS.get(spec.model)
    quasi = model.sobol if spec.sampling == "sobol" else None
    return model.path_step_ns(law) + (SOBOL_NS * quasi.shocks(law) if quasi is not None else 0.0)


def boundaries(spec: SimulationSpec) -> tuple[int, ...]:
    """Return the numbers of paths at which a precision target is looked at: doubling, and the last one all paths.

    Without a target there is only the last. Chunks end there, so what has been simulated up to a boundary is complete.
    """
    return (spec.paths,) if spec.target is None else doubling_boundaries(spec.paths)


def doubling_boundaries(paths: int) -> tuple[int, ...]:
    """Return `FIRST_BOUNDARY` doubled again and again below `paths`, and `paths`."""
    steps = []
    boundary = FIRST_BOUNDARY
    while boundary < paths:
        steps.append(boundary)
        boundary *= 2
    return (*steps, paths)


def chunk_count(spec: SimulationSpec) -> int:
    """Return the number of chunks of the plan, without making it."""
    (size, unit), first, count = _chunk_paths(spec), 0, 0
    for boundary in boundaries(spec):
        count += -(-(boundary - first) // _share(size, boundary - first, unit))
        first = boundary
    return count


def _chunk_paths(spec: SimulationSpec) -> tuple[int, int]:
    """Return the most paths of a chunk, and the unit of which they are a multiple."""
    path_s = 1e-9 * step_count_of(spec) * step_ns(spec)
    if spec.paths > EXACT_PATHS_MAX:
        path_s += 1e-9 * _COUNT_NS
    paths = min(int(CHUNK_S / path_s), CHUNK_PATHS_MAX)
    unit = LANES if paths >= LANES else 2
    if spec.sampling == "sobol":
        unit = SOBOL_PATHS_UNIT
    return max(paths - paths % unit, unit), unit


def results_of(spec: SimulationSpec) -> tuple[str, ...]:
    """Return what is kept of every path."""
    return RESULTS[:1] if spec.terminal_only else RESULTS


def simulate_chunk(spec: SimulationSpec, chunk: Chunk) -> ChunkResult:
    """Simulate one chunk of a valid simulation; the result depends on nothing else."""
    return _simulate(spec, chunk, _columns(spec.sample_paths, chunk))


def _simulate(spec: SimulationSpec, chunk: Chunk, kept: int) -> ChunkResult:
    """Simulate a chunk and keep the assets' values along its first `kept` paths."""
    law = law_of(spec)
    steps = step_count_of(spec)
    step_days = spec.horizon_days // steps
    days = fan_days(spec)
    flow_days, flow_amounts = _flows(spec)
    sink = PathSink(
        results=np.empty((len(results_of(spec)), chunk.path_count)),
        # After the last of them kernels look for one more: 0, which no day is.
        fan_days=np.append(days // step_days, 0),
        fan=np.empty((len(days), _columns(FAN_PATHS, chunk))),
        flow_days=flow_days,
        flow_amounts=flow_amounts,
        asset_paths=np.empty((kept, spec.horizon_days + 1 if kept else 0, len(law.weights))),
    )
    model = MODELS.get(spec.model)
    fill = model.sobol.simulate if spec.sampling == "sobol" and model.sobol is not None else model.simulate
    fill(spec, law, PathBlock(chunk.first_path, steps, step_days, sink))
    if spec.paths <= EXACT_PATHS_MAX:
        return ChunkResult(chunk, sink.results, sink.fan, sink.asset_paths)
    levels: tuple[tuple[float, ...], ...] = (spec.return_thresholds, *((),) * (len(sink.results) - 1))
    counts = tuple(count_values(row, wanted) for row, wanted in zip(sink.results, levels, strict=True))
    return ChunkResult(chunk, sink.results[:, :0], sink.fan, sink.asset_paths, counts)


def simulate_path(spec: SimulationSpec, path: int) -> ChunkResult:
    """Simulate one path of a valid simulation alone: the same bits as in the whole.

    The assets' values come with it, whether the simulation asks for them or not, but for one that is collapsed or keeps
    only the ends: there nobody knows them.

    Parameters
    ----------
    spec
        The simulation.
    path
        Index of the path, from 0.

    Examples
    --------
    >>> from riskwave.compute.montecarlo.spec import SimulationSpec
    >>> spec = SimulationSpec(
    ...     mean=[0.0, 0.0], covariance=[[1e-4, 0.0], [0.0, 4e-4]], weights=[0.5, 0.5], paths=1000, mode="full"
    ... )
    >>> alone = simulate_path(spec, 7)
    >>> alone.asset_paths.shape
    (1, 253, 2)
    """
    known = law_of(spec).mode == "full" and not spec.terminal_only
    return _simulate(spec, Chunk(0, path, 1), 1 if known else 0)


def _columns(count: int, chunk: Chunk) -> int:
    """Return how many of a chunk's paths are among the first `count`."""
    return min(max(count - chunk.first_path, 0), chunk.path_count)


def _flows(spec: SimulationSpec) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the days on which something is paid, ascending, and how much in all; those of one day in their order."""
    amounts: dict[int, float] = {}
    for flow in spec.cash_flows:
        amounts[flow.day] = amounts.get(flow.day, 0.0) + flow.amount
    days = sorted(amounts)
    return np.array(days, dtype=np.int64), np.array([amounts[day] for day in days], dtype=np.float64)

"""Oscillators of large requests in parts, by several threads or the cluster: the bits of one computation."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from riskwave.compute import oscillators
from riskwave.server.chunk_runner import cluster_warning
from riskwave.server.cluster import ClusterLostError
from riskwave.server.cluster.cluster import TASK_CHUNKS_MIN

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.result_warning import ResultWarning
    from riskwave.server.call import Call
    from riskwave.server.runtime import Runtime

    Piece = tuple[oscillators.ColumnWork, Mapping[str, NDArray[np.float64]]]

_log = structlog.get_logger("riskwave.server.indicator_tiles")

THREADS_VALUES_MIN = 1 << 20
"""Values (bars x symbols x windows) from which threads share the work; a hop to a thread takes as long as 50,000."""
THREADS_WINDOWS_MIN = 2
"""Windows from which threads share an indicator's columns: those of one take as long to join as to compute."""
THREADS_PARTS_MIN = 2
"""Windows a thread from which threads share the windows themselves, whose parts need no joining."""


@dataclass(slots=True)
class TiledResults:
    """The result of each call of a request, and where it was computed."""

    results: list[oscillators.OscillatorResult]
    #: 0 when the server's threads did it.
    cluster_workers: int = 0
    warnings: list[ResultWarning] = field(default_factory=list)


class IndicatorTiles:
    """Computes large requests by several threads, or on the cluster where that pays."""

    def __init__(self, runtime: Runtime) -> None:
        self._cluster = runtime.cluster
        self._pool = runtime.pool
        self._threshold = runtime.settings.dask.threshold_indicator_values

    def pays(self, values: int, policy: str) -> bool:
        """Return whether to share the work of so many values.

        A strict policy names the first gap of the whole panel, which no tile knows.
        """
        fewest = min(THREADS_VALUES_MIN, self._threshold) if self._cluster.enabled else THREADS_VALUES_MIN
        return values >= fewest and policy != oscillators.GapPolicy.STRICT

    async def compute(self, pieces: Sequence[Piece], values: int, call: Call) -> TiledResults:
        """Return the result of each piece; all are valid, and have `values` values together."""
        begin_s = time.perf_counter()
        warnings: list[ResultWarning] = []
        try:
            if self._cluster.enabled and values >= self._threshold and all(map(_is_short, pieces)):
                if self._cluster.usable:
                    workers = self._cluster.worker_count
                    try:
                        return TiledResults([await self._on_cluster(*piece, call) for piece in pieces], workers)
                    except ClusterLostError as error:
                        warnings.append(_note_loss("a part", str(error)))
                else:
                    warnings.append(_note_loss("nothing", self._cluster.health.detail or "it has not started yet"))
            # No more than there are threads, so that other callers' work finds its place between.
            places = asyncio.Semaphore(self._pool.thread_count)
            results = await asyncio.gather(*[self._in_threads(*piece, call, places) for piece in pieces])
            return TiledResults(results, warnings=warnings)
        finally:
            call.compute_s += time.perf_counter() - begin_s

    async def _on_cluster(
        self, work: oscillators.ColumnWork, inputs: Mapping[str, NDArray[np.float64]], call: Call
    ) -> oscillators.OscillatorResult:
        count = TASK_CHUNKS_MIN * self._cluster.worker_count
        done = []
        async with aclosing(
            self._cluster.compute("oscillators", work, oscillators.cut_columns(inputs, count))
        ) as coming:
            async for one in coming:
                call.token.check()
                done.append(one)
        return await self._pool.copy(oscillators.join_columns, work, inputs, done)

    async def _in_threads(
        self,
        work: oscillators.ColumnWork,
        inputs: Mapping[str, NDArray[np.float64]],
        call: Call,
        places: asyncio.Semaphore,
    ) -> oscillators.OscillatorResult:
        pool, check = self._pool, call.token.check
        if _windows(work) >= THREADS_PARTS_MIN * pool.thread_count > THREADS_PARTS_MIN:
            return await self._share_windows(work, inputs, call, places)
        if not _columns(inputs) >= 2 * pool.thread_count > 2 or _windows(work) < THREADS_WINDOWS_MIN:
            async with places:
                return await pool.run_slice(call, oscillators.compute_whole, work, inputs, check)

        async def compute_tile(tile: oscillators.ColumnTile) -> oscillators.TileResult:
            async with places:
                return await pool.run_slice(call, oscillators.compute_tile, work, tile, check)

        tiles = oscillators.cut_columns(inputs, pool.thread_count)
        done = await asyncio.gather(*map(compute_tile, tiles))
        return await pool.copy(oscillators.join_columns, work, inputs, done)

    async def _share_windows(
        self,
        work: oscillators.ColumnWork,
        inputs: Mapping[str, NDArray[np.float64]],
        call: Call,
        places: asyncio.Semaphore,
    ) -> oscillators.OscillatorResult:
        """Compute the windows of a sweep in parts, each of which writes to its place in the results."""
        pool, check = self._pool, call.token.check
        async with places:
            shared = await pool.run_slice(call, oscillators.share_windows, work, inputs, pool.thread_count, check)

        async def compute_part(part: range) -> None:
            async with places:
                await pool.run_slice(call, shared.compute, part, check)

        await asyncio.gather(*map(compute_part, shared.parts))
        return shared.result()


def _is_short(piece: Piece) -> bool:
    """Return whether what comes back is much less than what is sent.

    Every bar of every window would take longer to come back than to compute: 2.5 million prices were computed in 1 ms
    and sent in 20.
    """
    work, inputs = piece
    return bool(work.reducer) and _columns(inputs) > 1


def _columns(inputs: Mapping[str, NDArray[np.float64]]) -> int:
    return min([array.shape[1] if array.ndim > 1 else 1 for array in inputs.values()], default=1)


def _windows(work: oscillators.ColumnWork) -> int:
    return max([len(value) for value in work.params.values() if isinstance(value, list)], default=1)


def _note_loss(done: str, why: str) -> ResultWarning:
    _log.warning("computed without the cluster", kind="oscillators", why=why)
    return cluster_warning(done, why)

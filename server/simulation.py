"""Where a simulation runs and how its chunks come back: the same bits from threads and from the cluster."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from riskwave.compute.montecarlo import estimate_cost, plan_chunks, simulate_chunk
from riskwave.compute.result_warning import ResultWarning
from riskwave.server.cluster import ClusterLostError
from riskwave.v1 import meta_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from riskwave.compute.montecarlo import Chunk, ChunkResult, SimulationSpec
    from riskwave.server.call import Call
    from riskwave.server.runtime import Runtime

_log = structlog.get_logger("riskwave.server.simulation")


@dataclass(slots=True)
class SimulationRun:
    """One simulation while it runs.

    Parameters
    ----------
    spec
        A valid specification.
    chunks
        Its plan.
    wanted
        Where the caller wants it; unspecified lets the size decide.
    results
        What has come, by the chunk's index.
    placement, worker_count
        Where it runs.
    warnings
        What the caller should know about where it ran.
    """

    spec: SimulationSpec
    chunks: tuple[Chunk, ...]
    wanted: meta_pb2.Placement.ValueType
    results: dict[int, ChunkResult] = field(default_factory=dict)
    placement: meta_pb2.Placement.ValueType = meta_pb2.PLACEMENT_SERVER
    worker_count: int = 0
    warnings: list[ResultWarning] = field(default_factory=list)

    def missing(self) -> list[Chunk]:
        """Return the chunks that have not come, in plan order."""
        return [chunk for chunk in self.chunks if chunk.index not in self.results]

    def prefix(self) -> list[ChunkResult]:
        """Return the results from the first chunk to the first that is missing."""
        prefix: list[ChunkResult] = []
        while len(prefix) in self.results:
            prefix.append(self.results[len(prefix)])
        return prefix

    @property
    def paths_done(self) -> int:
        """Paths of the results that have come."""
        return sum(result.chunk.path_count for result in self.results.values())


class SimulationRunner:
    """Runs simulations in the server's threads or on the cluster."""

    def __init__(self, runtime: Runtime) -> None:
        self._pool = runtime.pool
        self._cluster = runtime.cluster
        self._threshold = runtime.settings.dask.threshold_path_steps

    def place(self, spec: SimulationSpec, wanted: meta_pb2.Placement.ValueType) -> meta_pb2.Placement.ValueType:
        """Return where a simulation is to run: where the caller wants it, or by its size."""
        if not self._cluster.enabled:
            return meta_pb2.PLACEMENT_SERVER
        if wanted != meta_pb2.PLACEMENT_UNSPECIFIED:
            return wanted
        large = estimate_cost(spec).path_steps >= self._threshold
        return meta_pb2.PLACEMENT_CLUSTER if large else meta_pb2.PLACEMENT_SERVER

    async def run(
        self, spec: SimulationSpec, wanted: meta_pb2.Placement.ValueType, call: Call
    ) -> AsyncIterator[SimulationRun]:
        """Run a valid simulation; yields the run after each chunk, the last time when all have come.

        What the cluster does not deliver is computed here, and reported: the numbers are the same.
        """
        begin_s = time.perf_counter()
        chunks = await self._pool.copy(plan_chunks, spec)
        run = SimulationRun(spec, chunks, wanted)
        run.placement = self.place(spec, wanted)
        if wanted == meta_pb2.PLACEMENT_CLUSTER and run.placement != wanted:
            self._note_loss(run, "the server has none")
        if run.placement == meta_pb2.PLACEMENT_CLUSTER and not await self._cluster_comes(spec, wanted):
            self._note_loss(run, self._cluster.health.detail or "it is not there")
            run.placement = meta_pb2.PLACEMENT_SERVER
        started_s = time.perf_counter()
        if run.placement == meta_pb2.PLACEMENT_CLUSTER:
            run.worker_count = self._cluster.worker_count
            try:
                async for result in self._cluster.simulate(spec, chunks):
                    run.results[result.chunk.index] = result
                    yield run
            except ClusterLostError as error:
                self._note_loss(run, str(error))
        missing = run.missing()
        if missing:
            run.placement = meta_pb2.PLACEMENT_SERVER
            run.worker_count = min(self._pool.thread_count, len(missing))
            async for result in self._in_threads(spec, missing, call):
                run.results[result.chunk.index] = result
                yield run
        call.queue_s += started_s - begin_s
        call.compute_s += time.perf_counter() - started_s

    async def _cluster_comes(self, spec: SimulationSpec, wanted: meta_pb2.Placement.ValueType) -> bool:
        """Wait for a cluster that is starting; no longer than the work would take here, unless it is asked for."""
        limit_s = self._cluster.settings.start_timeout_s
        if wanted == meta_pb2.PLACEMENT_UNSPECIFIED:
            limit_s = min(limit_s, estimate_cost(spec).core_seconds / self._pool.thread_count)
        return await self._cluster.wait_until_usable(limit_s)

    def _note_loss(self, run: SimulationRun, why: str) -> None:
        _log.warning("simulation without the cluster", why=why, chunks_missing=len(run.missing()))
        message = (
            f"the cluster was not used to the end ({why}); the server's own threads computed, with the same numbers"
        )
        run.warnings.append(ResultWarning("CLUSTER_UNAVAILABLE", message, "spec.placement"))

    async def _in_threads(
        self, spec: SimulationSpec, chunks: Sequence[Chunk], call: Call
    ) -> AsyncIterator[ChunkResult]:
        """Yield results as they come. A chunk is a slice: cancellation is looked at before each."""
        waiting = list(chunks)[::-1]
        running: set[asyncio.Task[ChunkResult]] = set()
        try:
            while waiting or running:
                while waiting and len(running) < self._pool.thread_count:
                    running.add(asyncio.ensure_future(self._pool.run_slice(call, simulate_chunk, spec, waiting.pop())))
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    yield each.result()
        finally:
            for each in running:
                each.cancel()
            await asyncio.gather(*running, return_exceptions=True)

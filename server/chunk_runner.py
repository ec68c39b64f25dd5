"""Where work in chunks runs and how it comes back: the same bits from threads and from the cluster."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import structlog

from riskwave.compute.montecarlo import estimate_cost, plan_chunks, simulate_chunk, summing
from riskwave.compute.result_warning import ResultWarning
from riskwave.server.cluster import ClusterLostError
from riskwave.v1 import meta_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from riskwave.compute.montecarlo import Chunk, ChunkResult, SimulationSpec
    from riskwave.server.call import Call
    from riskwave.server.runtime import Runtime

_log = structlog.get_logger("riskwave.server.chunk_runner")


class ChunkOutcome(Protocol):
    """What a chunk's computation returns: it knows its chunk."""

    @property
    def chunk(self) -> Chunk:
        """The chunk."""


class WorkCost(Protocol):
    """What decides where work runs."""

    @property
    def path_steps(self) -> int:
        """Paths times steps times simulated factors."""

    @property
    def core_seconds(self) -> float:
        """Time on one core."""


S = TypeVar("S")
"""A specification."""
R = TypeVar("R", bound=ChunkOutcome)
"""A chunk's result."""


class Sum(Protocol[R]):
    """Takes in results as they come, so that they need not all be kept."""

    def add(self, result: R, /) -> R:
        """Take one in and return what is left to be remembered of it."""


def _keep_all(_spec: object) -> None:
    return None


def cluster_warning(done: str, why: str, field: str = "") -> ResultWarning:
    """Return what tells a caller that the cluster did not do all of the work."""
    message = f"the cluster computed {done} of this ({why}); the server's own threads did, with the same numbers"
    return ResultWarning("CLUSTER_UNAVAILABLE", message, field)


@dataclass(frozen=True, slots=True)
class Work(Generic[S, R]):
    """A kind of work that is cut into chunks.

    Parameters
    ----------
    kind
        Its name on the cluster, one of `cluster.tasks.KINDS`.
    plan
        The chunks of a valid specification, a function of the specification alone.
    compute
        One chunk.
    cost
        What the whole costs.
    placement_field
        The request's field that says where to run.
    sum_up
        What takes results in as they come; None where all are kept.
    """

    kind: str
    plan: Callable[[S], tuple[Chunk, ...]]
    compute: Callable[[S, Chunk], R]
    cost: Callable[[S], WorkCost]
    placement_field: str = "spec.placement"
    sum_up: Callable[[S], Sum[R] | None] = _keep_all


SIMULATION: Work[SimulationSpec, ChunkResult] = Work(
    "simulate", plan_chunks, simulate_chunk, estimate_cost, sum_up=summing
)


@dataclass(slots=True)
class ChunkRun(Generic[S, R]):
    """Work while it runs.

    Parameters
    ----------
    spec
        A valid specification.
    chunks
        Its plan.
    wanted
        Where the caller wants it; unspecified lets the size decide.
    results
        What has come, by the chunk's index; what is left of it where it was summed up.
    sum
        What took the results in; None where they are all kept.
    placement, worker_count
        Where it runs.
    warnings
        What the caller should know about where it ran.
    paths_done
        Paths of the results that have come.
    """

    spec: S
    chunks: tuple[Chunk, ...]
    wanted: meta_pb2.Placement.ValueType
    results: dict[int, R] = field(default_factory=dict)
    sum: Sum[R] | None = None
    placement: meta_pb2.Placement.ValueType = meta_pb2.PLACEMENT_SERVER
    worker_count: int = 0
    warnings: list[ResultWarning] = field(default_factory=list)
    paths_done: int = 0
    _prefix: list[R] = field(default_factory=list)

    def take(self, result: R) -> None:
        """Take a chunk's result in."""
        self.paths_done += result.chunk.path_count
        self.results[result.chunk.index] = result if self.sum is None else self.sum.add(result)

    def missing(self) -> list[Chunk]:
        """Return the chunks that have not come, in plan order."""
        return [chunk for chunk in self.chunks if chunk.index not in self.results]

    def prefix(self) -> list[R]:
        """Return the results from the first chunk to the first that is missing."""
        while len(self._prefix) in self.results:
            self._prefix.append(self.results[len(self._prefix)])
        return list(self._prefix)

    @property
    def prefix_paths(self) -> int:
        """Paths from the first one to the first that is missing."""
        while len(self._prefix) in self.results:
            self._prefix.append(self.results[len(self._prefix)])
        last = self._prefix[-1].chunk if self._prefix else None
        return last.first_path + last.path_count if last is not None else 0


SimulationRun = ChunkRun["SimulationSpec", "ChunkResult"]


class _Clock:
    """Counts the time of a run as it goes on: its estimates tell it, and it may be left after any."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.read_s = time.perf_counter()

    def count(self) -> None:
        """Add the time since this was last done."""
        now_s = time.perf_counter()
        self._call.compute_s += now_s - self.read_s
        self.read_s = now_s


class ChunkRunner(Generic[S, R]):
    """Runs one kind of work in the server's threads or on the cluster."""

    def __init__(self, runtime: Runtime, work: Work[S, R]) -> None:
        self._work = work
        self._pool = runtime.pool
        self._cluster = runtime.cluster
        self._threshold = runtime.settings.dask.threshold_path_steps

    def place(self, spec: S, wanted: meta_pb2.Placement.ValueType) -> meta_pb2.Placement.ValueType:
        """Return where work is to run: where the caller wants it, or by its size."""
        if not self._cluster.enabled:
            return meta_pb2.PLACEMENT_SERVER
        if wanted != meta_pb2.PLACEMENT_UNSPECIFIED:
            return wanted
        large = self._work.cost(spec).path_steps >= self._threshold
        return meta_pb2.PLACEMENT_CLUSTER if large else meta_pb2.PLACEMENT_SERVER

    async def run(
        self, spec: S, wanted: meta_pb2.Placement.ValueType, call: Call
    ) -> AsyncGenerator[ChunkRun[S, R], None]:
        """Run valid work; yields the run after each chunk, the last time when all have come.

        What the cluster does not deliver is computed here, and reported: the numbers are the same.
        """
        begin_s = time.perf_counter()
        chunks = await self._pool.copy(self._work.plan, spec)
        run: ChunkRun[S, R] = ChunkRun(spec, chunks, wanted, sum=self._work.sum_up(spec))
        run.placement = self.place(spec, wanted)
        if wanted == meta_pb2.PLACEMENT_CLUSTER and run.placement != wanted:
            self._note_loss(run, "the server has none")
        if run.placement == meta_pb2.PLACEMENT_CLUSTER and not await self._cluster_comes(spec, wanted):
            self._note_loss(run, self._cluster.health.detail or "it has not started yet")
            run.placement = meta_pb2.PLACEMENT_SERVER
        clock = _Clock(call)
        call.queue_s += clock.read_s - begin_s
        if run.placement == meta_pb2.PLACEMENT_CLUSTER:
            run.worker_count = self._cluster.worker_count
            try:
                async with aclosing(self._cluster.compute(self._work.kind, spec, chunks)) as results:
                    async for result in results:
                        run.take(result)
                        clock.count()
                        yield run
            except ClusterLostError as error:
                self._note_loss(run, str(error))
        missing = run.missing()
        if missing:
            run.placement = meta_pb2.PLACEMENT_SERVER
            run.worker_count = min(self._pool.thread_count, len(missing))
            async with aclosing(self._in_threads(spec, missing, call)) as results:
                async for result in results:
                    run.take(result)
                    clock.count()
                    yield run
        clock.count()

    async def _cluster_comes(self, spec: S, wanted: meta_pb2.Placement.ValueType) -> bool:
        """Wait for a cluster that is starting; no longer than the work would take here, unless it is asked for."""
        limit_s = self._cluster.settings.start_timeout_s
        if wanted == meta_pb2.PLACEMENT_UNSPECIFIED:
            limit_s = min(limit_s, self._work.cost(spec).core_seconds / self._pool.thread_count)
        return await self._cluster.wait_until_usable(limit_s)

    def _note_loss(self, run: ChunkRun[S, R], why: str) -> None:
        _log.warning("computed without the cluster", kind=self._work.kind, why=why, chunks_missing=len(run.missing()))
        done = "nothing" if len(run.missing()) == len(run.chunks) else "a part"
        run.warnings.append(cluster_warning(done, why, self._work.placement_field))

    async def _in_threads(self, spec: S, chunks: Sequence[Chunk], call: Call) -> AsyncGenerator[R, None]:
        """Yield results as they come. A chunk is a slice: cancellation is looked at before each."""
        waiting = list(chunks)[::-1]
        running: set[asyncio.Task[R]] = set()
        try:
            while waiting or running:
                while waiting and len(running) < self._pool.thread_count:
                    running.add(
                        asyncio.ensure_future(self._pool.run_slice(call, self._work.compute, spec, waiting.pop()))
                    )
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    yield each.result()
        finally:
            for each in running:
                each.cancel()
            await asyncio.gather(*running, return_exceptions=True)

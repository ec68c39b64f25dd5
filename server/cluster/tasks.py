"""What runs on a worker. Only names, numbers and these functions travel; callers of the server never supply code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from distributed import WorkerPlugin

from riskwave.compute.montecarlo import simulate_chunk, warm_up

if TYPE_CHECKING:
    from distributed import Worker

    from riskwave.compute.montecarlo import Chunk, ChunkResult, SimulationSpec


def simulate_chunks(spec: SimulationSpec, chunks: tuple[Chunk, ...]) -> list[ChunkResult]:
    """Simulate several chunks, one after the other: about a second of work, far more than a task's own cost."""
    return [simulate_chunk(spec, chunk) for chunk in chunks]


class WarmUpPlugin(WorkerPlugin):
    """Compiles the kernels, or loads them from the cache, when a worker starts instead of in its first task."""

    name = "riskwave-warm-up"

    def setup(self, worker: Worker) -> None:
        """Run before the worker takes tasks."""
        _ = worker
        warm_up()

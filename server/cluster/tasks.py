"""What runs on a worker. Only names, numbers and these functions travel; callers of the server never supply code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from distributed import WorkerPlugin

from riskwave.compute.montecarlo import simulate_chunk, warm_up
from riskwave.compute.montecarlo.pricing import price_chunk
from riskwave.compute.oscillators import compute_tile

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Worker

KINDS: dict[str, Callable[[Any, Any], Any]] = {
    "simulate": simulate_chunk,
    "price": price_chunk,
    "oscillators": compute_tile,
}
"""What computes one chunk of a specification, by the kind of work."""


def compute_chunks(kind: str, spec: Any, chunks: tuple[Any, ...]) -> list[Any]:
    """Compute several chunks, one after the other: about a second of work, far more than a task's own cost."""
    return [KINDS[kind](spec, chunk) for chunk in chunks]


class WarmUpPlugin(WorkerPlugin):
    """Compiles the kernels, or loads them from the cache, when a worker starts instead of in its first task."""

    name = "riskwave-warm-up"

    def setup(self, worker: Worker) -> None:
        """Run before the worker takes tasks."""
        _ = worker
        warm_up()

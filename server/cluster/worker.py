"""Workers for a cluster that somebody else runs: each a process with one computing thread."""

from __future__ import annotations

import asyncio
from typing import Any

import distributed

from riskwave.server.cluster.connection import ONE_THREAD

_dask: Any = distributed  # typed in parts only


async def run_workers(address: str, count: int, start_timeout_s: float) -> None:
    """Run `count` workers of the scheduler at `address` until it ends or the task is cancelled."""
    nannies = [
        _dask.Nanny(address, nthreads=1, env=ONE_THREAD, dashboard=False, death_timeout=start_timeout_s)
        for _ in range(count)
    ]
    try:
        await asyncio.gather(*nannies)
        await asyncio.gather(*(nanny.finished() for nanny in nannies))
    finally:
        await asyncio.gather(*(nanny.close(timeout=5) for nanny in nannies), return_exceptions=True)

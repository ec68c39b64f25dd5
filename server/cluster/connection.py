"""A connection to Dask: an embedded cluster of our own, or the scheduler at an address."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import dask

# When it is imported, distributed gives its loggers handlers and levels of its own; a "version" makes it leave ours.
dask.config.set({"logging.version": 1, "logging.disable_existing_loggers": False})

import distributed  # noqa: E402 - after its configuration

from riskwave.server.cluster.tasks import WarmUpPlugin  # noqa: E402 - it imports distributed

if TYPE_CHECKING:
    from riskwave.config.settings import DaskSettings

_dask: Any = distributed  # typed in parts only

# One thread a worker, in every library that has threads of its own; Dask does not know Numba's.
ONE_THREAD = dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

_CLOSE_S = 5
"""Time for workers to end before they are given up."""

_LOST_ANSWER_S = 0.5
"""Time for an answer, while closing, of a scheduler that is gone: Dask would try to reach it for half a minute."""

_LOST_WORKERS_MAX = 10
"""Workers that may die with a task before the task is held to be the cause."""

# Without its dashboard the scheduler still opens an HTTP server, on port 8787 unless told otherwise.
_NO_DASHBOARD = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
_ROUTES = ["distributed.http.health"]

_CONFIG = {
    "distributed.scheduler.allowed-failures": _LOST_WORKERS_MAX,
    "distributed.scheduler.http.routes": _ROUTES,
    "distributed.worker.http.routes": _ROUTES,
}


def default_worker_count(settings: DaskSettings) -> int:
    """Return the setting, or the number of cores that the process may use."""
    if settings.workers is not None:
        return settings.workers
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Connection:
    """An open connection; `open` makes it.

    Parameters
    ----------
    client
        Dask's client, on the event loop of the server.
    cluster
        The embedded cluster; None when somebody else runs it.
    """

    def __init__(self, client: Any, cluster: Any) -> None:
        self.client = client
        self._cluster = cluster
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, settings: DaskSettings) -> Connection:
        """Start the embedded cluster or connect to the address.

        Whoever reaches Dask's ports can run code, so the embedded cluster listens on the loopback interface only, and
        its dashboard is off.
        """
        dask.config.set(_CONFIG)
        # Both are kept before they are awaited: a stop during the start must find them, to close them.
        cluster: Any = None
        client: Any = None
        try:
            if settings.mode == "embedded":
                cluster = _dask.LocalCluster(
                    n_workers=default_worker_count(settings),
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    scheduler_port=0,
                    dashboard_address=None,
                    scheduler_kwargs=_NO_DASHBOARD,
                    asynchronous=True,
                    env=ONE_THREAD,
                )
                await cluster
            client = _dask.Client(
                cluster if cluster is not None else settings.address,
                asynchronous=True,
                set_as_default=False,
                timeout=settings.start_timeout_s,
                direct_to_workers=cluster is not None,
                name="riskwave-server",
            )
            await client
        except BaseException:
            await _close_all(client, cluster)
            raise
        return cls(client, cluster)

    async def warm_up(self) -> None:
        """Wait until every worker has its kernels compiled, as workers that come later will before their first task."""
        await self.client.register_plugin(WarmUpPlugin())

    @property
    def running(self) -> bool:
        """False once the scheduler is gone."""
        return bool(self.client.status == "running")

    async def count_workers(self) -> int:
        """Return how many workers the scheduler has."""
        return len(await self.client.nthreads())

    async def close(self) -> None:
        """Close the client, and the cluster when it is ours.

        That is begun once and goes on when a caller does not wait for its end: what was half closed by Dask is never
        closed any more.
        """
        if self._closing is None:
            self._closing = asyncio.create_task(_close_all(self.client, self._cluster), name="cluster-closing")
        await asyncio.shield(self._closing)


async def _close_all(client: Any, cluster: Any) -> None:
    """Close what there is, the cluster also when the client cannot be closed."""
    lost = client is not None and client.status != "running"
    if lost and cluster is not None and cluster.scheduler_comm is not None:
        cluster.scheduler_comm.timeout = _LOST_ANSWER_S
    try:
        if client is not None:
            await client.close(timeout=_CLOSE_S)
    finally:
        if cluster is not None:
            await cluster.close(timeout=_CLOSE_S)

"""A cluster that the server can do without: started in the background, watched, and given up without a loss."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import math
import uuid
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from riskwave.server.components import ComponentHealth

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection, Sequence

    from riskwave.config.settings import DaskSettings
    from riskwave.server.cluster.connection import Connection

C = TypeVar("C")
"""A piece of work."""

_log = structlog.get_logger("riskwave.server.cluster")

TASK_CHUNKS_MAX = 32
"""Chunks of a task: about a second."""

TASK_CHUNKS_MIN = 4
TASKS_PER_WORKER = 4
"""Tasks of a simulation that each worker gets at least, so that none is idle for long at the end."""

OUTSTANDING_PER_WORKER = 2
_CANCEL_S = 1.0
"""Time for a scheduler to answer that what is not wanted any more is cancelled."""

_WATCH_S = 1.0
_RETRY_S = 5.0

_ANSWER_S = 10.0
"""Time in which the scheduler says how many workers it has, before it is held to be gone."""

_ABSENCE_S = 10.0
"""Time without any worker after which work in progress is given up; one that is started anew needs about half of it."""

_CANCEL_S = 1.0
_CLOSE_S = 10.0
"""Time to stop everything; what has not ended by then ends with the process."""


class ClusterLostError(Exception):
    """The cluster cannot be used, or not any more; what it has not delivered is to be computed elsewhere."""


class Cluster:
    """The cluster of the settings.

    Parameters
    ----------
    settings
        Their section ``dask``.
    """

    def __init__(self, settings: DaskSettings) -> None:
        self.settings = settings
        self.worker_count = 0
        self.health = ComponentHealth("cluster", _kind(settings))
        self._connection: Connection | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._closing = False

    @property
    def enabled(self) -> bool:
        """Whether the settings want a cluster at all."""
        return self.settings.mode != "off"

    @property
    def usable(self) -> bool:
        """Whether work can be given to it now."""
        return self._connection is not None and self._connection.running and self.worker_count > 0

    def start(self) -> None:
        """Begin to start it or to connect, in the background: no call waits for it that can do without."""
        if self.enabled:
            self.health.detail = "starting"
            self._supervisor = asyncio.get_running_loop().create_task(self._supervise(), name="cluster-supervisor")

    async def wait_until_usable(self, timeout_s: float) -> bool:
        """Wait for it at most so long, and return whether work can be given to it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self.enabled and not self.usable:
                    self._changed.clear()
                    await self._changed.wait()
        return self.usable

    async def compute(self, kind: str, spec: object, chunks: Sequence[object]) -> AsyncGenerator[Any, None]:
        """Yield the results of `chunks` of `spec` as they come; `kind` is one of `tasks.KINDS`.

        Dask repeats the tasks of a worker that dies. When the caller stops listening, tasks that wait are dropped;
        those that run end by themselves within a second.

        Raises
        ------
        ClusterLostError
            When the scheduler is gone, no worker came back or a task failed too often.
        """
        from riskwave.server.cluster.tasks import compute_chunks

        connection = self._connection
        if connection is None or not self.usable:
            raise ClusterLostError(self.health.detail or "the cluster is not there")
        run = uuid.uuid4().hex
        tasks = _group(chunks, self.worker_count)
        waiting = list(enumerate(tasks))[::-1]
        running: dict[asyncio.Task[list[Any]], Any] = {}
        try:
            while waiting or running:
                if not connection.running:
                    raise ClusterLostError("the scheduler is gone")
                while waiting and len(running) < OUTSTANDING_PER_WORKER * max(self.worker_count, 1):
                    index, task = waiting.pop()
                    # A key of its own for each run: the same key after a cancellation races in the scheduler.
                    key = f"{kind}-{run}-{index}"
                    future = connection.client.submit(compute_chunks, kind, spec, task, key=key, pure=False)
                    running[asyncio.ensure_future(_result(connection, future))] = future
                for each in await self._wait_for_one(running):
                    del running[each]
                    for result in each.result():
                        yield result
        finally:
            for future in running.values():
                with contextlib.suppress(Exception):
                    await future.cancel()
            # Those who wait for a future end with it. Cancelled before, they would leave Dask's own wait behind, whose
            # end nobody takes and the log shows as an error.
            late = (await asyncio.wait(running, timeout=_CANCEL_S))[1] if running else ()
            for each in late:
                each.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _wait_for_one(self, running: Collection[asyncio.Task[list[Any]]]) -> set[asyncio.Task[list[Any]]]:
        """Return the tasks that are done, one at least. Dask would wait for ever for workers that are all gone."""
        absent_s = 0.0
        while True:
            done, _ = await asyncio.wait(running, timeout=_WATCH_S, return_when=asyncio.FIRST_COMPLETED)
            if done:
                return done
            absent_s = 0.0 if self.worker_count else absent_s + _WATCH_S
            if absent_s >= _ABSENCE_S:
                raise ClusterLostError(f"no worker was there for {_ABSENCE_S:g} s")

    async def close(self) -> None:
        """Stop what was started, within a bounded time."""
        self._closing = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                # Dask sometimes swallows a cancellation, so one may not be enough.
                while self._supervisor is not None and not self._supervisor.done():
                    self._supervisor.cancel()
                    await asyncio.wait({self._supervisor}, timeout=_CANCEL_S)
                if self._connection is not None:
                    await _close(self._connection)
        self._connection = None

    async def _supervise(self) -> None:
        """Keep a connection for as long as the server runs."""
        while not self._closing:
            try:
                await self._connect()
                await self._watch()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever Dask raises, the server goes on without it
                _log.warning("the cluster cannot be reached", cluster=self.health.kind, error=repr(error))
                self.health.fail(f"cannot be reached: {type(error).__name__}; simulations run in the server's threads")
            self._set_worker_count(0)
            if self._connection is not None:
                await _close(self._connection)
                self._connection = None
            await asyncio.sleep(_RETRY_S)

    async def _connect(self) -> None:
        # Importing Dask takes most of a second: by a thread, while calls are already answered.
        await asyncio.to_thread(__import__, "riskwave.server.cluster.connection")
        from riskwave.server.cluster.connection import Connection

        async with asyncio.timeout(self.settings.start_timeout_s):
            self._connection = await Connection.open(self.settings)
        self.health.detail = "the workers are compiling"
        await self._connection.warm_up()

    async def _watch(self) -> None:
        """Count the workers until the scheduler is gone."""
        assert self._connection is not None
        while self._connection.running and not self._closing:
            async with asyncio.timeout(_ANSWER_S):
                count = await self._connection.count_workers()
            if count and (count != self.worker_count or not self.health.healthy):
                _log.info("cluster", cluster=self.health.kind, workers=count)
            if count:
                self.health.recover(f"{count} workers")
            elif self.worker_count:
                self.health.fail("no worker is there; simulations run in the server's threads")
            self._set_worker_count(count)
            await asyncio.sleep(_WATCH_S if count else _WATCH_S / 10)
        self.health.fail("the scheduler is gone; simulations run in the server's threads")

    def _set_worker_count(self, count: int) -> None:
        self.worker_count = count
        self._changed.set()


async def _result(connection: Connection, future: Any) -> list[Any]:
    """Return a task's result; what Dask raises for a loss becomes one kind of error."""
    try:
        results: list[Any] = await connection.client.gather(future)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise ClusterLostError("a task was cancelled because the scheduler is gone") from None
    except (concurrent.futures.CancelledError, OSError, TimeoutError) as error:
        raise ClusterLostError(f"a task was lost: {type(error).__name__}") from error
    except Exception as error:
        if type(error).__module__.startswith(("distributed", "tornado")):
            raise ClusterLostError(f"a task was lost: {type(error).__name__}") from error
        raise
    return results


async def _close(connection: Connection) -> None:
    try:
        await connection.close()
    except Exception as error:  # noqa: BLE001 - it is given up either way
        _log.info("closing the cluster failed", error=repr(error))


def _group(chunks: Sequence[C], worker_count: int) -> list[tuple[C, ...]]:
    """Return the chunks of each task. How they are grouped changes no result: a chunk's depends on the chunk alone.

    The first tasks are small, so that a caller who watches has an estimate soon.
    """
    most = math.ceil(len(chunks) / (TASKS_PER_WORKER * max(worker_count, 1)))
    most = min(max(most, TASK_CHUNKS_MIN), TASK_CHUNKS_MAX)
    tasks, start, size = [], 0, TASK_CHUNKS_MIN
    while start < len(chunks):
        tasks.append(tuple(chunks[start : start + size]))
        start += size
        size = min(2 * size, most)
    return tasks


def _kind(settings: DaskSettings) -> str:
    """Return what the cluster is, without anything secret."""
    return settings.address or "address" if settings.mode == "address" else settings.mode

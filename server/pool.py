"""Threads: one pool that computes, one that waits for disks and databases."""

from __future__ import annotations

import asyncio
import contextvars
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from riskwave.server.errors import overloaded

if TYPE_CHECKING:
    from collections.abc import Callable

    from riskwave.server.call import Call

P = ParamSpec("P")
R = TypeVar("R")

IO_THREAD_COUNT = 4


class ComputePool:
    """Runs kernels in as many threads as there are cores to use, so that the event loop never waits for one.

    Parameters
    ----------
    thread_count
        Computing threads; at most the number of cores.
    outstanding_max
        Pieces of work that may run or wait. Beyond, a call is refused at once instead of being kept waiting in vain.
    """

    def __init__(self, thread_count: int, outstanding_max: int) -> None:
        self.thread_count = thread_count
        self._outstanding_max = outstanding_max
        self._outstanding = 0
        self._compute = ThreadPoolExecutor(thread_count, "riskwave-compute")
        self._io = ThreadPoolExecutor(IO_THREAD_COUNT, "riskwave-io")

    async def run(self, call: Call, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a piece of computation for `call` and return its result.

        The time until a thread is free and the time of the computation are added to the call's. When this coroutine
        is cancelled, waiting work is dropped, and running work stops at its next look at the call's token.
        """
        self._admit()
        context = contextvars.copy_context()
        submitted_s = time.perf_counter()

        def work() -> R:
            started_s = time.perf_counter()
            call.token.check()
            try:
                return function(*args, **kwargs)
            finally:
                call.queue_s += started_s - submitted_s
                call.compute_s += time.perf_counter() - started_s

        return await self._wait_for(asyncio.get_running_loop().run_in_executor(self._compute, context.run, work))

    async def run_slice(self, call: Call, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run one slice of a longer computation, whose time its owner takes; dropped when the call is given up."""
        self._admit()
        context = contextvars.copy_context()

        def work() -> R:
            call.token.check()
            return function(*args, **kwargs)

        return await self._wait_for(asyncio.get_running_loop().run_in_executor(self._compute, context.run, work))

    async def copy(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Decode, encode or hash something large in a computing thread; not counted as computation."""
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._compute, lambda: context.run(function, *args, **kwargs))

    def run_here(self, call: Call, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a computation of some microseconds on the event loop: a hop to a thread and back would cost more."""
        started_s = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            call.compute_s += time.perf_counter() - started_s

    async def run_io(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run something that waits for a disk or a database."""
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._io, lambda: context.run(function, *args, **kwargs))

    def _admit(self) -> None:
        if self._outstanding >= self._outstanding_max:
            raise overloaded(f"{self._outstanding} computations are waiting, which is the limit; try again later", 1.0)

    async def _wait_for(self, future: asyncio.Future[R]) -> R:
        self._outstanding += 1
        try:
            return await future
        finally:
            self._outstanding -= 1

    def close(self) -> None:
        """Drop what is waiting and let running work end."""
        self._compute.shutdown(wait=False, cancel_futures=True)
        self._io.shutdown(wait=False, cancel_futures=True)

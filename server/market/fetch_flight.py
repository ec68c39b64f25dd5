"""One request for a series at a time, however many ask for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

Result = TypeVar("Result")


class SingleFlight(Generic[Result]):
    """Calls of one key that overlap in time share one run and its result, or its exception.

    A caller that is cancelled leaves the run to the others; the last one takes it along.
    """

    def __init__(self) -> None:
        self._running: dict[Hashable, tuple[asyncio.Task[Result], list[None]]] = {}

    async def run(self, key: Hashable, make: Callable[[], Awaitable[Result]]) -> tuple[Result, bool]:
        """Return the result of `make`, and True when another caller's run gave it."""
        held = self._running.get(key)
        shared = held is not None
        if held is None:
            task = asyncio.ensure_future(_await(make))
            held = task, []
            self._running[key] = held
            task.add_done_callback(lambda done: self._forget(key, done))
        task, waiting = held
        waiting.append(None)
        try:
            return await asyncio.shield(task), shared
        finally:
            waiting.pop()
            if not waiting and not task.done():
                task.cancel()
                self._forget(key, task)

    def _forget(self, key: Hashable, task: asyncio.Task[Result]) -> None:
        held = self._running.get(key)
        if held is not None and held[0] is task:
            del self._running[key]
        if task.done() and not task.cancelled():
            task.exception()  # every caller may have gone: then nobody else looks at it


async def _await(make: Callable[[], Awaitable[Result]]) -> Result:
    return await make()

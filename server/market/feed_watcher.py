"""What one watcher has not been sent yet: at most one update a symbol, however slowly it reads."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True)
class PriceChange:
    """A new price of a symbol.

    Parameters
    ----------
    sequence
        Its number among all changes of this feed, ascending.
    symbol, source
        Whose price, from whom.
    price, previous
        The price, and that of the bar before; NaN when there is none.
    time_ns
        Of the bar, in nanoseconds UTC.
    provisional
        True when the bar may still change.
    encoded
        The message's bytes for a watcher who missed nothing, once somebody has made them: all such watchers share them.
    """

    sequence: int
    symbol: str
    source: str
    price: float
    previous: float
    time_ns: int
    provisional: bool = False
    encoded: bytes | None = field(default=None, compare=False, repr=False)


@dataclass(slots=True)
class Pending:
    """A change that is to be sent.

    Parameters
    ----------
    change
        The newest one.
    first_sequence
        The number of the oldest one that was not sent.
    conflated_count
        Changes that were left out before the newest.
    snapshot
        True when it is the state of a symbol and not a change of it.
    """

    change: PriceChange
    first_sequence: int
    conflated_count: int = 0
    snapshot: bool = False


class Reader:
    """Somebody who waits for news and is woken."""

    def __init__(self) -> None:
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False
        #: Of the last message.
        self.sequence = 0

    def wake(self) -> None:
        """End the waiting."""
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def wait(self, timeout_s: float) -> None:
        """Wait until woken, or for so long. A future and a timer: a fifth of what an Event under a timeout costs."""
        loop = asyncio.get_running_loop()
        waiter = self._waiter = loop.create_future()
        timer = loop.call_later(timeout_s, self.wake)
        try:
            await waiter
        finally:
            timer.cancel()
            self._waiter = None

    def end(self) -> None:
        """No more changes come; what waits is still sent."""
        self._ended = True
        self.wake()


class Watcher(Reader):
    """Collects changes for one reader. The newest of each symbol is kept, so that memory does not grow.

    Symbols are sent in the order in which they began to wait, and the numbers that go with them say up to which change
    everything was sent or overtaken: giving the last of them back misses nothing.

    Parameters
    ----------
    min_interval_s
        Shortest time between two updates of a symbol.
    clock
        Seconds that only grow.
    """

    def __init__(self, min_interval_s: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._min_interval_s = min_interval_s
        self._clock = clock
        self._pending: dict[str, Pending] = {}
        self._sent_s: dict[str, float] = {}

    @property
    def waiting_count(self) -> int:
        """Updates that wait to be sent; at most one a symbol."""
        return len(self._pending)

    def put(self, change: PriceChange, *, snapshot: bool = False) -> None:
        """Take a change; numbers ascend from call to call."""
        held = self._pending.get(change.symbol)
        if held is None:
            self._pending[change.symbol] = Pending(change, change.sequence, 0, snapshot)
            self.wake()
        else:
            held.change = change
            held.conflated_count += 1

    async def next(self, timeout_s: float) -> Pending | None:
        """Return what is to be sent next; None when nothing came in time, or when it has `ended`."""
        deadline_s = self._clock() + timeout_s
        while True:
            now_s = self._clock()
            wait_s = deadline_s - now_s
            if self._pending:
                symbol = next(iter(self._pending))
                due_s = self._sent_s.get(symbol, now_s) + self._min_interval_s if symbol in self._sent_s else now_s
                if due_s <= now_s:
                    return self._take(symbol, now_s)
                # A change that comes meanwhile cannot be sent before this one.
                if due_s >= deadline_s:
                    await asyncio.sleep(wait_s)
                    return None
                await asyncio.sleep(due_s - now_s)
                continue
            if self._ended or wait_s <= 0:
                return None
            await self.wait(wait_s)

    @property
    def ended(self) -> bool:
        """True when nothing waits and nothing will come."""
        return self._ended and not self._pending

    def drain(self) -> int:
        """Forget what waits and return the number of the newest change; 0 when nothing waits."""
        newest = max((one.change.sequence for one in self._pending.values()), default=0)
        self._pending.clear()
        return newest

    def _take(self, symbol: str, now_s: float) -> Pending:
        taken = self._pending.pop(symbol)
        if self._min_interval_s > 0:
            self._sent_s[symbol] = now_s
        # Not beyond what still waits: another symbol may have changed before the newest change of this one.
        following = next(iter(self._pending.values()), None)
        self.sequence = taken.change.sequence
        if following is not None:
            self.sequence = min(self.sequence, following.first_sequence - 1)
        return taken

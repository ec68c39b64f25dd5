"""Changes put together for many watchers at once: one message's bytes, made once, for everybody who keeps up."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final

from riskwave.server.market.feed_watcher import Pending, Reader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from riskwave.server.market.feed_watcher import PriceChange


MEMBERS_MAX: Final = 64
"""Readers of one group. Larger crowds are cut into groups that send at different moments of the interval."""

_GOLDEN: Final = 0.6180339887498949


class Batch:
    """Changes that are sent in one message.

    Parameters
    ----------
    items
        One a symbol, in the order in which they began to wait.
    sequence
        Up to which change everything of these symbols was sent or is overtaken.
    """

    __slots__ = ("encoded", "items", "sequence")

    def __init__(self, items: Sequence[Pending], sequence: int) -> None:
        self.items = items
        self.sequence = sequence
        #: The message's bytes, once somebody has made them: all watchers share them.
        self.encoded: bytes | None = None

    @property
    def snapshot(self) -> bool:
        """True when it is the state of the symbols and not changes of them."""
        return self.items[0].snapshot


class BatchWatcher(Reader):
    """One reader of a `BatchGroup`. The newest of each symbol is kept, so that memory does not grow."""

    def __init__(self) -> None:
        super().__init__()
        self.group: BatchGroup | None = None
        self._batch: Batch | None = None
        self._pending: dict[str, Pending] = {}

    @property
    def waiting_count(self) -> int:
        """Updates that wait to be sent; at most one a symbol."""
        return len(self._pending) if self._batch is None else len(self._batch.items)

    def put(self, change: PriceChange, *, snapshot: bool = False) -> None:
        """Take a change that is this reader's alone; numbers ascend from call to call."""
        self._merge((Pending(change, change.sequence, 0, snapshot),))
        self.wake()

    def put_batch(self, batch: Batch) -> None:
        """Take the changes that all readers of the group get."""
        if self._batch is None and not self._pending:
            self._batch = batch
        else:
            self._merge(batch.items)
        self.wake()

    def _merge(self, items: Sequence[Pending]) -> None:
        if self._batch is not None:
            held, self._batch = self._batch, None
            self._merge(held.items)
        for one in items:
            held_one = self._pending.get(one.change.symbol)
            if held_one is None:
                # Copied: the batch is everybody's.
                self._pending[one.change.symbol] = Pending(
                    one.change, one.first_sequence, one.conflated_count, one.snapshot
                )
            else:
                held_one.change = one.change
                held_one.conflated_count += one.conflated_count + 1

    async def next(self, timeout_s: float) -> Batch | None:
        """Return what is to be sent next; None when nothing came in time, or when it has `ended`."""
        if not self.waiting_count and not self._ended:
            await self.wait(timeout_s)
        batch = self._batch
        if batch is not None:
            self._batch = None
        elif self._pending:
            batch = self._take()
        else:
            return None
        self.sequence = batch.sequence
        return batch

    def _take(self) -> Batch:
        """Return what waits; the newest states apart from the changes, because a message is one or the other."""
        snapshot = next(iter(self._pending.values())).snapshot
        taken = [one for one in self._pending.values() if one.snapshot is snapshot]
        left = {symbol: one for symbol, one in self._pending.items() if one.snapshot is not snapshot}
        self._pending = left
        sequence = max(one.change.sequence for one in taken)
        if left:
            sequence = min(sequence, min(one.first_sequence for one in left.values()) - 1)
        return Batch(taken, sequence)

    @property
    def ended(self) -> bool:
        """True when nothing waits and nothing will come."""
        return self._ended and not self.waiting_count


class BatchGroup:
    """Readers who watch the same symbols at the same pace. Takes each change once for all of them.

    The first change after a silence is sent at once, with those that come in the same moment; the others when the
    interval ends.

    Parameters
    ----------
    interval_s
        Time for which changes are put together.
    number
        Spreads the ends of the intervals of several groups, so that they don't all send at once.
    """

    def __init__(self, interval_s: float, number: int = 0) -> None:
        self._interval_s = interval_s
        self._phase_s = number * _GOLDEN % 1.0 * interval_s
        self._pending: dict[str, Pending] = {}
        self._flushed_s = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self.members: set[BatchWatcher] = set()

    def put(self, change: PriceChange) -> None:
        """Take a change; numbers ascend from call to call."""
        held = self._pending.get(change.symbol)
        if held is not None:
            held.change = change
            held.conflated_count += 1
            return
        self._pending[change.symbol] = Pending(change, change.sequence)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(self._due_s(loop.time()), self.flush)

    def _due_s(self, now_s: float) -> float:
        """Return when to send what changes now."""
        if now_s >= self._flushed_s + self._interval_s:
            return now_s
        ended_count = math.floor((self._flushed_s - self._phase_s) / self._interval_s + 0.1)
        return self._phase_s + (ended_count + 1) * self._interval_s

    def flush(self) -> None:
        """Hand out what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._pending:
            return
        self._flushed_s = asyncio.get_running_loop().time()
        items = list(self._pending.values())
        self._pending = {}
        batch = Batch(items, max(one.change.sequence for one in items))
        for member in self.members:
            member.put_batch(batch)

    def join(self, member: BatchWatcher) -> None:
        """Begin to read: with what changes from now on."""
        self.flush()
        member.group = self
        self.members.add(member)

    def leave(self, member: BatchWatcher) -> bool:
        """End a reader; return whether it was the last one."""
        self.members.discard(member)
        if not self.members and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return not self.members

    def end(self) -> None:
        """No more changes come; what waits is still sent."""
        self.flush()
        for member in self.members:
            member.end()


def single(interval_s: float) -> tuple[BatchGroup, BatchWatcher]:
    """Return a group with one reader, for a feed of its own."""
    group, member = BatchGroup(interval_s), BatchWatcher()
    group.join(member)
    return group, member

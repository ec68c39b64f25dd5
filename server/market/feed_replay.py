"""Stored prices as a feed, bar by bar at a chosen speed: for demonstrations and tests."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.server.market.feed_watcher import PriceChange

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from riskwave.server.market.feed_batches import BatchGroup
    from riskwave.server.market.feed_watcher import Watcher
    from riskwave.server.market.series import PriceSeries

_STEP_S: Final = 0.005
"""Faster than this, several bars come at once."""
_STEP_BARS: Final = 2000


class Pace:
    """How many bars are due, a second after the other.

    Parameters
    ----------
    bars_per_second
        The speed.

    Examples
    --------
    >>> pace = Pace(1e6)
    >>> async def first() -> int:
    ...     return await pace.wait()
    >>> asyncio.run(first()) >= 1
    True
    """

    def __init__(self, bars_per_second: float) -> None:
        self._bars_per_second = bars_per_second
        self._started_s = time.monotonic()
        self._given = 0

    async def wait(self, longest_s: float = math.inf) -> int:
        """Wait until at least one more bar is due and return how many are; the first one is at once.

        None is after `longest_s` of waiting.
        """
        next_s = self._started_s + self._given / self._bars_per_second
        wait_s = max(0.0 if self._given == 0 else _STEP_S, next_s - time.monotonic())
        if wait_s > longest_s:
            await asyncio.sleep(longest_s)
            return 0
        await asyncio.sleep(wait_s)
        due = int((time.monotonic() - self._started_s) * self._bars_per_second) + 1
        count = min(max(1, due - self._given), _STEP_BARS)
        self._given += count
        return count


def replayed(series: Sequence[PriceSeries]) -> Iterator[list[PriceChange]]:
    """Yield the bars of several series in order of time, those of one time together.

    The numbers of the changes depend on the stored prices alone, so that a replay can be taken up on any server.
    """
    times = np.concatenate([one.times for one in series])
    owners = np.repeat(np.arange(len(series)), [len(one) for one in series])
    rows = np.concatenate([np.arange(len(one)) for one in series])
    order = np.lexsort((owners, times))
    together: list[PriceChange] = []
    for sequence, place in enumerate(order.tolist(), 1):
        one, row = series[owners[place]], int(rows[place])
        previous = float(one.close[row - 1]) if row else float("nan")
        time_ns = int(one.times[row])
        if together and together[-1].time_ns != time_ns:
            yield together
            together = []
        together.append(PriceChange(sequence, one.symbol, one.source, float(one.close[row]), previous, time_ns))
    if together:
        yield together


async def replay(
    series: Sequence[PriceSeries], watcher: Watcher | BatchGroup, bars_per_second: float, after_sequence: int = 0
) -> None:
    """Hand the changes after a number to a watcher or a group of them, and end it after the last."""
    pace, due = Pace(bars_per_second), 0
    for changes in replayed(series):
        if changes[-1].sequence <= after_sequence:
            continue
        if due == 0:
            due = await pace.wait()
        due -= 1
        for change in changes:
            if change.sequence > after_sequence:
                watcher.put(change)
    watcher.end()

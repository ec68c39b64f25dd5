"""The first tier: bars in this process's memory, bounded by bytes and age."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from cachetools import TLRUCache

if TYPE_CHECKING:
    from collections.abc import Callable

    from riskwave.server.market.cache_codec import CachedBars

JITTER = 0.1
"""Ages vary by this fraction, so that series read together do not leave together."""
_ENTRY_BYTES = 512
"""What an entry takes beside its arrays, about."""


class MemoryTier:
    """Bars by key; the least recently used ones leave first. For one thread: the event loop's.

    Parameters
    ----------
    size_bytes
        Memory for them; 0 keeps none.
    clock
        Seconds that only grow.

    Examples
    --------
    >>> import numpy as np
    >>> from riskwave.server.market.cache_codec import CachedBars
    >>> tier = MemoryTier(10_000)
    >>> tier.put(b"WTI", CachedBars.of(np.arange(3), {"close": np.ones(3)}), 60.0)
    >>> tier.get(b"WTI").columns["close"].tolist(), tier.get(b"BRENT")
    ([1.0, 1.0, 1.0], None)
    """

    def __init__(self, size_bytes: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries: TLRUCache[bytes, tuple[CachedBars, float]] = TLRUCache(
            maxsize=size_bytes,
            ttu=lambda _key, entry, now: now + entry[1],
            timer=clock,
            getsizeof=lambda entry: entry[0].size_bytes + _ENTRY_BYTES,
        )

    def get(self, key: bytes) -> CachedBars | None:
        """Return the bars, None when there are none or they are too old."""
        entry = self._entries.get(key)
        return None if entry is None else entry[0]

    def put(self, key: bytes, bars: CachedBars, age_max_s: float) -> None:
        """Keep bars for about so long; what is larger than the whole tier is not kept."""
        if bars.size_bytes + _ENTRY_BYTES <= self._entries.maxsize:
            self._entries[key] = bars, jittered(age_max_s)

    @property
    def used_bytes(self) -> int:
        """Memory that is taken."""
        return int(self._entries.currsize)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()


def jittered(seconds: float) -> float:
    """Return about so many seconds."""
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load, hides nothing

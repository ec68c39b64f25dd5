"""Memory of large results, used again when nobody holds the last one any more.

The operating system clears every page before it hands it out. For the three outputs of one long series that takes
longer than most formulas do, and allocators give arrays of this size back at once. So some of that memory is kept. It
is marked as free: the system takes it, without writing it anywhere, as soon as it needs it.
"""

from __future__ import annotations

import math
import mmap
import sys
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

VALUES_MIN = 1 << 18
"""Shorter arrays are the allocator's: it reuses their memory itself."""
PAGE_BYTES = 1 << 21
"""What a region is a multiple of, so that large pages make up all of it: to mark and to use again as many small ones
as would make up the rest takes longer than to write to it."""
KEPT_VALUES_MAX = 1 << 25
"""Values, of 8 bytes, for which memory is kept while nobody uses it."""

_MAY_BE_MARKED_FREE = hasattr(mmap, "MADV_FREE") and hasattr(mmap, "MAP_PRIVATE")


class _Region:
    """Some pages, and all of them as numbers."""

    __slots__ = ("numbers", "pages")

    def __init__(self, values: int) -> None:
        size = -(-8 * values // PAGE_BYTES) * PAGE_BYTES
        self.pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            with suppress(OSError):  # without such pages it is only slower
                self.pages.madvise(mmap.MADV_HUGEPAGE)
        self.numbers: Floats = np.frombuffer(self.pages)


class _Loan:
    """Owns a region for as long as any array looks at it."""

    __slots__ = ("__array_interface__", "_free", "_region")

    def __init__(self, region: _Region, values: int, free: deque[_Region]) -> None:
        self.__array_interface__: dict[str, Any] = region.numbers[:values].__array_interface__
        self._region, self._free = region, free

    def __del__(self, leaving: Callable[[], bool] = sys.is_finalizing) -> None:
        if leaving():  # the interpreter, which has taken what this needs from the module by then
            return
        # No lock: this can run at any point of any thread, one that is about to borrow included.
        if self._region.numbers.size > KEPT_VALUES_MAX:
            return
        self._region.pages.madvise(mmap.MADV_FREE)
        self._free.append(self._region)
        while sum(region.numbers.size for region in self._free.copy()) > KEPT_VALUES_MAX:
            _pop(self._free)


_free: deque[_Region] = deque()


def _pop(free: deque[_Region]) -> _Region | None:
    """Take the region that has been free longest; None if there is none, or another thread was faster."""
    try:
        return free.popleft()
    except IndexError:
        return None


def _kept(values: int) -> _Region | None:
    """Take a free region that fits and is not much too large."""
    for _ in range(len(_free)):
        region = _pop(_free)
        if region is None:
            return None
        if values <= region.numbers.size <= 2 * values:
            return region
        _free.append(region)
    return None


def empty(shape: tuple[int, ...]) -> Floats:
    """Return an array that has not been written, as `numpy.empty` does.

    Examples
    --------
    >>> empty((4, 3)).shape
    (4, 3)
    """
    values = math.prod(shape)
    if values < VALUES_MIN or not _MAY_BE_MARKED_FREE:
        return np.empty(shape)
    region = _kept(values) or _Region(values)
    return np.asarray(_Loan(region, values, _free)).reshape(shape)

"""Keeps the memory of large messages in the process between two calls.

The C library maps every block above a limit freshly from the kernel and gives it back when it is freed, so that each
copy of an 8 MB array costs two thousand page faults: more than the copy itself, and more than most indicators. With a
higher limit the blocks stay in the heap and are used again.
"""

from __future__ import annotations

import ctypes
import platform

MIB = 1024 * 1024
MMAP_THRESHOLD_BYTES = 32 * MIB
"""The most that glibc allows; messages are smaller."""

TRIM_THRESHOLD_BYTES = 256 * MIB
"""Free memory at the end of a heap that is kept."""

ARENAS_MAX = 2
"""Heaps among which threads are spread; each keeps its own free memory."""

# The names' numbers in glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8


def keep_large_buffers() -> bool:
    """Raise the limits of the C library's allocator; returns whether it is one that has them."""
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    settings = (
        (_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES),
        (_TRIM_THRESHOLD, TRIM_THRESHOLD_BYTES),
        (_ARENA_MAX, ARENAS_MAX),
    )
    accepted = [mallopt(name, value) == 1 for name, value in settings]
    return all(accepted)

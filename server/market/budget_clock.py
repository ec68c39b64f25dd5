"""The clocks that a budget reads."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Protocol

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """What time it is, told in two ways."""

    def wall_s(self) -> float:
        """Return seconds since 1970 as the wall clock has them: comparable across boots, and it may be set."""

    def uptime_s(self) -> float:
        """Return seconds since the machine started: the same for all processes, and nobody sets it."""

    def boot(self) -> str:
        """Return a name of this start of the machine; empty where there is none."""

    async def sleep(self, duration_s: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's clocks."""

    def __init__(self) -> None:
        self._boot = _BOOT_ID.read_text().strip() if _BOOT_ID.is_file() else ""

    def wall_s(self) -> float:
        """Return `time.time`."""
        return time.time()

    def uptime_s(self) -> float:
        """Return the time since the boot, with the time asleep where the system tells it."""
        boottime = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic() if boottime is None else time.clock_gettime(boottime)

    def boot(self) -> str:
        """Return Linux's boot id; elsewhere a start shows by an uptime that has gone back."""
        return self._boot

    async def sleep(self, duration_s: float) -> None:
        """Wait; at least let others run."""
        await asyncio.sleep(duration_s)

"""Counts and times of calls and kernels since the start."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from riskwave.server.call import Call


@dataclass(slots=True)
class MethodCounts:
    """Counts and times of one method."""

    ok_count: int = 0
    error_counts: dict[str, int] = field(default_factory=dict)
    active_count: int = 0
    total_s: float = 0.0
    max_s: float = 0.0


@dataclass(slots=True)
class KernelCounts:
    """Counts and times of one kernel."""

    call_count: int = 0
    queue_s: float = 0.0
    compute_s: float = 0.0


class Statistics:
    """Everything that GetStatistics tells. Used by the event loop only, so nothing is locked."""

    def __init__(self) -> None:
        self.start_time_s = time.time()
        self.methods: dict[str, MethodCounts] = {}
        self.kernels: dict[str, KernelCounts] = {}

    def begin(self, method: str) -> MethodCounts:
        """Count a call that begins and return its method's counts."""
        counts = self.methods.get(method)
        if counts is None:
            counts = self.methods[method] = MethodCounts()
        counts.active_count += 1
        return counts

    def end(self, counts: MethodCounts, call: Call, code: str, duration_s: float) -> None:
        """Count a call that has ended with `code`, the status code's name."""
        counts.active_count -= 1
        counts.total_s += duration_s
        counts.max_s = max(counts.max_s, duration_s)
        if code == "OK":
            counts.ok_count += 1
        else:
            counts.error_counts[code] = counts.error_counts.get(code, 0) + 1
        if call.kernel:
            kernel = self.kernels.get(call.kernel)
            if kernel is None:
                kernel = self.kernels[call.kernel] = KernelCounts()
            kernel.call_count += 1
            kernel.queue_s += call.queue_s
            kernel.compute_s += call.compute_s

"""How far a run has come, and when its next estimate is due."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from riskwave.compute.errors import InputError
from riskwave.server.chunk_runner import ChunkOutcome
from riskwave.server.recent_rate import RecentRate
from riskwave.server.results import set_duration

if TYPE_CHECKING:
    from riskwave.server.chunk_runner import ChunkRun
    from riskwave.v1 import simulation_pb2
    from riskwave.v1 import simulation_service_pb2 as pb

R = TypeVar("R", bound=ChunkOutcome)

INTERVAL_S: Final = 0.5
INTERVAL_MIN_S: Final = 0.05
SUMMARY_SHARE_MAX: Final = 0.25
"""Estimates on the way take at most this share of the time."""


def interval_s(request: pb.StreamSimulationRequest | pb.StreamPriceRequest) -> float:
    """Return the shortest time between two estimates.

    Raises
    ------
    InputError
        For a time below `INTERVAL_MIN_S`.
    """
    if not request.HasField("min_interval"):
        return INTERVAL_S
    wanted_s = request.min_interval.seconds + request.min_interval.nanos / 1e9
    if not wanted_s >= INTERVAL_MIN_S:
        raise InputError("min_interval", f"{wanted_s:g} s", f"at least {INTERVAL_MIN_S:g} s")
    return wanted_s


class Progress:
    """Follows one run.

    Parameters
    ----------
    interval_s
        Shortest time between two estimates.
    """

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._last_s = self._begin_s = time.perf_counter()
        self._summary_s, self._sent = 0.0, 0
        self._rate = RecentRate()
        self._rate.note(self._last_s, 0)

    def due(self, run: ChunkRun[Any, R]) -> list[R]:
        """Note how far the run has come and return what an estimate is due of, in plan order; nothing before it is."""
        now_s = time.perf_counter()
        self._rate.note(now_s, run.paths_done)
        if now_s - self._last_s < max(self._interval_s, self._summary_s / SUMMARY_SHARE_MAX):
            return []
        prefix = run.prefix()
        if len(prefix) == self._sent or len(prefix) == len(run.chunks):
            return []
        self._begin_s, self._sent = now_s, len(prefix)
        return prefix

    def made(self) -> None:
        """Note that the estimate that was due is there; the longer it took, the later the next."""
        self._last_s = time.perf_counter()
        self._summary_s = self._last_s - self._begin_s

    def fill(self, message: simulation_pb2.SimulationProgress, run: ChunkRun[Any, R], *, final: bool = False) -> None:
        """Write how far the run has come; nothing is left of one that has ended, were it early."""
        message.paths_done = run.paths_done
        message.paths_total = run.spec.paths
        message.paths_per_second = self._rate.per_second
        left = 0 if final else run.spec.paths - run.paths_done
        set_duration(message.time_left, left / max(message.paths_per_second, 1e-9))

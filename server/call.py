"""What is known about the call that is being answered."""

from __future__ import annotations

import math
import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message


B = TypeVar("B", bound="Callable[..., object]")


def open_ended(behavior: B) -> B:
    """Mark what answers a call that stays open until its caller ends it.

    It gets no deadline but one that the caller names, and ends when the server begins to stop, so that its caller goes
    on elsewhere.
    """
    behavior.open_ended = True  # type: ignore[attr-defined] # a mark that the dispatcher reads
    return behavior


class WorkCancelledError(Exception):
    """The caller has gone or the time is up: a computation found out at one of its checkpoints."""


class CancelToken:
    """A flag that the event loop sets and computing threads look at between two slices of work."""

    __slots__ = ("_cancelled",)

    def __init__(self) -> None:
        self._cancelled = False

    def cancel(self) -> None:
        """Ask everything that works for this call to stop."""
        self._cancelled = True

    @property
    def cancelled(self) -> bool:
        """True once the work is no longer wanted."""
        return self._cancelled

    def check(self) -> None:
        """Raise `WorkCancelledError` once the work is no longer wanted. Costs a few nanoseconds; call it often."""
        if self._cancelled:
            raise WorkCancelledError


@dataclass(slots=True)
class Call:
    """One call, from its arrival to its answer.

    Parameters
    ----------
    method
        Full method name, such as ``riskwave.v1.RiskService/AnalyzePortfolio``.
    correlation_id
        Given by the caller or made here.
    peer
        Address of the caller as gRPC gives it.
    """

    method: str
    correlation_id: str
    peer: str = ""
    token: CancelToken = field(default_factory=CancelToken)
    #: `time.perf_counter` at the arrival.
    arrival_s: float = field(default_factory=time.perf_counter)
    #: `time.perf_counter` when the answer is due.
    deadline_s: float = math.inf
    #: The request, kept for the log line of an error. None for streams of requests.
    request: Message | None = None
    #: Seconds that work for this call has waited for a thread.
    queue_s: float = 0.0
    #: Seconds of computation. With several threads at once, the time from the first to the last.
    compute_s: float = 0.0
    #: Seconds that the call has waited for kernels that were compiled meanwhile.
    compile_s: float = 0.0
    #: What computed, such as oscillators.RSI; empty when nothing did.
    kernel: str = ""


CURRENT_CALL: ContextVar[Call | None] = ContextVar("riskwave_call", default=None)
"""The call that this task, or this computing thread, works for."""

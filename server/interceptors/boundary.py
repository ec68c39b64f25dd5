"""The boundary of every call: nothing enters unnumbered, and nothing leaves as an exception."""

from __future__ import annotations

import asyncio
import concurrent.futures
import time
from typing import TYPE_CHECKING, Any, Self

import grpc
from structlog.contextvars import bind_contextvars

from riskwave.server import errors
from riskwave.server.call import CURRENT_CALL, Call
from riskwave.server.interceptors.call_log import elapsed_s, error_context
from riskwave.server.interceptors.correlation import CORRELATION_KEY, choose_correlation_id
from riskwave.server.status import DETAILS_KEY, make_status

if TYPE_CHECKING:
    from types import TracebackType

    from riskwave.server.interceptors.admission import Admission
    from riskwave.server.interceptors.call_log import CallLog
    from riskwave.server.interceptors.statistics import Statistics

# What grpc raises from `context.write` when the caller has gone; it has no public name.
_CALLER_GONE_NAME = "ExecuteBatchError"

WITHOUT_KERNELS = "riskwave.v1.SystemService/"
"""Calls that are answered from the first moment on."""


class CallBoundary:
    """What all calls share; `open` gives the boundary of one.

    Parameters
    ----------
    admission, statistics, translator
        The steps that have state.
    ready
        Set when the kernels are warm. Calls that come before wait, but for those of `WITHOUT_KERNELS`.
    call_log
        Writes the line of each call.
    default_deadline_s, deadline_max_s
        Time that a call gets that names none, and the most that is kept of what a call names.
    show_defects
        Send the traceback of a defect to the caller: in the development profile only.
    """

    def __init__(
        self,
        *,
        admission: Admission,
        statistics: Statistics,
        translator: errors.Translator,
        ready: asyncio.Event,
        call_log: CallLog,
        default_deadline_s: float,
        deadline_max_s: float,
        show_defects: bool,
    ) -> None:
        self.admission = admission
        self.statistics = statistics
        self.translator = translator
        self.ready = ready
        self.call_log = call_log
        self.default_deadline_s = default_deadline_s
        self.deadline_max_s = deadline_max_s
        self.show_defects = show_defects

    def open(self, method: str, context: Any) -> CallGuard:
        """Return the boundary of one call, to be entered with ``async with``."""
        return CallGuard(self, method, context)


class CallGuard:
    """The boundary of one call.

    Whatever leaves the block is answered: with OK by the code that follows the block, or here with a complete status.
    The only exception that passes is grpc's own, by which it knows that the answer has been given.
    """

    __slots__ = (
        "_admitted",
        "_context",
        "_counts",
        "_deadline_s",
        "_expired",
        "_open_ended",
        "_shared",
        "_stopped",
        "_task",
        "_timer",
        "call",
    )

    def __init__(self, shared: CallBoundary, method: str, context: Any) -> None:
        self._shared = shared
        self._context = context
        self._admitted = False
        self._expired = False
        self._open_ended = False
        self._stopped = False
        self._deadline_s: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._task = asyncio.current_task()
        correlation_id = choose_correlation_id(context.invocation_metadata())
        self.call = Call(method, correlation_id, context.peer())
        self._counts = shared.statistics.begin(method)

    async def __aenter__(self) -> Self:
        call = self.call
        CURRENT_CALL.set(call)
        bind_contextvars(correlation_id=call.correlation_id)
        return self

    async def begin(self, *, open_ended: bool = False) -> None:
        """Return the correlation id to the caller, start the clock, and ask for admission.

        An open-ended call keeps the caller's deadline, or none, and ends when the server begins to stop.
        """
        await self._context.send_initial_metadata(((CORRELATION_KEY, self.call.correlation_id),))
        self._shared.admission.enter(open_ended=open_ended)
        self._admitted, self._open_ended = True, open_ended
        remaining_s = self._context.time_remaining()
        if open_ended:
            self._shared.admission.end_at_stop(self._shut_down)
        elif remaining_s is None:
            self._start_timer(self._shared.default_deadline_s)
        elif remaining_s > self._shared.deadline_max_s:
            self._start_timer(self._shared.deadline_max_s)
        limit_s = remaining_s if self._deadline_s is None else self._deadline_s
        assert limit_s is not None or open_ended
        if limit_s is not None:
            self.call.deadline_s = time.perf_counter() + limit_s
        if not self._shared.ready.is_set() and not self.call.method.startswith(WITHOUT_KERNELS):
            await self._shared.ready.wait()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        call = self.call
        if self._timer is not None:
            self._timer.cancel()
        if self._admitted:
            self._shared.admission.leave(open_ended=self._open_ended)
            self._shared.admission.forget(self._shut_down)
        if error is None:
            duration_s = elapsed_s(call)
            self._shared.statistics.end(self._counts, call, "OK", duration_s)
            self._shared.call_log.ok(call, duration_s)
            return False
        call.token.cancel()
        if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
            self._shared.statistics.end(self._counts, call, "CANCELLED", elapsed_s(call))
            return False
        await self._fail(error)
        return False

    def _start_timer(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._timer = asyncio.get_running_loop().call_later(deadline_s, self._expire)

    def _expire(self) -> None:
        """Stop the work because the server's own deadline has passed, and let the task answer."""
        self._expired = True
        self.call.token.cancel()
        if self._task is not None:
            self._task.cancel()

    def _shut_down(self) -> None:
        """Stop the work because the server stops, and let the task answer."""
        self._stopped = True
        self.call.token.cancel()
        if self._task is not None:
            self._task.cancel()

    async def _fail(self, error: BaseException) -> None:
        call = self.call
        answer, caller_gone = self._judge(error)
        defect = error if answer.code is grpc.StatusCode.INTERNAL else None
        duration_s = elapsed_s(call)
        self._shared.statistics.end(self._counts, call, answer.code.name, duration_s)
        context = error_context(answer, call)
        self._shared.call_log.error(answer, call, duration_s, context, defect)
        if caller_gone:
            # Nobody listens. Cancellation goes on, so that grpc closes its side of the call.
            raise error
        status = make_status(answer, call, context, defect if self._shared.show_defects else None)
        await self._context.abort(answer.code, status.message, ((DETAILS_KEY, status.SerializeToString()),))

    def _judge(self, error: BaseException) -> tuple[errors.CallError, bool]:
        """Return what to answer, and whether the caller has gone.

        A handler that ends with CancelledError is never answered by grpc, so that its caller would wait for ever. Only
        when grpc itself has cancelled the task has the caller gone; a cancellation that came from within, such as that
        of a future of the cluster, is a failure like others.
        """
        cancellations = self._task.cancelling() if self._task is not None else 0
        if self._expired and isinstance(error, asyncio.CancelledError):
            if self._task is not None:
                self._task.uncancel()
            return errors.deadline_exceeded(self._deadline_s), cancellations > 1
        if self._stopped and isinstance(error, asyncio.CancelledError):
            if self._task is not None:
                self._task.uncancel()
            return errors.shutting_down(), cancellations > 1
        if isinstance(error, asyncio.CancelledError) and cancellations:
            return self._caller_gone(), True
        if type(error).__name__ == _CALLER_GONE_NAME:
            return self._caller_gone(), True
        if isinstance(error, asyncio.CancelledError | concurrent.futures.CancelledError):
            return errors.backend_unavailable("the work was cancelled by the server; try again"), False
        return self._shared.translator.translate(error, self.call.correlation_id), False

    def _caller_gone(self) -> errors.CallError:
        """Tell a deadline that has passed from a caller that has cancelled; grpc cancels the task for both."""
        return errors.deadline_exceeded(None) if self._context.time_remaining() == 0 else errors.cancelled()

"""One log line a call; for an error, everything that is needed to follow it up.

A line through the whole of structlog takes a quarter of a millisecond, which is as long as a small call. Lines of calls
that went well are therefore written in batches where the process has laid its log files (`batch_call_lines`): ten times
a second, formatted by hand, one write for all. Lines of errors are written at once, after those that wait.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import structlog

from riskwave.server.interceptors.describe import describe_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from riskwave.server.call import Call
    from riskwave.server.errors import CallError

LOGGER_NAME = "riskwave.server.calls"
FLUSH_S = 0.1

_log = structlog.get_logger(LOGGER_NAME)


class _Place(NamedTuple):
    """Where a batch is written: the same for all its lines."""

    process: int
    thread: str


_LineFormat: TypeAlias = "Callable[[_Place, float, Call, float], str]"


def error_context(error: CallError, call: Call) -> dict[str, str]:
    """Return type, endpoint, time and parameters of an error: what its log line and its caller both get."""
    return {
        "type": error.error_type,
        "endpoint": call.method,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "parameters": describe_request(call.request),
    }


def elapsed_s(call: Call) -> float:
    """Return the seconds since the call arrived."""
    return time.perf_counter() - call.arrival_s


class CallLog:
    """Writes each line as its call ends."""

    def ok(self, call: Call, duration_s: float) -> None:
        """Write the line of a call that was answered."""
        _log.info("call", code="OK", **_common(call, duration_s))

    def error(
        self, error: CallError, call: Call, duration_s: float, context: dict[str, str], defect: BaseException | None
    ) -> None:
        """Write the line of a call that failed; with the traceback when the cause is a defect of ours."""
        line: dict[str, Any] = {
            "code": error.code.name,
            **_common(call, duration_s),
            "reason": error.reason,
            "error": error.message,
            "type": error.error_type,
            "time": context["time"],
            "parameters": context["parameters"],
            "details": error.metadata,
        }
        if defect is not None:
            _log.error("call failed", **line, exc_info=defect)
        elif error.error_type in {"upstream", "overload", "config"}:
            _log.warning("call failed", **line)
        else:
            _log.info("call failed", **line)

    def flush(self) -> None:
        """Write what waits."""


class BatchedCallLog(CallLog):
    """Writes the lines of calls that went well ten times a second. Used by the event loop only."""

    def __init__(self) -> None:
        self._logger = logging.getLogger(LOGGER_NAME)
        self._waiting: list[tuple[float, Call, float]] = []
        self._timer: asyncio.TimerHandle | None = None

    def ok(self, call: Call, duration_s: float) -> None:
        """Note the line of a call that was answered."""
        self._waiting.append((time.time(), call, duration_s))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self.flush)

    def error(
        self, error: CallError, call: Call, duration_s: float, context: dict[str, str], defect: BaseException | None
    ) -> None:
        """Write the line of a call that failed, after those that wait."""
        self.flush()
        super().error(error, call, duration_s, context, defect)

    def flush(self) -> None:
        """Write what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        if waiting and self._logger.isEnabledFor(logging.INFO):
            record = self._logger.makeRecord(LOGGER_NAME, logging.INFO, __file__, 0, "call", (), None)
            record.call_lines = waiting
            self._logger.handle(record)


class CallLineFormatter(logging.Formatter):
    """Formats batches of calls by hand, and everything else as the formatter that it stands before."""

    def __init__(self, inner: logging.Formatter | None, *, as_json: bool) -> None:
        super().__init__()
        self._inner = inner or logging.Formatter()
        self._line = _json_line if as_json else _console_line

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        batch = getattr(record, "call_lines", None)
        if batch is None:
            return self._inner.format(record)
        # A rotating file asks for the text twice: to see whether it still fits, and to write it.
        texts: dict[_LineFormat, str] = record.__dict__.setdefault("call_texts", {})
        if self._line not in texts:
            place = _Place(os.getpid(), threading.current_thread().name)
            texts[self._line] = "\n".join([self._line(place, *line) for line in batch])
        return texts[self._line]


def batch_call_lines(*, console_json: bool) -> BatchedCallLog:
    """Prepare the handlers of this process for batches and return the log that writes them.

    Parameters
    ----------
    console_json
        Whether the console has JSON lines; files always do.
    """
    for handler in logging.getLogger().handlers:
        as_json = console_json or isinstance(handler, logging.FileHandler)
        handler.setFormatter(CallLineFormatter(handler.formatter, as_json=as_json))
    return BatchedCallLog()


def _common(call: Call, duration_s: float) -> dict[str, Any]:
    return {
        "method": call.method,
        "duration_ms": round(duration_s * 1e3, 3),
        "queue_ms": round(call.queue_s * 1e3, 3),
        "compute_ms": round(call.compute_s * 1e3, 3),
        "peer": call.peer,
        "correlation_id": call.correlation_id,
    }


@lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    return json.dumps(text)


def _json_line(place: _Place, time_s: float, call: Call, duration_s: float) -> str:
    # The fields and their order are those of every other line, see riskwave.config.logging; method and correlation id
    # have no character that JSON would have to escape.
    return (
        f'{{"timestamp": "{_iso(time_s)}", "level": "info", "logger": "{LOGGER_NAME}", "component": "server", '
        f'"process": {place.process}, "thread_name": "{place.thread}", "module": "call_log", '
        f'"event": "call", "code": "OK", "method": "{call.method}", '
        f'"duration_ms": {round(duration_s * 1e3, 3)}, "queue_ms": {round(call.queue_s * 1e3, 3)}, '
        f'"compute_ms": {round(call.compute_s * 1e3, 3)}, "peer": {_quoted(call.peer)}, '
        f'"correlation_id": "{call.correlation_id}"}}'
    )


def _console_line(place: _Place, time_s: float, call: Call, duration_s: float) -> str:
    return (
        f"{_iso(time_s)} [info     ] call                           [{LOGGER_NAME}] component=server "
        f"process={place.process} thread_name={place.thread} module=call_log "
        f"code=OK method={call.method} duration_ms={round(duration_s * 1e3, 3)} "
        f"queue_ms={round(call.queue_s * 1e3, 3)} compute_ms={round(call.compute_s * 1e3, 3)} peer={call.peer} "
        f"correlation_id={call.correlation_id}"
    )


def _iso(time_s: float) -> str:
    second = int(time_s)
    return f"{_iso_second(second)}.{int((time_s - second) * 1e6):06d}Z"


@lru_cache(maxsize=16)
def _iso_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")

"""One log line a call; for an error, everything that is needed to follow it up."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog

from riskwave.server.interceptors.describe import describe_request

if TYPE_CHECKING:
    from riskwave.server.call import Call
    from riskwave.server.errors import CallError

_log = structlog.get_logger("riskwave.server.calls")


def error_context(error: CallError, call: Call) -> dict[str, str]:
    """Return type, endpoint, time and parameters of an error: what its log line and its caller both get."""
    return {
        "type": error.error_type,
        "endpoint": call.method,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "parameters": describe_request(call.request),
    }


def log_ok(call: Call, duration_s: float) -> None:
    """Write the line of a call that was answered."""
    _log.info("call", code="OK", **_common(call, duration_s))


def log_error(
    error: CallError, call: Call, duration_s: float, context: dict[str, str], defect: BaseException | None
) -> None:
    """Write the line of a call that failed; with the traceback when the cause is a defect of ours."""
    line: dict[str, Any] = {
        "code": error.code.name,
        "reason": error.reason,
        "error": error.message,
        "type": error.error_type,
        "time": context["time"],
        "parameters": context["parameters"],
        "details": error.metadata,
        **_common(call, duration_s),
    }
    if defect is not None:
        _log.error("call failed", **line, exc_info=defect)
    elif error.error_type in {"upstream", "overload", "config"}:
        _log.warning("call failed", **line)
    else:
        _log.info("call failed", **line)


def _common(call: Call, duration_s: float) -> dict[str, Any]:
    return {
        "method": call.method,
        "duration_ms": round(duration_s * 1e3, 3),
        "queue_ms": round(call.queue_s * 1e3, 3),
        "compute_ms": round(call.compute_s * 1e3, 3),
        "peer": call.peer,
        "correlation_id": call.correlation_id,
    }


def elapsed_s(call: Call) -> float:
    """Return the seconds since the call arrived."""
    return time.perf_counter() - call.arrival_s

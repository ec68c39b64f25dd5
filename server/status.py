"""google.rpc.Status from a `CallError`, small enough for gRPC's metadata."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from riskwave.server.call import Call
    from riskwave.server.errors import CallError, FieldViolation

DOMAIN = "riskwave"
STATUS_BYTES_MAX = 3_600
VIOLATION_COUNT_MAX = 100
DETAILS_KEY = "grpc-status-details-bin"


def make_status(
    error: CallError, call: Call, context: dict[str, str], defect: BaseException | None = None
) -> status_pb2.Status:
    """Return the status of an error.

    Parameters
    ----------
    error
        What the caller is told.
    call
        The call that it answers.
    context
        Where and when: type, endpoint, time, parameters; goes into ErrorInfo's metadata.
    defect
        The exception behind, to be sent as DebugInfo. None outside the development profile.

    Returns
    -------
    google.rpc.status_pb2.Status
        Of less than `STATUS_BYTES_MAX` bytes: what can be spared is left out, the longest first.
    """
    violations = list(error.violations[:VIOLATION_COUNT_MAX])
    optional = dict(context)
    debug = _debug_info(defect) if defect is not None else None
    while True:
        status = _assemble(error, call, optional, violations, debug)
        if status.ByteSize() <= STATUS_BYTES_MAX:
            return status
        if debug is not None:
            debug = None
        elif "parameters" in optional:
            del optional["parameters"]
        elif len(violations) > 1:
            del violations[len(violations) * 3 // 4 :]
        else:
            return _assemble(error, call, optional, [], None)


def _assemble(
    error: CallError,
    call: Call,
    context: dict[str, str],
    violations: list[FieldViolation],
    debug: error_details_pb2.DebugInfo | None,
) -> status_pb2.Status:
    metadata = context | error.metadata
    if len(violations) < len(error.violations):
        metadata["violations_left_out"] = str(len(error.violations) - len(violations))
    details: list[Message] = [
        error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=metadata),
        error_details_pb2.RequestInfo(request_id=call.correlation_id),
    ]
    if violations:
        bad_request = error_details_pb2.BadRequest()
        for violation in violations:
            bad_request.field_violations.add(field=violation.field, description=violation.description)
        details.append(bad_request)
    if error.retry_after_s is not None:
        delay = Duration()
        delay.FromNanoseconds(round(error.retry_after_s * 1e9))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    if debug is not None:
        details.append(debug)
    status = status_pb2.Status(code=error.code.value[0], message=error.message)
    for detail in details:
        status.details.add().Pack(detail)
    return status


def _debug_info(defect: BaseException) -> error_details_pb2.DebugInfo:
    """Return the end of the traceback, which is where the defect is."""
    lines = traceback.format_exception(defect)
    return error_details_pb2.DebugInfo(stack_entries=[line[-300:] for line in lines[-5:]], detail=repr(defect)[:300])

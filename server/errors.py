"""What an answer that is not OK carries, and how exceptions become one.

Every error is a google.rpc.Status with ErrorInfo (reason, domain riskwave) and RequestInfo (correlation id), with
BadRequest and RetryInfo where they apply. gRPC's metadata is limited to 8 KiB, so the status is kept below 4 KiB.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import grpc

from riskwave.compute.errors import InputError, SnapshotError, UnknownNameError
from riskwave.server.call import WorkCancelledError
from riskwave.v1.codec import CodecError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ErrorType = Literal["validation", "not_found", "conflict", "config", "upstream", "overload", "cancelled", "internal"]
"""Whose matter an error is; the `type` of the log line."""

MESSAGE_BYTES_MAX = 1_000
"""Of a message in UTF-8; gRPC sends it twice, once with three bytes for each that is not ASCII."""

VALUE_LENGTH_MAX = 300


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field of the request that is wrong."""

    field: str
    description: str


class CallError(Exception):
    """An answer that is not OK, with everything that it carries.

    Parameters
    ----------
    code
        The gRPC status code.
    reason
        A name of the contract's ErrorReason, without its prefix.
    message
        For people: what was wrong, what was given and what would be right.
    error_type
        Whose matter it is.
    violations
        The request's fields that are wrong.
    retry_after_s
        Seconds after which the same call may succeed.
    metadata
        The dynamic values of the message, by name, for machines.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        message: str,
        *,
        error_type: ErrorType,
        violations: tuple[FieldViolation, ...] = (),
        retry_after_s: float | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        self.code = code
        self.reason = reason
        self.message = _shorten(message)
        self.error_type: ErrorType = error_type
        self.violations = violations
        self.retry_after_s = retry_after_s
        self.metadata = {name: value[:VALUE_LENGTH_MAX] for name, value in (metadata or {}).items()}
        super().__init__(self.message)


def _shorten(message: str) -> str:
    encoded = message.encode(errors="replace")
    if len(encoded) <= MESSAGE_BYTES_MAX:
        return message
    return encoded[: MESSAGE_BYTES_MAX - 3].decode(errors="ignore") + "..."


def invalid_field(
    reason: str,
    field: str,
    value: str,
    allowed: str,
) -> CallError:
    """Return the error of one field that has a value that it may not have."""
    message = _shorten(f"{field} was {value}; it must be {allowed}")
    return CallError(
        grpc.StatusCode.INVALID_ARGUMENT,
        reason,
        message,
        error_type="validation",
        violations=(FieldViolation(field, message),),
        metadata={"field": field, "value": value, "allowed": allowed},
    )


def refused_input(
    error: InputError,
    field: str | None = None,
    *,
    code: grpc.StatusCode = grpc.StatusCode.INVALID_ARGUMENT,
) -> CallError:
    """Return what a caller is told of an input that is wrong, in its own words.

    Parameters
    ----------
    error
        What is wrong.
    field
        The request's name for the field, where it is another one than the error's.
    code
        The status.
    """
    if field is not None:
        error.relocate(field)
    metadata = {"field": error.field, "value": error.value, "allowed": error.allowed}
    if isinstance(error, UnknownNameError) and error.near:
        metadata["near"] = ", ".join(error.near)
    message = _shorten(str(error))
    return CallError(
        code,
        error.reason,
        message,
        error_type="not_found" if code is grpc.StatusCode.NOT_FOUND else "validation",
        violations=(FieldViolation(error.field, message),),
        metadata=metadata,
    )


def not_found(reason: str, field: str, value: str, message: str) -> CallError:
    """Return the error of a symbol, a portfolio or a job that does not exist."""
    return CallError(
        grpc.StatusCode.NOT_FOUND,
        reason,
        message,
        error_type="not_found",
        violations=(FieldViolation(field, message),),
        metadata={"field": field, "value": value},
    )


def too_large(field: str, value: str, allowed: str) -> CallError:
    """Return the error of a request whose work or answer exceeds a limit."""
    return invalid_field("REQUEST_TOO_LARGE", field, value, allowed)


def malformed_request(method: str) -> CallError:
    """Return the error of bytes that are not the method's request."""
    return CallError(
        grpc.StatusCode.INVALID_ARGUMENT,
        "MALFORMED_REQUEST",
        f"the bytes of the request are not a message of {method}",
        error_type="validation",
    )


def not_implemented(method: str) -> CallError:
    """Return the error of a call that the contract has and this server has not."""
    return CallError(
        grpc.StatusCode.UNIMPLEMENTED,
        "NOT_IMPLEMENTED",
        f"{method} is not served by this version; GetServerInfo lists what is",
        error_type="not_found",
        metadata={"method": method},
    )


def overloaded(message: str, retry_after_s: float) -> CallError:
    """Return the error of a server that has too much to do."""
    return CallError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "SERVER_OVERLOADED",
        message,
        error_type="overload",
        retry_after_s=retry_after_s,
    )


def shutting_down() -> CallError:
    """Return the error of a call that came while the server was stopping."""
    return CallError(
        grpc.StatusCode.UNAVAILABLE,
        "SHUTTING_DOWN",
        "the server is stopping; another one, or this one after its start, will answer",
        error_type="overload",
        retry_after_s=1.0,
    )


def backend_unavailable(message: str) -> CallError:
    """Return the error of a store or a cluster that cannot be reached."""
    return CallError(
        grpc.StatusCode.UNAVAILABLE,
        "BACKEND_UNAVAILABLE",
        message,
        error_type="upstream",
        retry_after_s=1.0,
    )


def deadline_exceeded(deadline_s: float | None) -> CallError:
    """Return the error of a call whose time was up; `deadline_s` is the server's own limit where that ended it."""
    if deadline_s is None:
        message = "the caller's deadline passed before the answer was ready"
    else:
        message = f"the answer was not ready within the server's limit of {deadline_s:g} s"
    return CallError(grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", message, error_type="cancelled")


def cancelled() -> CallError:
    """Return the error of a call that its caller gave up."""
    return CallError(grpc.StatusCode.CANCELLED, "CANCELLED", "the caller cancelled", error_type="cancelled")


def internal(correlation_id: str) -> CallError:
    """Return what a caller learns of a defect: its correlation id."""
    return CallError(
        grpc.StatusCode.INTERNAL,
        "INTERNAL",
        f"the server failed; its log has the details under correlation id {correlation_id}",
        error_type="internal",
    )


def _from_input_error(error: InputError) -> CallError:
    return refused_input(error)


def _from_snapshot_error(error: SnapshotError) -> CallError:
    return refused_input(error, code=grpc.StatusCode.FAILED_PRECONDITION)


def _from_codec_error(error: CodecError) -> CallError:
    reason = "SHAPE_MISMATCH" if error.field.endswith(".shape") else "FIELD_INVALID"
    return invalid_field(reason, error.field, error.value, error.allowed)


class Translator:
    """Turns the exceptions of the layers below into `CallError`.

    The services' exceptions are added where the server is put together, so that this module knows none of them.
    """

    def __init__(self) -> None:
        self._rules: dict[type[BaseException], Callable[..., CallError]] = {
            InputError: _from_input_error,
            SnapshotError: _from_snapshot_error,
            CodecError: _from_codec_error,
            WorkCancelledError: lambda _error: cancelled(),
        }

    def add(self, kind: type[BaseException], rule: Callable[..., CallError]) -> None:
        """Translate `kind`, and what derives from it without a rule of its own, by `rule`."""
        self._rules[kind] = rule

    def translate(self, error: BaseException, correlation_id: str) -> CallError:
        """Return what the caller is told of `error`; the most specific rule wins, a stranger is a defect."""
        if isinstance(error, CallError):
            return error
        for kind in type(error).__mro__:
            rule = self._rules.get(kind)
            if rule is not None:
                return rule(error)
        return internal(correlation_id)

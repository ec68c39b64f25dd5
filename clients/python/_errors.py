"""Everything that a call can raise, and how a status of the server becomes one of them.

RiskwaveError                         every error of a call
├── InvalidRequestError               a field has a value that it may not have (also a ValueError)
│   ├── UnknownNameError              no such indicator, model, measure or parameter; has near names
│   └── MessageTooLargeError          the request or the answer exceeds a message
├── NotFoundError                     no such symbol, portfolio or job (also a LookupError); has near names
├── PreconditionError                 nothing is wrong with the request, but it cannot be answered as things are
│   └── ConflictError                 the stored version or the state is another one than the call assumes
├── OverloadedError                   the server has too much to do, or a budget is used up; has retry_after_s
├── UnavailableError                  the server, its store, its cluster or every price source is out of reach
├── DeadlineExceededError             no answer in time (also a TimeoutError)
├── CallCancelledError                the call was cancelled before it was answered
├── AccessDeniedError                 no token, a wrong one, or one that does not allow the call
├── NotImplementedByServerError       the contract has the call, this server's version has not
└── InternalError                     a defect of the server; its log has the details under the correlation id
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from riskwave._status_codes import CODE_NAMES


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field of a request that is wrong.

    Attributes
    ----------
    field
        The field's path in the contract, such as ``calls[0].params.timeperiod``; in an import, the row.
    description
        What was given and what would be right.
    """

    field: str
    description: str


class RiskwaveError(Exception):
    """A call was not answered with a result.

    Attributes
    ----------
    message
        What was wrong, what was given and what would be right.
    code
        The gRPC status code's name, such as ``INVALID_ARGUMENT``.
    reason
        What to switch on, such as ``UNKNOWN_SYMBOL``: a name of the contract's ErrorReason. Empty when the server did
        not answer itself.
    correlation_id
        Under which the server's log has the call. Empty when nothing was sent.
    field_violations
        The request's fields that are wrong.
    retry_after_s
        Seconds after which the same call may succeed. None when unknown.
    near_names
        Known names that look like the one that was given.
    metadata
        The dynamic values of the message, by name.
    method
        The call, such as ``RiskService/AnalyzePortfolio``. Empty when nothing was sent.
    """

    def __init__(self, message: str, status: Status | None = None) -> None:
        status = status or Status(message=message)
        self.message = message
        self.code = status.code
        self.reason = status.reason
        self.correlation_id = status.correlation_id
        self.field_violations = status.field_violations
        self.retry_after_s = status.retry_after_s
        self.near_names = status.near_names
        self.metadata = status.metadata
        self.method = status.method
        super().__init__(message, status)

    def __str__(self) -> str:
        """Return the message with the correlation id, by which the server's log is searched."""
        return f"{self.message} [{self.correlation_id}]" if self.correlation_id else self.message

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}({self.message!r}, reason={self.reason!r}, correlation_id={self.correlation_id!r})"
        )


class InvalidRequestError(RiskwaveError, ValueError):
    """A field of the request has a value that it may not have."""


class UnknownNameError(InvalidRequestError):
    """No such indicator, model, measure or parameter; `near_names` has those that look like it."""


class MessageTooLargeError(InvalidRequestError):
    """The request or its answer exceeds what one message may hold."""


class NotFoundError(RiskwaveError, LookupError):
    """No such symbol, portfolio or job; `near_names` has those that look like it."""


class PreconditionError(RiskwaveError):
    """The request is right, but cannot be answered as things are: no feasible portfolio, a missing vendor's key."""


class ConflictError(PreconditionError):
    """The stored version or the state is another one than the call assumes."""


class OverloadedError(RiskwaveError):
    """The server has too much to do, or the caller's or a vendor's budget is used up; see `retry_after_s`."""


class UnavailableError(RiskwaveError):
    """The server, its store, its cluster or every source of prices is out of reach."""


class DeadlineExceededError(RiskwaveError, TimeoutError):
    """No answer came within the call's timeout."""


class CallCancelledError(RiskwaveError):
    """The call was cancelled before it was answered."""


class AccessDeniedError(RiskwaveError):
    """No token, a wrong one, or one that does not allow the call."""


class NotImplementedByServerError(RiskwaveError):
    """The contract has this call, the server's version does not; `client.server.info()` lists what it serves."""


class InternalError(RiskwaveError):
    """A defect of the server, whose log has the details under the correlation id."""


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of a call that failed, whatever the transport said it with."""

    message: str
    code: str = "INVALID_ARGUMENT"
    reason: str = ""
    correlation_id: str = ""
    field_violations: tuple[FieldViolation, ...] = ()
    retry_after_s: float | None = None
    near_names: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
    method: str = ""


_BY_CODE: dict[str, type[RiskwaveError]] = {
    "INVALID_ARGUMENT": InvalidRequestError,
    "OUT_OF_RANGE": InvalidRequestError,
    "NOT_FOUND": NotFoundError,
    "ALREADY_EXISTS": ConflictError,
    "ABORTED": ConflictError,
    "FAILED_PRECONDITION": PreconditionError,
    "RESOURCE_EXHAUSTED": OverloadedError,
    "UNAVAILABLE": UnavailableError,
    "DEADLINE_EXCEEDED": DeadlineExceededError,
    "CANCELLED": CallCancelledError,
    "UNAUTHENTICATED": AccessDeniedError,
    "PERMISSION_DENIED": AccessDeniedError,
    "UNIMPLEMENTED": NotImplementedByServerError,
    "INTERNAL": InternalError,
    "UNKNOWN": InternalError,
    "DATA_LOSS": InternalError,
}
assert set(_BY_CODE) | {"OK"} == set(CODE_NAMES)

_BY_REASON: dict[str, type[RiskwaveError]] = {
    "UNKNOWN_NAME": UnknownNameError,
    "VERSION_CONFLICT": ConflictError,
    "STATE_CONFLICT": ConflictError,
}

_OVERSIZE = re.compile(r"message (?:length )?larger than max \((\d+) vs\. (\d+)\)", re.IGNORECASE)


def make_error(status: Status) -> RiskwaveError:
    """Return the exception of a status: by its reason where that says more than the code.

    gRPC itself answers a message that is too large with RESOURCE_EXHAUSTED and nothing else, as if the server had too
    much to do; told by its text, it becomes what it is.

    Examples
    --------
    >>> make_error(Status(message="no symbol WTX", code="NOT_FOUND", reason="UNKNOWN_SYMBOL"))
    NotFoundError('no symbol WTX', reason='UNKNOWN_SYMBOL', correlation_id='')
    """
    if status.code == "RESOURCE_EXHAUSTED" and not status.reason:
        oversize = _OVERSIZE.search(status.message)
        if oversize is not None:
            return MessageTooLargeError(_explain_oversize(int(oversize[1]), int(oversize[2])), status)
    kind = _BY_REASON.get(status.reason) or _BY_CODE.get(status.code, InternalError)
    return kind(status.message, status)


def _explain_oversize(size: int, limit: int) -> str:
    return (
        f"a message of {size / 2**20:,.1f} MiB exceeds the limit of {limit / 2**20:,.1f} MiB: "
        "send fewer rows in one call, refer to stored prices by symbol, or raise the server's limit"
    )


def invalid(field_path: str, value: object, allowed: str) -> InvalidRequestError:
    """Return the error of an argument that cannot be put into a request, before anything is sent."""
    message = f"{field_path} was {value!r}; it must be {allowed}"
    status = Status(message=message, reason="FIELD_INVALID", field_violations=(FieldViolation(field_path, message),))
    return InvalidRequestError(message, status)

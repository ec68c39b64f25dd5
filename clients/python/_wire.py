"""What both front ends need of gRPC: channel options, metadata, and errors out of statuses."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from riskwave._errors import FieldViolation, RiskwaveError, Status, make_error
from riskwave.v1.system_service_pb2 import GetServerInfoResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    import grpc
    from google.protobuf.message import Message

    from riskwave._calls import Method

DEFAULT_ADDRESS = "localhost:50051"
CORRELATION_KEY = "x-correlation-id"

# Far above the server's limit (16 MiB unless configured), which therefore decides.
MESSAGE_BYTES_MAX = 256 * 2**20
# Requests larger than the retry buffer (256 KiB by default) lose gRPC's own transparent retries.
_RETRY_BUFFER_BYTES = 16 * 2**20
# Not more often than servers tolerate from a client (once in 30 s here, once in 5 min without calls).
_KEEPALIVE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Settings:
    """How a client reaches its server.

    Attributes
    ----------
    address
        Host and port, or any name that gRPC resolves (``dns:///...``, ``unix:...``).
    timeout_s
        Replaces the deadlines of all calls but streams. None keeps each call's own.
    credentials
        For TLS. None is plain text.
    metadata
        Headers that every call carries, such as authorization.
    """

    address: str = DEFAULT_ADDRESS
    timeout_s: float | None = None
    credentials: grpc.ChannelCredentials | None = None
    metadata: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @staticmethod
    def make(
        address: str | None,
        timeout_s: float | None,
        credentials: grpc.ChannelCredentials | None,
        metadata: Mapping[str, str] | None,
    ) -> Settings:
        """Return settings in which the environment fills what was left out."""
        chosen = address or os.environ.get("RISKWAVE_ADDRESS") or DEFAULT_ADDRESS
        return Settings(chosen, timeout_s, credentials, tuple((metadata or {}).items()))

    def deadline_s(self, method: Method[Any, Any], asked_s: float | None) -> float | None:
        """Seconds that a call may take: what was asked for, else the client's, else the method's."""
        if asked_s is not None:
            return asked_s
        if method.timeout_s is None or self.timeout_s is None:
            return method.timeout_s
        return self.timeout_s

    def headers(self, correlation_id: str) -> tuple[tuple[str, str], ...]:
        """Metadata of a call."""
        return (*self.metadata, (CORRELATION_KEY, correlation_id))


def make_correlation_id() -> str:
    """Return a new id of 96 random bits, under which the server logs the call."""
    return os.urandom(12).hex()


def channel_options() -> list[tuple[str, Any]]:
    """Return the options of every channel."""
    return [
        ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
        ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
        ("grpc.per_rpc_retry_buffer_size", _RETRY_BUFFER_BYTES),
        ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 5_000),
    ]


SERVER_MESSAGE_BYTES_MAX = 16 * 2**20
"""The server's limit unless it is configured or has told another."""


def check_size(message: Message, method: Method[Any, Any], limit_bytes: int) -> None:
    """Refuse a request that the server would: it answers only after the whole of it was sent, and logs nothing."""
    size = message.ByteSize()
    if size > limit_bytes:
        text = f"Sent message larger than max ({size} vs. {limit_bytes})"
        raise make_error(Status(message=text, code="RESOURCE_EXHAUSTED", method=method.name))


def told_limit(answer: Any, limit_bytes: int) -> int:
    """Return the limit that an answer tells, if it is the one that does, else the one that is known."""
    if isinstance(answer, GetServerInfoResponse):
        return answer.limits.message_bytes or limit_bytes
    return limit_bytes


def translate(failure: grpc.RpcError, method: Method[Any, Any], correlation_id: str, address: str) -> RiskwaveError:
    """Return our exception for gRPC's."""
    code: str = failure.code().name
    text: str = failure.details() or ""
    trailers: Any = failure.trailing_metadata() or ()
    details = next((value for key, value in trailers if key == "grpc-status-details-bin"), None)
    parts = _read_details(details) if details is not None else _Parts()
    message = parts.message or _explain(code, text, method, address)
    metadata = parts.metadata
    near = tuple(name.strip() for name in metadata["near"].split(",")) if metadata.get("near") else _find_near(message)
    return make_error(
        Status(
            message=message,
            code=code,
            reason=parts.reason,
            correlation_id=parts.correlation_id or correlation_id,
            field_violations=tuple(parts.violations),
            retry_after_s=parts.retry_after_s,
            near_names=near,
            metadata=metadata,
            method=method.name,
        )
    )


def ended_early(method: Method[Any, Any], correlation_id: str) -> RiskwaveError:
    """Return the error of a stream that the server has ended without an answer and without an error."""
    message = f"the server ended {method.name} without an answer"
    return make_error(Status(message=message, code="UNAVAILABLE", correlation_id=correlation_id, method=method.name))


@dataclass
class _Parts:
    message: str = ""
    reason: str = ""
    correlation_id: str = ""
    violations: list[FieldViolation] = field(default_factory=list)
    retry_after_s: float | None = None
    metadata: dict[str, str] = field(default_factory=dict)


def _read_details(details: bytes) -> _Parts:
    parts = _Parts()
    try:
        status = status_pb2.Status.FromString(details)
    except DecodeError:  # a proxy has cut the trailer; code and text are still there
        return parts
    parts.message = status.message
    for packed in status.details:
        kind = packed.type_url.rpartition(".")[2]
        if kind == "ErrorInfo":
            info = error_details_pb2.ErrorInfo.FromString(packed.value)
            parts.reason, parts.metadata = info.reason, dict(info.metadata)
        elif kind == "RequestInfo":
            parts.correlation_id = error_details_pb2.RequestInfo.FromString(packed.value).request_id
        elif kind == "BadRequest":
            found = error_details_pb2.BadRequest.FromString(packed.value).field_violations
            parts.violations += [FieldViolation(one.field, one.description) for one in found]
        elif kind == "RetryInfo":
            delay = error_details_pb2.RetryInfo.FromString(packed.value).retry_delay
            parts.retry_after_s = delay.seconds + delay.nanos * 1e-9
    return parts


_NEAR = re.compile(r"did you mean ([^?]+)\?")


def _find_near(message: str) -> tuple[str, ...]:
    found = _NEAR.search(message)
    return tuple(name.strip(" '\"") for name in found[1].replace(" or ", ", ").split(",")) if found else ()


def _explain(code: str, text: str, method: Method[Any, Any], address: str) -> str:
    """Return what a status that gRPC made itself means for a caller."""
    if code == "UNAVAILABLE":
        return f"no riskwave server answers at {address} ({text})"
    if code == "DEADLINE_EXCEEDED":
        return f"{method.name} was not answered within its timeout; raise timeout_s or ask for less"
    if code == "UNIMPLEMENTED":
        return f"the server at {address} does not know {method.name} ({text})"
    return text or f"{method.name} failed with {code}"

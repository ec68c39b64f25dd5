"""A local gRPC server whose answers a test writes, and clients of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

import riskwave as rw
from riskwave import _methods
from riskwave._calls import Method

METHODS = {one.path: one for one in vars(_methods).values() if isinstance(one, Method)}


def rich_status(
    code: grpc.StatusCode,
    reason: str,
    message: str,
    *,
    correlation_id: str = "server-id",
    violations: dict[str, str] | None = None,
    retry_after_s: float | None = None,
    metadata: dict[str, str] | None = None,
) -> status_pb2.Status:
    """A status as the contract describes it."""
    status = status_pb2.Status(code=code.value[0], message=message)
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason=reason, domain="riskwave", metadata=metadata))
    status.details.add().Pack(error_details_pb2.RequestInfo(request_id=correlation_id))
    if violations:
        bad = error_details_pb2.BadRequest()
        for name, description in violations.items():
            bad.field_violations.add(field=name, description=description)
        status.details.add().Pack(bad)
    if retry_after_s is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMilliseconds(round(retry_after_s * 1e3))
        status.details.add().Pack(retry)
    return status


def abort(context: grpc.ServicerContext, status: status_pb2.Status) -> None:
    """End a call with a rich status."""
    code = next(one for one in grpc.StatusCode if one.value[0] == status.code)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, status.message)


@dataclass
class ScriptedServer(grpc.GenericRpcHandler):
    """Answers each method by a function that the test gives; remembers requests and metadata.

    A function takes the request (or an iterator of requests) and the context; for a method that streams its answers it
    is a generator.
    """

    answers: dict[str, Callable[..., Any]] = field(default_factory=dict)
    requests: list[tuple[str, Any]] = field(default_factory=list)
    correlation_ids: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)
    address: str = ""

    def on(self, method: Method[Any, Any], answer: Callable[..., Any]) -> None:
        self.answers[method.path] = answer

    def fail(
        self,
        method: Method[Any, Any],
        code: grpc.StatusCode,
        reason: str = "",
        message: str = "it failed",
        *,
        times: int | None = None,
        then: Callable[..., Any] | None = None,
        **parts: Any,
    ) -> None:
        """Answer with an error: rich where a reason is given; so many times, and with `then` after that."""
        count = iter(range(times)) if times is not None else None

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            if count is not None and next(count, None) is None:
                assert then is not None
                return then(request, context)
            if reason:
                abort(context, rich_status(code, reason, message, **parts))
            context.abort(code, message)
            return None

        self.on(method, answer)

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        path = details.method
        if path not in self.answers:
            return None
        method, answer = METHODS[path], self.answers[path]
        descriptor = contract_method(path)

        def handle(request: Any, context: grpc.ServicerContext) -> Any:
            self.requests.append((path, request))
            self.correlation_ids.append(dict(context.invocation_metadata()).get("x-correlation-id", ""))
            context.add_callback(self.ended.set)
            return answer(request, context)

        kind = {
            (False, False): grpc.unary_unary_rpc_method_handler,
            (False, True): grpc.unary_stream_rpc_method_handler,
            (True, False): grpc.stream_unary_rpc_method_handler,
            (True, True): grpc.stream_stream_rpc_method_handler,
        }[descriptor.client_streaming, descriptor.server_streaming]
        return kind(handle, method.request_type.FromString, lambda message: message.SerializeToString())


def contract_method(path: str) -> Any:
    """The descriptor of a method by its path."""
    from google.protobuf import descriptor_pool

    service, _, name = path.strip("/").partition("/")
    return descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    handler = ScriptedServer()
    with ThreadPoolExecutor(8) as pool:
        server = grpc.server(pool, handlers=(handler,), options=[("grpc.so_reuseport", 0)])
        handler.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        yield handler
        server.stop(0).wait()


@pytest.fixture
def client(scripted: ScriptedServer) -> Iterator[rw.Client]:
    with rw.connect(scripted.address) as client:
        yield client

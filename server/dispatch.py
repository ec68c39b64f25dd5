"""From the contract's descriptors to handlers: what is served, how it is decoded, and what is not served yet.

A service is an object with one method a call, named as in the contract in snake case: ``ComputeIndicators`` is
``compute_indicators``. It returns a message, or the bytes of one that it has encoded in a thread. A call without such
a method answers UNIMPLEMENTED; there is no second list to be kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import grpc
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from riskwave.server import errors
from riskwave.v1 import (
    indicator_service_pb2,
    job_service_pb2,
    market_data_service_pb2,
    portfolio_service_pb2,
    risk_service_pb2,
    simulation_service_pb2,
    system_service_pb2,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

    from riskwave.server.interceptors.boundary import CallBoundary
    from riskwave.server.runtime import Runtime

SERVICES: dict[str, ServiceDescriptor] = {
    service.full_name: service
    for module in (
        indicator_service_pb2,
        job_service_pb2,
        market_data_service_pb2,
        portfolio_service_pb2,
        risk_service_pb2,
        simulation_service_pb2,
        system_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
}
"""Every service of the contract by its full name."""

Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

LARGE_BYTES = 1 << 20
"""Larger messages are decoded and encoded by a thread: a megabyte costs the event loop a fifth of a millisecond."""


def method_name(method: MethodDescriptor) -> str:
    """Return a call's full name as it is written in logs: ``riskwave.v1.RiskService/StressTest``."""
    return f"{method.containing_service.full_name}/{method.name}"


def snake_case(name: str) -> str:
    """Return the Python name of a call.

    Examples
    --------
    >>> snake_case("GetServerInfo")
    'get_server_info'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def find_behavior(services: Mapping[str, object], method: MethodDescriptor) -> Callable[..., Any] | None:
    """Return what answers a call, or None when nothing does yet."""
    service = services.get(method.containing_service.full_name)
    behavior: Callable[..., Any] | None = getattr(service, snake_case(method.name), None)
    return behavior


def list_capabilities(services: Mapping[str, object]) -> dict[str, bool]:
    """Return every call of the contract, in its order, and whether it is served."""
    return {
        method_name(method): find_behavior(services, method) is not None
        for service in SERVICES.values()
        for method in service.methods
    }


@dataclass(frozen=True, slots=True)
class Undecoded:
    """A request that is not a message yet: its bytes are many, or none of ours (`malformed`)."""

    data: bytes
    malformed: bool


def make_deserializer(message_class: type[Message]) -> Callable[[bytes], Message | Undecoded]:
    """Return a deserializer that never raises: from there an exception would reach the caller as it is."""
    parse = message_class.FromString

    def deserialize(data: bytes) -> Message | Undecoded:
        if len(data) > LARGE_BYTES:
            return Undecoded(data, malformed=False)
        try:
            return parse(data)
        except DecodeError:
            return Undecoded(data, malformed=True)

    return deserialize


def serialize(answer: Message | bytes) -> bytes:
    """Return the bytes of an answer; a large one is bytes already."""
    return answer if type(answer) is bytes else answer.SerializeToString()  # type: ignore[union-attr]


class Dispatcher(grpc.GenericRpcHandler):
    """Finds the handler of a method. Handlers are made once; each is its behaviour inside the boundary.

    Parameters
    ----------
    services
        The objects that answer, by the full name of their service.
    boundary
        What happens around every call.
    runtime
        Its pool decodes and encodes large messages.
    """

    def __init__(self, services: Mapping[str, object], boundary: CallBoundary, runtime: Runtime) -> None:
        self._boundary = boundary
        self._pool = runtime.pool
        self._handlers: dict[str, Handler] = {
            "/" + method_name(method): self._make_handler(method, find_behavior(services, method))
            for service in SERVICES.values()
            for method in service.methods
        }
        self._package_prefix = "/" + next(iter(SERVICES.values())).file.package + "."

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler | None:
        """Return the handler of a method of the contract; one that refuses for an unknown name of our package."""
        name = handler_call_details.method
        handler = self._handlers.get(name)
        if handler is None and name.startswith(self._package_prefix):
            return grpc.stream_stream_rpc_method_handler(self._refuse(name[1:]))
        return handler

    def _make_handler(self, method: MethodDescriptor, behavior: Callable[..., Any] | None) -> Handler:
        name = method_name(method)
        deserialize = make_deserializer(GetMessageClass(method.input_type))
        if behavior is None:
            # The request is not read: what it says cannot matter.
            return grpc.stream_stream_rpc_method_handler(self._refuse(name))
        request_class = GetMessageClass(method.input_type)
        if method.client_streaming and method.server_streaming:
            wrap: Callable[..., Any] = self._stream_stream
            make: Callable[..., Handler] = grpc.stream_stream_rpc_method_handler
        elif method.client_streaming:
            wrap, make = self._stream_unary, grpc.stream_unary_rpc_method_handler
        elif method.server_streaming:
            wrap, make = self._unary_stream, grpc.unary_stream_rpc_method_handler
        else:
            wrap, make = self._unary_unary, grpc.unary_unary_rpc_method_handler
        return make(wrap(name, behavior, request_class), deserialize, serialize)

    def _unary_unary(self, name: str, behavior: Callable[..., Any], request_class: type[Message]) -> Any:
        async def handle(request: Message | Undecoded, context: Any) -> Message | bytes:
            async with self._boundary.open(name, context) as guard:
                await guard.begin()
                call = guard.call
                if type(request) is Undecoded:
                    request = await self._decode(request, request_class, name)
                call.request = request  # type: ignore[assignment]
                answer: Message | bytes = await behavior(request, call)
                return answer
            raise AssertionError("the boundary answers every error")

        return handle

    def _unary_stream(self, name: str, behavior: Callable[..., Any], request_class: type[Message]) -> Any:
        open_ended = getattr(behavior, "open_ended", False)

        async def handle(request: Message | Undecoded, context: Any) -> None:
            async with self._boundary.open(name, context) as guard:
                await guard.begin(open_ended=open_ended)
                if type(request) is Undecoded:
                    request = await self._decode(request, request_class, name)
                guard.call.request = request  # type: ignore[assignment]
                await self._send_all(behavior(request, guard.call), context)

        return handle

    def _stream_unary(self, name: str, behavior: Callable[..., Any], request_class: type[Message]) -> Any:
        async def handle(requests: AsyncIterator[Message | Undecoded], context: Any) -> Message:
            async with self._boundary.open(name, context) as guard:
                await guard.begin()
                answer: Message = await behavior(self._receive_all(requests, request_class, name), guard.call)
                return answer
            raise AssertionError("the boundary answers every error")

        return handle

    def _stream_stream(self, name: str, behavior: Callable[..., Any], request_class: type[Message]) -> Any:
        open_ended = getattr(behavior, "open_ended", False)

        async def handle(requests: AsyncIterator[Message | Undecoded], context: Any) -> None:
            async with self._boundary.open(name, context) as guard:
                await guard.begin(open_ended=open_ended)
                received = self._receive_all(requests, request_class, name)
                await self._send_all(behavior(received, guard.call), context)

        return handle

    def _refuse(self, name: str) -> Any:
        async def handle(_requests: AsyncIterator[bytes], context: Any) -> None:
            async with self._boundary.open(name, context) as guard:
                await guard.begin()
                raise errors.not_implemented(name)

        return handle

    async def _send_all(self, answers: Any, context: Any) -> None:
        try:
            async for answer in answers:
                await context.write(answer)
        finally:
            await answers.aclose()

    async def _receive_all(
        self, requests: AsyncIterator[Message | Undecoded], request_class: type[Message], name: str
    ) -> AsyncIterator[Message]:
        async for request in requests:
            yield await self._decode(request, request_class, name) if isinstance(request, Undecoded) else request

    async def _decode(self, request: Undecoded, request_class: type[Message], name: str) -> Message:
        if request.malformed:
            raise errors.malformed_request(name)
        try:
            return await self._pool.copy(request_class.FromString, request.data)
        except DecodeError:
            raise errors.malformed_request(name) from None

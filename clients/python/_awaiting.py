"""The front end of `AsyncClient`: carries plans out over gRPC's asyncio stack."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, Self

import grpc
from grpc import aio

from riskwave._attempts import Attempts
from riskwave._calls import Exchange, Gather, Step, T, Upload, Wait
from riskwave._watching import Patience
from riskwave._wire import (
    CORRELATION_KEY,
    SERVER_MESSAGE_BYTES_MAX,
    channel_options,
    check_size,
    ended_early,
    make_correlation_id,
    told_limit,
    translate,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType

    from google.protobuf.message import Message

    from riskwave._calls import Method, Plan, Subscription
    from riskwave._errors import RiskwaveError
    from riskwave._watching import WatchState
    from riskwave._wire import Settings

# What gRPC says, with INTERNAL, of a connection that broke while a message was being written.
_BROKEN_WHILE_WRITING = "Internal error from Core"

_serialize = lambda message: message.SerializeToString()  # noqa: E731 - gRPC wants a callable for any message


class Awaiting:
    """Carries plans out, in the running event loop. Made before the loop runs, it connects at its first call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limit_bytes = SERVER_MESSAGE_BYTES_MAX
        self._opened: aio.Channel | None = None

    @property
    def _channel(self) -> aio.Channel:
        if self._opened is None:  # an asyncio channel belongs to the loop that runs when it is made
            options, settings = channel_options(), self._settings
            if settings.credentials is None:
                self._opened = aio.insecure_channel(settings.address, options)
            else:
                self._opened = aio.secure_channel(settings.address, settings.credentials, options)
        return self._opened

    async def close(self) -> None:
        """End every open call and the connection."""
        if self._opened is not None:
            await self._opened.close()

    async def run(self, plan: Plan[T]) -> T:
        """Carry a plan out and return its result."""
        correlation_id = make_correlation_id()
        try:
            step = next(plan)
            while True:
                try:
                    answer = await self._perform(step, correlation_id)
                except Exception as error:  # noqa: BLE001 - the plan may know what to do; what it does not, it raises
                    step = plan.throw(error)
                else:
                    step = plan.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            plan.close()

    def subscribe(self, subscription: Subscription[T]) -> AsyncStream[T]:
        """Open a stream."""
        return AsyncStream(self, subscription)

    def converse(self, method: Method[Any, Any]) -> AsyncConversation:
        """Open a conversation."""
        return AsyncConversation(self, method)

    async def _perform(self, step: Step | Upload | Exchange | Wait, correlation_id: str) -> Any:
        if isinstance(step, Exchange):
            return await step.conversation.exchange(step.request)
        if isinstance(step, Wait):
            return await asyncio.sleep(step.seconds)
        if isinstance(step, Step):
            check_size(step.request, step.method, self._limit_bytes)
        deadline_s = self._settings.deadline_s(step.method, step.timeout_s)
        attempts = Attempts(deadline_s, repeatable=isinstance(step, Step) and step.idempotent)
        while True:
            try:
                answer = await self._attempt(step, attempts.remaining_s(), correlation_id)
            except grpc.RpcError as failure:
                error = self.translate(failure, step.method, correlation_id)
                delay_s = attempts.delay_after(error)
                if delay_s is None:
                    raise error from failure
            else:
                self._limit_bytes = told_limit(answer, self._limit_bytes)
                return answer
            await asyncio.sleep(delay_s)

    async def _attempt(self, step: Step | Upload, timeout_s: float | None, correlation_id: str) -> Any:
        arguments: dict[str, Any] = {"timeout": timeout_s, "metadata": self._settings.headers(correlation_id)}
        path, codecs = step.method.path, (_serialize, step.method.answer_type.FromString)
        call: Any
        answer: Any
        if isinstance(step, Gather):
            call = self._channel.unary_stream(path, *codecs)(step.request, **arguments)
            answer = _gather(call)
        elif isinstance(step, Upload):
            call = answer = self._channel.stream_unary(path, *codecs)(iter(step.requests), **arguments)
        else:
            call = answer = self._channel.unary_unary(path, *codecs)(step.request, **arguments)
        try:
            return await answer
        finally:
            call.cancel()  # gRPC never ends a call that was abandoned

    def translate(self, failure: grpc.RpcError, method: Method[Any, Any], correlation_id: str) -> RiskwaveError:
        """Return our exception for gRPC's."""
        return translate(failure, method, correlation_id, self._settings.address)

    def open_stream(
        self, method: Method[Any, Any], request: Message | None, timeout_s: float | None, correlation_id: str
    ) -> Any:
        """Return gRPC's call of a stream of answers; without a request, requests are written to it."""
        arguments: dict[str, Any] = {
            "timeout": self._settings.deadline_s(method, timeout_s),
            "metadata": self._settings.headers(correlation_id),
        }
        codecs = (_serialize, method.answer_type.FromString)
        if request is None:
            return self._channel.stream_stream(method.path, *codecs)(**arguments)
        return self._channel.unary_stream(method.path, *codecs)(request, **arguments)


async def _gather(call: Any) -> list[Any]:
    return [message async for message in call]


class AsyncStream(Generic[T]):
    """Items as the server sends them: an asynchronous iterator, and a context manager that ends the stream.

    Attributes
    ----------
    correlation_id
        Under which the server's log has the call.
    """

    def __init__(self, front: Awaiting, subscription: Subscription[T]) -> None:
        self.correlation_id = make_correlation_id()
        self._front = front
        self._subscription = subscription
        self._call: Any = None
        self._closed = False
        self._patience = Patience(subscription.timeout_s)
        self._state: WatchState = "connecting"
        self._decoded: deque[T] = deque()
        self._heard_s = time.monotonic()

    @property
    def state(self) -> WatchState:
        """connecting, connected, reconnecting or closed, as far as it has been read."""
        return "closed" if self._closed else self._state

    @property
    def attempt(self) -> int:
        """Which attempt in a row to come back is under way; 0 while connected, and for streams that don't come back."""
        reconnection = self._subscription.reconnection
        return 0 if reconnection is None else reconnection.attempt

    @property
    def silent_s(self) -> float:
        """Seconds since the server was last heard of, heartbeats included; before its first word, since the opening."""
        return time.monotonic() - self._heard_s

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        while True:
            if self._closed:
                raise StopAsyncIteration
            if self._decoded:
                return self._decoded.popleft()
            await self._read_on()

    async def _read_on(self) -> None:
        """Take one more message, or come back after a lost connection."""
        if self._call is None:
            self._open(self._subscription.request)
        try:
            message = await self._receive()
        except grpc.RpcError as failure:
            await self._go_on(failure)
            return
        except asyncio.CancelledError:
            if self._closed:  # by aclose in another task; otherwise this task is being cancelled
                return
            self._call.cancel()
            raise
        if message is aio.EOF:
            self._end()
            return
        self._state = "connected"
        self._heard_s = time.monotonic()
        if self._subscription.reconnection is not None:
            self._subscription.reconnection.received(message)
        item = self._subscription.decode(message)
        if item is not None:
            self._decoded.extend(item if isinstance(item, list) else (item,))

    def _open(self, request: Message) -> None:
        timeout_s = self._patience.left_s()
        self._call = self._front.open_stream(self._subscription.method, request, timeout_s, self.correlation_id)

    async def _receive(self) -> Any:
        reconnection = self._subscription.reconnection
        # Our servers name the call before anything else: a watch is connected before a price moves.
        if (
            reconnection is not None
            and reconnection.state != "connected"
            and CORRELATION_KEY in dict(await self._call.initial_metadata() or ())
        ):
            reconnection.connected()
            self._state = "connected"
        return await self._call.read()

    async def _go_on(self, failure: grpc.RpcError) -> None:
        """Open the stream again behind its last message, or raise what ended it."""
        error = self._front.translate(failure, self._subscription.method, self.correlation_id)
        reconnection = self._subscription.reconnection
        delay_s = None if reconnection is None else reconnection.delay_after(error)
        if reconnection is None or delay_s is None:
            self._end()
            raise error from failure
        self._state = "reconnecting"
        await asyncio.sleep(delay_s)
        if not self._closed:
            self._open(reconnection.request())

    def _end(self) -> None:
        self._closed = True
        if self._subscription.reconnection is not None:
            self._subscription.reconnection.enter("closed")

    async def aclose(self) -> None:
        """End the stream; the server stops its work."""
        self._end()
        if self._call is not None:
            self._call.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        """End the stream that nobody reads any more: gRPC would keep it open."""
        call = getattr(self, "_call", None)
        if call is not None and not call.done():
            call.cancel()


class AsyncConversation:
    """Messages there and back, one for one."""

    def __init__(self, front: Awaiting, method: Method[Any, Any]) -> None:
        self.correlation_id = make_correlation_id()
        self._front = front
        self._method = method
        self._call: Any = None
        self._turn = asyncio.Lock()

    async def exchange(self, request: Message) -> Any:
        """Send a message and return its answer."""
        async with self._turn:
            if self._call is None:
                self._call = self._front.open_stream(self._method, None, None, self.correlation_id)
            try:
                await self._call.write(request)
                answer = await self._call.read()
            except (grpc.RpcError, asyncio.InvalidStateError) as failure:
                raise await self._explain(failure) from failure
            if answer is aio.EOF:
                raise ended_early(self._method, self.correlation_id)
            return answer

    async def _explain(self, failure: Exception) -> BaseException:
        if isinstance(failure, aio.AioRpcError) and failure.details() == _BROKEN_WHILE_WRITING:
            headers, trailers = failure.initial_metadata(), failure.trailing_metadata()
            failure = aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, headers, trailers, "the connection broke")
        if isinstance(failure, grpc.RpcError):
            return self._front.translate(failure, self._method, self.correlation_id)
        # Writing to a call that the server has ended says so only; why it ended stands in its status.
        ended = aio.AioRpcError(
            await self._call.code(),
            await self._call.initial_metadata(),
            await self._call.trailing_metadata(),
            await self._call.details(),
        )
        return self._front.translate(ended, self._method, self.correlation_id)

    def close(self) -> None:
        """End the conversation."""
        if self._call is not None:
            self._call.cancel()

"""The front end of `Client`: carries plans out over gRPC's blocking stack."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, Self

import grpc

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
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from google.protobuf.message import Message

    from riskwave._calls import Method, Plan, Subscription
    from riskwave._errors import RiskwaveError
    from riskwave._watching import WatchState
    from riskwave._wire import Settings

_serialize = lambda message: message.SerializeToString()  # noqa: E731 - gRPC wants a callable for any message


class Blocking:
    """Carries plans out, in the calling thread. Any number of threads may use one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limit_bytes = SERVER_MESSAGE_BYTES_MAX
        options = channel_options()
        if settings.credentials is None:
            self._channel = grpc.insecure_channel(settings.address, options)
        else:
            self._channel = grpc.secure_channel(settings.address, settings.credentials, options)

    def close(self) -> None:
        """End every open call and the connection."""
        self._channel.close()

    def run(self, plan: Plan[T]) -> T:
        """Carry a plan out and return its result."""
        correlation_id = make_correlation_id()
        try:
            step = next(plan)
            while True:
                try:
                    answer = self._perform(step, correlation_id)
                except Exception as error:  # noqa: BLE001 - the plan may know what to do; what it does not, it raises
                    step = plan.throw(error)
                else:
                    step = plan.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            plan.close()

    def subscribe(self, subscription: Subscription[T]) -> Stream[T]:
        """Open a stream."""
        return Stream(self, subscription)

    def converse(self, method: Method[Any, Any]) -> Conversation:
        """Open a conversation."""
        return Conversation(self, method)

    def _perform(self, step: Step | Upload | Exchange | Wait, correlation_id: str) -> Any:
        if isinstance(step, Exchange):
            return step.conversation.exchange(step.request)
        if isinstance(step, Wait):
            return time.sleep(step.seconds)
        if isinstance(step, Step):
            check_size(step.request, step.method, self._limit_bytes)
        deadline_s = self._settings.deadline_s(step.method, step.timeout_s)
        attempts = Attempts(deadline_s, repeatable=isinstance(step, Step) and step.idempotent)
        while True:
            try:
                answer = self._attempt(step, attempts.remaining_s(), correlation_id)
            except grpc.RpcError as failure:
                error = self.translate(failure, step.method, correlation_id)
                delay_s = attempts.delay_after(error)
                if delay_s is None:
                    raise error from failure
            else:
                self._limit_bytes = told_limit(answer, self._limit_bytes)
                return answer
            time.sleep(delay_s)

    def _attempt(self, step: Step | Upload, timeout_s: float | None, correlation_id: str) -> Any:
        arguments: dict[str, Any] = {"timeout": timeout_s, "metadata": self._settings.headers(correlation_id)}
        path, codecs = step.method.path, (_serialize, step.method.answer_type.FromString)
        if isinstance(step, Gather):
            call: Any = self._channel.unary_stream(path, *codecs)(step.request, **arguments)
            collect: Callable[[Any], Any] = list
        elif isinstance(step, Upload):
            call = self._channel.stream_unary(path, *codecs).future(iter(step.requests), **arguments)
            collect = _result
        else:
            call = self._channel.unary_unary(path, *codecs).future(step.request, **arguments)
            collect = _result
        try:
            return collect(call)
        finally:
            call.cancel()  # gRPC never ends a call that was abandoned, as by Ctrl-C

    def translate(self, failure: grpc.RpcError, method: Method[Any, Any], correlation_id: str) -> RiskwaveError:
        """Return our exception for gRPC's."""
        return translate(failure, method, correlation_id, self._settings.address)

    def open_stream(
        self,
        method: Method[Any, Any],
        requests: Message | Iterator[Message],
        timeout_s: float | None,
        correlation_id: str,
    ) -> Any:
        """Return gRPC's call of a stream of answers."""
        make: Callable[..., Any] = (
            self._channel.stream_stream if hasattr(requests, "__next__") else self._channel.unary_stream
        )
        call = make(method.path, _serialize, method.answer_type.FromString)
        deadline_s = self._settings.deadline_s(method, timeout_s)
        return call(requests, timeout=deadline_s, metadata=self._settings.headers(correlation_id))


def _result(call: Any) -> Any:
    return call.result()


class Stream(Generic[T]):
    """Items as the server sends them: an iterator, and a context manager that ends the stream.

    Attributes
    ----------
    correlation_id
        Under which the server's log has the call.
    """

    def __init__(self, front: Blocking, subscription: Subscription[T]) -> None:
        self.correlation_id = make_correlation_id()
        self._front = front
        self._subscription = subscription
        self._closed = threading.Event()
        self._patience = Patience(subscription.timeout_s)
        self._state: WatchState = "connecting"
        self._decoded: deque[T] = deque()
        self._heard_s = time.monotonic()
        self._open(subscription.request)

    @property
    def state(self) -> WatchState:
        """connecting, connected, reconnecting or closed, as far as it has been read."""
        return "closed" if self._closed.is_set() else self._state

    @property
    def attempt(self) -> int:
        """Which attempt in a row to come back is under way; 0 while connected, and for streams that don't come back."""
        reconnection = self._subscription.reconnection
        return 0 if reconnection is None else reconnection.attempt

    @property
    def silent_s(self) -> float:
        """Seconds since the server was last heard of, heartbeats included; before its first word, since the opening."""
        return time.monotonic() - self._heard_s

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        while not self._closed.is_set():
            if self._decoded:
                return self._decoded.popleft()
            self._read_on()
        raise StopIteration

    def _read_on(self) -> None:
        """Take one more message, or come back after a lost connection."""
        try:
            message = self._receive()
        except StopIteration:
            self._end()
            return
        except grpc.RpcError as failure:
            if self._closed_by_us(failure):
                self._end()
            else:
                self._go_on(failure)
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

    def _receive(self) -> Any:
        reconnection = self._subscription.reconnection
        # Our servers name the call before anything else: a watch is connected before a price moves.
        if (
            reconnection is not None
            and reconnection.state != "connected"
            and CORRELATION_KEY in dict(self._call.initial_metadata() or ())
        ):
            reconnection.connected()
            self._state = "connected"
        return next(self._call)

    def _go_on(self, failure: grpc.RpcError) -> None:
        """Open the stream again behind its last message, or raise what ended it."""
        error = self._front.translate(failure, self._subscription.method, self.correlation_id)
        reconnection = self._subscription.reconnection
        delay_s = None if reconnection is None else reconnection.delay_after(error)
        if reconnection is None or delay_s is None:
            self._end()
            raise error from failure
        self._state = "reconnecting"
        if not self._closed.wait(delay_s):
            self._open(reconnection.request())
            if self._closed.is_set():  # by another thread, which has cancelled the call before
                self._call.cancel()

    def _closed_by_us(self, failure: grpc.RpcError) -> bool:
        code: grpc.StatusCode = failure.code()
        return code is grpc.StatusCode.CANCELLED and bool(self._call.cancelled())

    def _end(self) -> None:
        self._closed.set()
        if self._subscription.reconnection is not None:
            self._subscription.reconnection.enter("closed")

    def close(self) -> None:
        """End the stream; the server stops its work."""
        self._end()
        self._call.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        """End the stream that nobody reads any more: gRPC would keep it open."""
        call = getattr(self, "_call", None)
        if call is not None:
            call.cancel()


class Conversation:
    """Messages there and back, one for one."""

    def __init__(self, front: Blocking, method: Method[Any, Any]) -> None:
        self.correlation_id = make_correlation_id()
        self._front = front
        self._method = method
        self._requests: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._call = front.open_stream(method, iter(self._requests.get, None), None, self.correlation_id)

    def exchange(self, request: Message) -> Any:
        """Send a message and return its answer."""
        self._requests.put(request)
        try:
            return next(self._call)
        except grpc.RpcError as failure:
            raise self._front.translate(failure, self._method, self.correlation_id) from failure
        except StopIteration:
            raise ended_early(self._method, self.correlation_id) from None

    def close(self) -> None:
        """End the conversation."""
        self._requests.put(None)
        self._call.cancel()

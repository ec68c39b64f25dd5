"""How a call is written once and works in a blocking and in an asyncio client.

A method of a sub-API is a generator, a *plan*: it yields *steps* (what to send, and how it is treated), is sent the
answers, and returns the result. It does no I/O itself. `Blocking` and `Awaiting` carry plans out; the decorators
`method` and `stream` bind a plan to whichever of them the client has:

    class RiskApi(Api[F]):
        @method
        def analyze(self, ...) -> Plan[PortfolioReport]:
            answer = yield from ask(ANALYZE_PORTFOLIO, request, timeout_s)
            return decode_report(answer)

    client.risk.analyze(...)               # Client: returns PortfolioReport
    await async_client.risk.analyze(...)   # AsyncClient: a coroutine of PortfolioReport

Types, completion and documentation are those of the plan's signature in both cases.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine, Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from google.protobuf.message import Message

if TYPE_CHECKING:
    from riskwave._awaiting import AsyncStream, Awaiting
    from riskwave._blocking import Blocking, Stream
    from riskwave._watching import Reconnection

P = ParamSpec("P")
T = TypeVar("T")
Q = TypeVar("Q", bound=Message)
A = TypeVar("A", bound=Message)
F = TypeVar("F", bound="Blocking | Awaiting")
"""The front end that carries plans out."""


@dataclass(frozen=True, slots=True)
class Method(Generic[Q, A]):
    """An rpc of the contract, and how a client treats it.

    Attributes
    ----------
    path
        As on the wire: ``/riskwave.v1.RiskService/AnalyzePortfolio``.
    request_type, answer_type
        Its messages.
    timeout_s
        Seconds within which the answer must be there unless the caller says otherwise. None never gives up.
    idempotent
        True when a second call does no more than the first, so that a failed one may be repeated.
    """

    path: str
    request_type: type[Q]
    answer_type: type[A]
    timeout_s: float | None
    idempotent: bool

    @property
    def name(self) -> str:
        """The method without its package: ``RiskService/AnalyzePortfolio``."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Step:
    """One exchange with the server that a plan asks for.

    Attributes
    ----------
    method
        The rpc.
    request
        What is sent.
    timeout_s
        Seconds for all attempts together. None takes the method's or the client's default.
    idempotent
        Whether this request may be sent again after UNAVAILABLE.
    """

    method: Method[Any, Any]
    request: Message
    timeout_s: float | None
    idempotent: bool


class Gather(Step):
    """A step whose answers are streamed; the plan is sent all of them as a list."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Upload:
    """A step that streams its requests and has one answer. Never repeated: the requests may not come twice."""

    method: Method[Any, Any]
    requests: Iterable[Message]
    timeout_s: float | None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A step within a conversation: one message there, one back."""

    conversation: Any
    request: Message


@dataclass(frozen=True, slots=True)
class Wait:
    """A step that only lets time pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Subscription(Generic[T]):
    """A stream of answers that the caller reads one by one.

    Attributes
    ----------
    method, request
        What opens the stream.
    decode
        Turns a message into an item, a list of items, or None for a message without one (a heartbeat). May keep state.
    timeout_s
        Seconds after which the stream ends with an error. None takes the method's or the client's default.
    reconnection
        How it goes on after a lost connection. None ends it with an error.
    """

    method: Method[Any, Any]
    request: Message
    decode: Callable[[Any], T | list[T] | None]
    timeout_s: float | None = None
    reconnection: Reconnection | None = None


Plan = Generator[Step | Upload | Exchange | Wait, Any, T]
"""A call as it is written: yields steps, is sent their answers, returns the result."""


def ask(method: Method[Q, A], request: Q, timeout_s: float | None, *, repeatable: bool = True) -> Plan[A]:
    """Send a request and return its answer. `repeatable` False forbids to repeat this one of an idempotent method."""
    answer: A = yield Step(method, request, timeout_s, method.idempotent and repeatable)
    return answer


def gather(method: Method[Q, A], request: Q, timeout_s: float | None) -> Plan[list[A]]:
    """Send a request and return all messages of the answering stream."""
    answers: list[A] = yield Gather(method, request, timeout_s, method.idempotent)
    return answers


def upload(method: Method[Q, A], requests: Iterable[Q], timeout_s: float | None) -> Plan[A]:
    """Send a stream of requests and return the one answer."""
    answer: A = yield Upload(method, requests, timeout_s)
    return answer


def pages(
    method: Method[Q, A], request: Q, timeout_s: float | None, entries: Callable[[A], Iterable[T]]
) -> Plan[list[T]]:
    """Ask for one page after the other and return the entries of all."""
    found: list[T] = []
    while True:
        answer = yield from ask(method, request, timeout_s)
        found.extend(entries(answer))
        token: str = answer.next_page_token  # type: ignore[attr-defined] # every List answer has it; a test checks
        if not token:
            return found
        following = type(request)()
        following.CopyFrom(request)
        following.page_token = token  # type: ignore[attr-defined] # every List request has it
        request = following


class Api(Generic[F]):
    """A group of calls, such as `client.risk`."""

    def __init__(self, front: F) -> None:
        self._front = front


class method(Generic[P, T]):  # noqa: N801 - a decorator, read as a word
    """Turns a plan into a method of a blocking or an asyncio client."""

    def __init__(self, plan: Callable[Concatenate[Any, P], Plan[T]]) -> None:
        functools.update_wrapper(self, plan)  # type: ignore[arg-type] # what documents the plan documents us
        self.plan = plan

    @overload
    def __get__(self, api: None, owner: type) -> Self: ...
    @overload
    def __get__(self, api: Api[Blocking], owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, api: Api[Awaiting], owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, api: Api[Any] | None, owner: type) -> Any:
        return self if api is None else Bound(api._front.run, self.plan, api)


class stream(Generic[P, T]):  # noqa: N801 - a decorator, read as a word
    """Turns the description of a stream into a method that opens it: an iterator or an asynchronous one."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Subscription[T]]) -> None:
        functools.update_wrapper(self, describe)  # type: ignore[arg-type] # as in method
        self.describe = describe

    @overload
    def __get__(self, api: None, owner: type) -> Self: ...
    @overload
    def __get__(self, api: Api[Blocking], owner: type) -> Callable[P, Stream[T]]: ...
    @overload
    def __get__(self, api: Api[Awaiting], owner: type) -> Callable[P, AsyncStream[T]]: ...
    def __get__(self, api: Api[Any] | None, owner: type) -> Any:
        return self if api is None else Bound(api._front.subscribe, self.describe, api)


class Bound:
    """A call of one client: looks like the method that was written, apart from self."""

    def __init__(self, carry_out: Callable[[Any], Any], source: Callable[..., Any], api: Api[Any]) -> None:
        self._carry_out = carry_out
        self._source = source
        self._api = api
        self.__name__ = source.__name__
        self.__qualname__ = source.__qualname__
        self.__module__ = source.__module__
        self.__doc__ = source.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Carry the call out."""
        return self._carry_out(self._source(self._api, *args, **kwargs))

    def __repr__(self) -> str:
        return f"<riskwave call {self.__qualname__}>"

    @property
    def __signature__(self) -> inspect.Signature:
        """What a caller writes: without self, options spelled out, and the result that comes."""
        written = inspect.signature(self._source)
        parameters: list[inspect.Parameter] = []
        for parameter in list(written.parameters.values())[1:]:
            parameters += _spell_out(parameter, self._source.__globals__)
        result = str(written.return_annotation).removeprefix("Plan[").removeprefix("Subscription[").removesuffix("]")
        return written.replace(parameters=parameters, return_annotation=result)


def _spell_out(parameter: inspect.Parameter, names: dict[str, Any]) -> list[inspect.Parameter]:
    annotation = str(parameter.annotation)
    if parameter.kind is not inspect.Parameter.VAR_KEYWORD or not annotation.startswith("Unpack["):
        return [parameter]
    options = names[annotation.removeprefix("Unpack[").removesuffix("]")]
    keyword = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(name, keyword, default=..., annotation=getattr(kind, "__forward_arg__", kind))
        for name, kind in options.__annotations__.items()
    ]

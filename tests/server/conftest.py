"""A server on a real socket, run by a thread of its own, and what tests read from its answers."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from riskwave.config import Settings
from riskwave.server.app import RiskwaveServer, build_server
from riskwave.server.services import make_services


class ServerThread:
    """Runs a server on an event loop of its own, so that tests can use plain blocking stubs."""

    def __init__(self, settings: Settings, services_factory: Any = make_services) -> None:
        self._settings = settings
        self._services_factory = services_factory
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="server")
        self.server: RiskwaveServer
        self.loop: asyncio.AbstractEventLoop

    async def _run(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        try:
            self.server = build_server(self._settings, self._services_factory)
            await self.server.start()
        except BaseException as error:
            self._failure = error
            raise
        finally:
            self._ready.set()
        await self._stop.wait()
        await self.server.stop(1.0)

    def call(self, function: Callable[[], Any]) -> Any:
        """Run something on the server's loop and return its result."""

        async def run() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(10)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)
        assert not self._thread.is_alive()


def make_settings(**sections: Any) -> Settings:
    return Settings(**({"profile": "test"} | sections))


@pytest.fixture(scope="session")
def start_server() -> Callable[..., ServerThread]:
    """Return a server of the test profile with these services and sections of settings; enter it to start it."""
    return lambda services_factory=make_services, **sections: ServerThread(make_settings(**sections), services_factory)


@pytest.fixture(scope="session")
def running() -> Iterator[ServerThread]:
    with ServerThread(make_settings()) as thread:
        yield thread


@pytest.fixture(scope="session")
def channel(running: ServerThread) -> Iterator[grpc.Channel]:
    with open_channel(running) as channel:
        yield channel


@pytest.fixture(scope="session")
def connect() -> Callable[[ServerThread], grpc.Channel]:
    return open_channel


def open_channel(running: ServerThread) -> grpc.Channel:
    return grpc.insecure_channel(running.server.address, options=[("grpc.max_receive_message_length", -1)])


@dataclass
class Refusal:
    """An answer that is not OK, taken apart."""

    code: grpc.StatusCode
    message: str
    reason: str
    correlation_id: str
    metadata: dict[str, str]
    violations: dict[str, str] = field(default_factory=dict)
    retry_after_s: float | None = None
    initial_correlation_id: str = ""
    debug: str = ""


def take_apart(error: grpc.RpcError) -> Refusal:
    status = rpc_status.from_call(error)
    assert status is not None, f"an answer without details: {error}"
    assert status.ByteSize() < 4096
    info, request, bad = error_details_pb2.ErrorInfo(), error_details_pb2.RequestInfo(), error_details_pb2.BadRequest()
    retry, debug = error_details_pb2.RetryInfo(), error_details_pb2.DebugInfo()
    for detail in status.details:
        for message in (info, request, bad, retry, debug):
            detail.Unpack(message)
    assert info.domain == "riskwave"
    initial = dict(error.initial_metadata() or ())
    return Refusal(
        error.code(),
        status.message,
        info.reason,
        request.request_id,
        dict(info.metadata),
        {violation.field: violation.description for violation in bad.field_violations},
        retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9 if retry.HasField("retry_delay") else None,
        initial.get("x-correlation-id", ""),
        debug.detail,
    )


@pytest.fixture
def refusal_of() -> Callable[[grpc.RpcError], Refusal]:
    return take_apart


@pytest.fixture
def refused() -> Callable[..., Refusal]:
    """Make a call that must be refused, and return how."""

    def call(method: Callable[..., Any], request: Any, **options: Any) -> Refusal:
        options.setdefault("timeout", 20)
        with pytest.raises(grpc.RpcError) as caught:
            answer = method(request, **options)
            if hasattr(answer, "__next__"):
                list(answer)
        refusal = take_apart(caught.value)
        assert refusal.correlation_id
        assert refusal.correlation_id == refusal.initial_correlation_id
        return refusal

    return call


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

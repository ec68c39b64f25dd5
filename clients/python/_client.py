"""The two clients: the same sub-APIs over a blocking and over an asyncio front end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Self

from riskwave._awaiting import Awaiting
from riskwave._blocking import Blocking
from riskwave._calls import F
from riskwave._indicators import Indicators
from riskwave._jobs import JobsApi
from riskwave._portfolios import PortfoliosApi
from riskwave._prices import PricesApi
from riskwave._risk import Risk
from riskwave._server import ServerApi
from riskwave._simulation import SimulationApi
from riskwave._wire import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    import grpc


class _Surface(Generic[F]):
    """What both clients offer.

    Attributes
    ----------
    address
        The server's address.
    indicators, prices, portfolios, risk, simulation, jobs, server
        The sub-APIs.
    """

    def __init__(self, front: F, address: str) -> None:
        self.address = address
        self._front = front
        self.indicators = Indicators(front)
        self.prices = PricesApi(front)
        self.portfolios = PortfoliosApi(front)
        self.risk = Risk(front)
        self.simulation = SimulationApi(front)
        self.jobs = JobsApi(front)
        self.server = ServerApi(front)

    def __repr__(self) -> str:
        return f"<riskwave {type(self).__name__} of {self.address}>"


class Client(_Surface[Blocking]):
    """A server's calls, blocking. Made by `riskwave.connect`; any number of threads may use one."""

    def close(self) -> None:
        """End every open call and the connection."""
        self._front.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient(_Surface[Awaiting]):
    """A server's calls, to be awaited. Made by `riskwave.connect_async`; it belongs to the loop of its first call."""

    async def aclose(self) -> None:
        """End every open call and the connection."""
        await self._front.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def connect(
    address: str | None = None,
    *,
    timeout_s: float | None = None,
    credentials: grpc.ChannelCredentials | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Client:
    """Return a blocking client; the connection is made at the first call.

    Parameters
    ----------
    address
        Host and port of the server. None takes the environment's RISKWAVE_ADDRESS, or localhost:50051.
    timeout_s
        Replaces the default timeouts of all calls but open-ended streams. None keeps each call's own: 10 s to look
        something up, 60 s to compute, 600 s to simulate.
    credentials
        ``grpc.ssl_channel_credentials(...)`` for TLS. None is plain text.
    metadata
        Headers that every call carries, such as authorization.

    Examples
    --------
    >>> import riskwave as rw
    >>> with rw.connect("localhost:50051") as client:
    ...     print(client)
    <riskwave Client of localhost:50051>
    """
    settings = Settings.make(address, timeout_s, credentials, metadata)
    return Client(Blocking(settings), settings.address)


def connect_async(
    address: str | None = None,
    *,
    timeout_s: float | None = None,
    credentials: grpc.ChannelCredentials | None = None,
    metadata: Mapping[str, str] | None = None,
) -> AsyncClient:
    """Return a client whose calls are awaited. Parameters as in `connect`. It may be made before the loop runs.

    Examples
    --------
    >>> import riskwave as rw
    >>> rw.connect_async("localhost:50051")
    <riskwave AsyncClient of localhost:50051>
    """
    settings = Settings.make(address, timeout_s, credentials, metadata)
    return AsyncClient(Awaiting(settings), settings.address)

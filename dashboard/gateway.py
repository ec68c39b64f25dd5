"""The dashboard's one way to the server: the public client, opened with the application; listings are kept a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Self, TypeVar, cast

import riskwave

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from riskwave import Asset, AsyncClient, IndicatorSpec, ModelSpec, Source
    from riskwave.config import Settings

T = TypeVar("T")
Connect = Callable[[], "AsyncClient"]

#: Assets, indicators and models change with the server or an import, not between two clicks.
LISTING_AGE_MAX_S = 60.0
READY_TIMEOUT_S = 2.0


class Gateway:
    """Holds the client between the application's start and stop.

    Parameters
    ----------
    connect : callable
        Makes the client; called on the application's event loop, since channels belong to one loop.
    address : str
        The server's host and port, for what the reader copies.
    timeout_s : float
        Time that a callback waits for an answer.
    """

    def __init__(self, connect: Connect, *, address: str, timeout_s: float) -> None:
        self.address = address
        self.timeout_s = timeout_s
        self._connect = connect
        self._client: AsyncClient | None = None
        self._listings: dict[str, tuple[float, object]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    @classmethod
    def of_settings(cls, settings: Settings, connect: Connect | None = None) -> Self:
        """Return the gateway to the server of the settings, or of the client that `connect` makes."""
        address = settings.server_address

        def connect_to_address() -> AsyncClient:
            return riskwave.connect_async(address, timeout_s=settings.dashboard.timeout_s)

        return cls(connect or connect_to_address, address=address, timeout_s=settings.dashboard.timeout_s)

    async def __aenter__(self) -> Self:
        self._client = await self._connect().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        client, self._client = self._client, None
        self._listings.clear()
        if client is not None:
            await client.__aexit__(kind, error, trace)

    @property
    def client(self) -> AsyncClient:
        """The client; only between the application's start and stop."""
        assert self._client is not None, "the application has not started"
        return self._client

    async def assets(self) -> Sequence[Asset]:
        """Return the assets of all sources."""
        return await self._listing("assets", self.client.prices.assets)

    async def sources(self) -> Sequence[Source]:
        """Return the sources of prices as they are now."""
        return await self.client.prices.sources(timeout_s=READY_TIMEOUT_S)

    async def indicators(self) -> Sequence[IndicatorSpec]:
        """Return the indicators that can be computed."""
        return await self._listing("indicators", self.client.indicators.list)

    async def portfolio_models(self) -> Sequence[ModelSpec]:
        """Return the models that simulate portfolios."""
        catalogue = await self._listing("models", self.client.simulation.models)
        return [model for model in catalogue.models if model.simulates_portfolios]

    async def server_version(self) -> str:
        """Return the server's version."""
        return (await self.client.server.info(timeout_s=READY_TIMEOUT_S)).version

    async def not_ready_reason(self) -> str | None:
        """Return why the server cannot be used; ``None`` when it can."""
        if self._client is None:
            return "the application has not started"
        try:
            await self.server_version()
        except riskwave.RiskwaveError as error:
            return error.message
        return None

    async def _listing(self, name: str, fetch: Callable[[], Awaitable[T]]) -> T:
        """Return what `fetch` gives, from memory while it is fresh; concurrent callers share one call."""
        async with self._locks.setdefault(name, asyncio.Lock()):
            kept = self._listings.get(name)
            if kept is None or time.monotonic() - kept[0] > LISTING_AGE_MAX_S:
                kept = (time.monotonic(), await fetch())
                self._listings[name] = kept
            return cast("T", kept[1])

"""The seam to the network: one method that sends one request to a vendor. What crosses it is plain data."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

    from riskwave.server.market.sources._network import HttpTransport

BODY_BYTES_MAX = 32 * 1024 * 1024
TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Auth:
    """Where a vendor wants its key: a header or a query parameter of that name."""

    place: Literal["header", "query"]
    name: str


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A GET without its key.

    Parameters
    ----------
    base_url
        The vendor's, as in its `Source`.
    path
        Appended to it.
    params
        Query parameters in their order.
    auth
        Where the key goes.
    """

    base_url: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    auth: Auth | None = None

    def __str__(self) -> str:
        """Return the address that is asked, for log lines."""
        query = "&".join(f"{name}={quote(value, safe=',:')}" for name, value in self.params)
        return f"{self.base_url}{self.path}" + (f"?{query}" if query else "")


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer, complete, decompressed and without the key."""

    status: int
    body: bytes
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 become replacement characters."""
        return self.body.decode("utf-8", errors="replace")


class Transport(Protocol):
    """Whatever sends a request: the network, or a table of answers in a test."""

    async def send(self, request: HttpRequest, key: SecretStr | None, timeout_s: float) -> HttpResponse:
        """Return the answer of any status.

        Raises
        ------
        UpstreamBrokenError
            No complete answer came within `timeout_s`.
        BadPayloadError
            The answer is too large, redirects, or is compressed in a way that was not offered.
        """


class DeferredTransport:
    """The network, opened by the first request: most servers never ask a vendor, and it takes a third of a second.

    Parameters
    ----------
    base_urls
        For a vendor's `base_url`, the one to use instead: a company's gateway, or a stand-in.
    """

    def __init__(self, base_urls: Mapping[str, str] | None = None) -> None:
        self._base_urls = dict(base_urls or {})
        self._opening = asyncio.Lock()
        self._inner: HttpTransport | None = None

    async def send(self, request: HttpRequest, key: SecretStr | None, timeout_s: float) -> HttpResponse:
        """Return the answer; see `Transport.send`."""
        async with self._opening:
            if self._inner is None:
                self._inner = await asyncio.to_thread(self._open)
        return await self._inner.send(request, key, timeout_s)

    async def close(self) -> None:
        """Close the connections."""
        if self._inner is not None:
            await self._inner.close()

    def _open(self) -> HttpTransport:
        from riskwave.server.market.sources._network import HttpTransport

        return HttpTransport(base_urls=self._base_urls)

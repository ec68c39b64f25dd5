"""Requests over the network.

A request has no key in it: the key is put in below every layer that logs or raises exceptions with requests inside,
and it is taken out of the answer before anybody reads that.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from typing import TYPE_CHECKING

import httpx2

from riskwave.server.market.sources._errors import BadPayloadError, UpstreamBrokenError, hide_keys
from riskwave.server.market.sources._http import BODY_BYTES_MAX, TIMEOUT_S, HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from pydantic import SecretStr

_USER_AGENT = "riskwave"


class HttpTransport:
    """Sends requests over the network.

    Parameters
    ----------
    body_bytes_max
        Largest body, after decompression; larger ones are not read to their end.
    base_urls
        For a vendor's `base_url`, the one to use instead: a company's gateway, or a stand-in.
    """

    def __init__(self, body_bytes_max: int = BODY_BYTES_MAX, base_urls: Mapping[str, str] | None = None) -> None:
        self._body_bytes_max = body_bytes_max
        self._base_urls = dict(base_urls or {})
        self._client = httpx2.AsyncClient(
            transport=_KeyedTransport(httpx2.AsyncHTTPTransport()),
            follow_redirects=False,
            headers={"User-Agent": _USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"},
        )

    async def send(self, request: HttpRequest, key: SecretStr | None, timeout_s: float = TIMEOUT_S) -> HttpResponse:
        """Return the answer; see `Transport.send`."""
        secret = key.get_secret_value() if key is not None else ""
        _hide_in_logs(secret)
        try:
            async with asyncio.timeout(timeout_s):
                return await self._send(request, secret, timeout_s)
        except TimeoutError:
            raise UpstreamBrokenError(f"no complete answer within {timeout_s:g} s") from None
        except httpx2.TimeoutException as error:
            raise UpstreamBrokenError(f"no complete answer within {timeout_s:g} s ({type(error).__name__})") from None
        except httpx2.HTTPError as error:
            # The chain is cut: the original holds the request.
            raise UpstreamBrokenError(
                f"{type(error).__name__}: {hide_keys(str(error), secret) or 'the connection failed'}"
            ) from None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _send(self, request: HttpRequest, secret: str, timeout_s: float) -> HttpResponse:
        base_url = self._base_urls.get(request.base_url, request.base_url)
        async with self._client.stream(
            "GET",
            base_url + request.path,
            params=dict(request.params),
            timeout=timeout_s,
            extensions={_AUTH: (request.auth, secret)} if request.auth and secret else {},
        ) as response:
            if response.is_redirect:
                raise BadPayloadError(f"status {response.status_code} redirects; redirects are not followed")
            body = await _read(response, self._body_bytes_max)
            return HttpResponse(
                response.status_code,
                _without_key(body, secret),
                response.headers.get("content-type", "").partition(";")[0].strip().lower(),
                {name: hide_keys(value, secret) for name, value in response.headers.items()},
            )


_AUTH = "riskwave_auth"


class _KeyedTransport(httpx2.AsyncBaseTransport):
    """Puts the key into the request, below the client, whose logs and exceptions show the request without it."""

    def __init__(self, inner: httpx2.AsyncHTTPTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        extensions = dict(request.extensions)
        auth, secret = extensions.pop(_AUTH, (None, ""))
        url, headers = request.url, list(request.headers.raw)
        if auth is not None and auth.place == "query":
            url = url.copy_add_param(auth.name, secret)
        elif auth is not None:
            headers.append((auth.name.encode(), secret.encode()))
        keyed = httpx2.Request(request.method, url, headers=headers, stream=request.stream, extensions=extensions)
        return await self._inner.handle_async_request(keyed)

    async def aclose(self) -> None:
        await self._inner.aclose()


class _HideKeys(logging.Filter):
    """Takes keys out of the libraries' own log lines: at their lowest level they show the headers of answers."""

    def __init__(self) -> None:
        super().__init__()
        self.secrets: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        for secret in self.secrets:
            text = hide_keys(text, secret)
        record.msg, record.args = text, ()
        return True


_FILTER = _HideKeys()
_LOGGERS = ("httpx2", *(f"httpcore2.{name}" for name in ("connection", "http11", "http2", "proxy", "socks")))


def _hide_in_logs(secret: str) -> None:
    """Make sure that no library writes `secret` into a log; adding the filter again changes nothing."""
    _FILTER.secrets.add(secret)
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)


async def _read(response: httpx2.Response, bytes_max: int) -> bytes:
    """Return the body, decompressed; stop reading as soon as it is too large."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", ""}:
        raise BadPayloadError(f"the answer is compressed with {encoding}, which was not offered")
    raw = response.aiter_raw()
    chunks = _gunzip(raw, bytes_max) if encoding == "gzip" else raw
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > bytes_max:
            raise BadPayloadError(f"the answer is larger than {bytes_max} bytes")
    return bytes(body)


async def _gunzip(chunks: AsyncIterator[bytes], bytes_max: int) -> AsyncIterator[bytes]:
    """Decompress at most a little more than `bytes_max`, however small the compressed form is."""
    decompressor = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        async for chunk in chunks:
            # Whoever reads stops at the limit, so what is left over in the decompressor is never wanted.
            yield decompressor.decompress(chunk, bytes_max + 1)
    except zlib.error:
        raise BadPayloadError("the answer says gzip and is not") from None
    if not decompressor.eof:
        raise UpstreamBrokenError("the compressed answer is cut short")


def _without_key(body: bytes, secret: str) -> bytes:
    """Take the key out: refusals of some vendors quote it."""
    text = body.decode("utf-8", errors="surrogateescape")
    return hide_keys(text, secret).encode("utf-8", errors="surrogateescape")

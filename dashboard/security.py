"""What the dashboard answers besides its content: headers that browsers enforce, and 404 for what does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HSTS_MAX_AGE_S = 31_536_000


def content_security_policy(script_hashes: Sequence[str]) -> str:
    """Return the policy: scripts from this host and the hashed inline ones only, nothing from any other host.

    Styles may be inline because Plotly and Mantine write them; images may be data because Plotly exports them so.
    """
    rules = {
        "default-src": ["'self'"],
        "script-src": ["'self'", *script_hashes],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "worker-src": ["'self'", "blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(" ".join((name, *sources)) for name, sources in rules.items())


class SecurityMiddleware:
    """Adds the security headers to every answer; with `https_only`, HSTS too, and plain HTTP is sent to HTTPS.

    Behind a proxy that ends TLS, uvicorn takes the scheme from ``X-Forwarded-Proto`` of the proxies that it trusts.
    """

    def __init__(self, app: ASGIApp, *, policy: str, https_only: bool, exempt_paths: Collection[str] = ()) -> None:
        self.app = app
        self.https_only = https_only
        self.exempt_paths = frozenset(exempt_paths)
        headers = {
            "content-security-policy": policy,
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=()",
        }
        if https_only:
            headers["strict-transport-security"] = f"max-age={HSTS_MAX_AGE_S}; includeSubDomains"
        self.headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self.https_only and scope["scheme"] != "https" and scope["path"] not in self.exempt_paths:
            await self._redirect(scope, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self.headers]}
            await send(message)

        await self.app(scope, receive, with_headers)

    async def _redirect(self, scope: Scope, send: Send) -> None:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"")
        query = b"?" + scope["query_string"] if scope["query_string"] else b""
        location = b"https://" + host + scope["path"].encode("utf-8", "surrogateescape") + query
        headers = [(b"location", location), (b"content-length", b"0"), *self.headers]
        await send({"type": "http.response.start", "status": 308, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


class NotFoundMiddleware:
    """Gives status 404 to the paths that only Dash's catch-all route would answer, so that no probe of a typo is green.

    The body stays the dashboard's: it says that there is no such page and links to those that exist.
    """

    def __init__(self, app: ASGIApp, *, pages: Collection[str], prefixes: Collection[str]) -> None:
        self.app = app
        self.pages = frozenset(pages)
        self.prefixes = tuple(prefixes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        known = scope["type"] != "http" or scope["path"] in self.pages or scope["path"].startswith(self.prefixes)
        if known:
            await self.app(scope, receive, send)
            return

        async def as_not_found(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                message = {**message, "status": 404}
            await send(message)

        await self.app(scope, receive, as_not_found)

"""The dashboard as an ASGI application: Dash on FastAPI, with callbacks that await the server.

    uvicorn --factory riskwave.dashboard.app:create_app

`create_app` opens nothing. The channel to the server is made in the application's lifespan, on the loop that uses it,
and closed there.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from dash import Dash, Input, Output, State
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette_compress import CompressMiddleware

from riskwave.dashboard import pages, shell
from riskwave.dashboard.components.status import page_head, server_badge, unknown_page
from riskwave.dashboard.gateway import Gateway
from riskwave.dashboard.problems import guarded
from riskwave.dashboard.security import NotFoundMiddleware, SecurityMiddleware, content_security_policy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dash.development.base_component import Component

    from riskwave.config import Settings
    from riskwave.dashboard.gateway import Connect

#: The page that the bare address shows.
HOME = "/markets"
#: Besides the pages: what Dash, its components and the pages' own routes answer.
_SERVED_PREFIXES = ("/_dash-", "/_reload-hash", "/_favicon.ico", "/assets/", "/stream/")
_HEALTH_PATHS = ("/healthz", "/readyz")


def create_app(settings: Settings | None = None, *, connect: Connect | None = None) -> FastAPI:
    """Return the dashboard.

    Parameters
    ----------
    settings : riskwave.config.Settings, optional
        Unset loads them from file and environment.
    connect : callable, optional
        Makes the client, an asynchronous context manager such as `riskwave.connect_async` returns. It is called once,
        when the application starts. Unset connects to the server of the settings.
    """
    if settings is None:
        from riskwave.config import load_settings

        settings = load_settings()
    gateway = Gateway.of_settings(settings, connect)

    @asynccontextmanager
    async def lifespan(_server: FastAPI) -> AsyncIterator[None]:
        async with gateway:
            yield

    # Its own schema pages would load scripts from another host.
    server = FastAPI(title="riskwave dashboard", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    _add_health(server, gateway)
    found = pages.all_pages()
    for page in found:
        if page.routes is not None:
            page.routes(server, gateway)
    dash = _make_dash(server, found, gateway)
    server.add_middleware(
        NotFoundMiddleware, pages=("/", *_HEALTH_PATHS, *(p.path for p in found)), prefixes=_SERVED_PREFIXES
    )
    server.add_middleware(
        SecurityMiddleware,
        policy=content_security_policy(dash.csp_hashes()),
        https_only=settings.profile == "production",
        exempt_paths=_HEALTH_PATHS,
    )
    server.add_middleware(CompressMiddleware)
    server.state.dash = dash
    server.state.gateway = gateway
    return server


def _add_health(server: FastAPI, gateway: Gateway) -> None:
    @server.get("/healthz")
    async def alive() -> JSONResponse:
        return JSONResponse({"status": "ok"})

    @server.get("/readyz")
    async def ready() -> JSONResponse:
        reason = await gateway.not_ready_reason()
        if reason is None:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready", "reason": reason}, status_code=503)


def _make_dash(server: FastAPI, found: list[pages.Page], gateway: Gateway) -> Dash:
    dash = Dash(
        name="riskwave.dashboard",
        server=server,  # type: ignore[arg-type] # Dash takes any server that one of its back ends knows
        assets_folder=str(Path(__file__).parent / "assets"),
        use_pages=False,
        title="riskwave",
        update_title="",
        index_string=shell.INDEX,
        serve_locally=True,
        compress=False,
        suppress_callback_exceptions=True,
        add_log_handler=False,
        enable_mcp=False,
    )
    # It would open a socket from every page that nothing here uses.
    dash.backend.websocket_capability = False
    dash.layout = shell.layout(found, HOME)
    shell.register(dash)
    _register_routing(dash, found)
    _register_server_state(dash, gateway)
    for page in found:
        page.register(dash, gateway)
    # Dash would do this at the first request of "/"; a page that is asked for before would come without our assets.
    dash._setup_server()  # type: ignore[no-untyped-call] # Dash has no types for it
    return dash


def _register_routing(dash: Dash, found: list[pages.Page]) -> None:
    by_path = {page.path: page for page in found}

    @dash.callback(Output("page", "children"), Input("url", "pathname"), State("url", "search"))
    async def show_page(path: str, search: str | None) -> list[Component]:
        page = by_path.get(HOME if path in {"/", ""} else path.rstrip("/"))
        if page is None:
            return unknown_page(path, found)
        query = dict(parse_qsl((search or "").removeprefix("?"), keep_blank_values=True))
        return [page_head(page.title, page.summary), page.layout(query)]


def _register_server_state(dash: Dash, gateway: Gateway) -> None:
    @dash.callback(Output("server-state", "children"), Input("url", "pathname"))
    @guarded(
        gateway.timeout_s,
        "server",
        title="The server cannot be reached",
        still_works="The pages open and what you entered is kept; numbers come back with the server.",
        fallback=lambda _problem: server_badge(None),
    )
    async def show_server(_path: str) -> Component:
        return server_badge(await gateway.server_version())

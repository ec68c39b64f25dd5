"""Serves the dashboard with uvicorn, in one process. It keeps nothing between calls: for more users, start more."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import uvicorn

from riskwave.config import ConfigError, Problem
from riskwave.dashboard.app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from riskwave.config import Settings

#: Time that running answers have at the end; a simulation that is watched for longer is cancelled.
GRACE_PERIOD_S = 5
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def serve(settings: Settings, *, on_ready: Callable[[str], None] | None = None) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Parameters
    ----------
    settings : riskwave.config.Settings
        Section ``dashboard`` says where; port 0 takes a free one.
    on_ready : callable, optional
        Called with the page's address when it accepts connections.

    Raises
    ------
    ConfigError
        If the address is taken, or reaches other machines without encryption and without being allowed to.
    """
    listener = _listen(settings)
    # Log lines are the process's business and already laid; access lines would repeat what the calls log.
    options = uvicorn.Config(
        create_app(settings), log_config=None, access_log=False, timeout_graceful_shutdown=GRACE_PERIOD_S, ws="none"
    )
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"

    try:
        _Server(options, lambda: on_ready(url) if on_ready is not None else None).run(sockets=[listener])
    except KeyboardInterrupt:
        # uvicorn has stopped in order and passes the signal on.
        sys.stderr.write("\n")


class _Server(uvicorn.Server):
    """Tells when it accepts connections."""

    def __init__(self, options: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(options)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def _listen(settings: Settings) -> socket.socket:
    section = settings.dashboard
    if section.host not in _LOOPBACK and not section.allow_plaintext_remote:
        raise ConfigError(
            Problem(
                "dashboard.host",
                f"is {section.host}, which other machines reach without encryption; listen on 127.0.0.1 behind a proxy "
                "that encrypts, or set dashboard.allow_plaintext_remote to true",
            )
        )
    family = socket.AF_INET6 if ":" in section.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((section.host, section.port))
    except OSError as error:
        listener.close()
        message = f"{section.host}:{section.port} cannot be listened on: {error.strerror or error}; choose another port"
        raise ConfigError(Problem("dashboard.port", message)) from None
    listener.listen(128)
    return listener

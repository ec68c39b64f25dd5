"""The server's process: settings, logs, kernels' cache, and a graceful end."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from riskwave.config.logging import configure_logging
from riskwave.server.allocator import keep_large_buffers
from riskwave.server.kernel_cache import prepare_kernel_cache

if TYPE_CHECKING:
    from riskwave.config import Settings
    from riskwave.server.app import RiskwaveServer


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; a second signal ends the grace period.

    Raises
    ------
    ConfigError
        If the address cannot be listened on, or the log files cannot be written.
    """
    configure_logging(settings, component="server")
    prepare_kernel_cache()
    keep_large_buffers()
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    # Numba reads the place of its cache when it is imported, so the server's modules come after it is set.
    from riskwave.server.app import build_server
    from riskwave.server.interceptors.call_log import batch_call_lines

    server = build_server(settings, call_log=batch_call_lines(console_json=settings.logging.format == "json"))
    stops: list[asyncio.Task[None]] = []
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stop, server, stops)
    try:
        await server.start()
        await server.wait()
    finally:
        if not stops:
            await server.stop(0)
        await asyncio.gather(*stops)


def _stop(server: RiskwaveServer, stops: list[asyncio.Task[None]]) -> None:
    """Begin a graceful stop; the second signal shortens the grace period to nothing."""
    stops.append(asyncio.get_running_loop().create_task(server.stop(0 if stops else None)))

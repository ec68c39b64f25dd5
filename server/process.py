"""The server's process: settings, logs, kernels' cache, and a graceful end."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from typing import TYPE_CHECKING

from riskwave.config.logging import configure_logging
from riskwave.server.allocator import keep_large_buffers
from riskwave.server.kernel_cache import prepare_kernel_cache

if TYPE_CHECKING:
    from collections.abc import Callable

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
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the event loop: libuv's answers a fifth more small calls; Windows has Python's own only."""
    if sys.platform == "win32":
        return None
    import uvloop

    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


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
        # What is loaded by now stays: a full collection would walk it for a fifth of a second, while callers wait.
        gc.freeze()
        await server.wait()
    finally:
        if not stops:
            await server.stop(0)
        await asyncio.gather(*stops)


def _stop(server: RiskwaveServer, stops: list[asyncio.Task[None]]) -> None:
    """Begin a graceful stop; the second signal shortens the grace period to nothing."""
    stops.append(asyncio.get_running_loop().create_task(server.stop(0 if stops else None)))

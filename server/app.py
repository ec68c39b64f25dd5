"""The server put together: services over the parts that they share, started and stopped in order."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from riskwave.config.errors import ConfigError, Problem
from riskwave.config.profiles import refusals
from riskwave.server.cluster import Cluster
from riskwave.server.components import ComponentHealth
from riskwave.server.dispatch import SERVICES, Dispatcher, list_capabilities
from riskwave.server.errors import Translator
from riskwave.server.history import History
from riskwave.server.interceptors.admission import Admission
from riskwave.server.interceptors.boundary import CallBoundary
from riskwave.server.interceptors.call_log import CallLog
from riskwave.server.interceptors.statistics import Statistics
from riskwave.server.kernels import Kernels
from riskwave.server.market import Market
from riskwave.server.market.cache import PriceCache
from riskwave.server.market.errors import StoreUnavailableError, StoreVersionError
from riskwave.server.market.feed import LiveFeed
from riskwave.server.market.fetch_setup import configured_keys, open_vendors
from riskwave.server.pool import ComputePool
from riskwave.server.price_reader import PriceReader, current_correlation_id
from riskwave.server.runtime import Runtime
from riskwave.server.services import make_services
from riskwave.server.store_errors import add_store_rules

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from riskwave.config.settings import Settings

    ServicesFactory = Callable[[Runtime, Mapping[str, bool]], dict[str, object]]

_log = structlog.get_logger("riskwave.server")

_OUTSTANDING_PER_THREAD = 64
"""Pieces of work that may wait for each computing thread."""


def check_free(host: str, port: int) -> None:
    """Raise OSError where nothing can listen; 0 takes any port."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    socket.create_server((str(address[0]), port), family=family).close()


class RiskwaveServer:
    """One server; `build_server` makes it.

    Parameters
    ----------
    runtime
        What the services share.
    boundary
        What happens around every call.
    services
        The objects that answer, by the full name of their service.
    """

    def __init__(self, runtime: Runtime, boundary: CallBoundary, services: dict[str, object]) -> None:
        settings = runtime.settings.server
        self.runtime = runtime
        self.port = 0
        self._boundary = boundary
        self._health = health.aio.HealthServicer()
        self._health_names = ("", *SERVICES)
        self._cluster_start: asyncio.Task[None] | None = None
        self._grpc = grpc.aio.server(
            options=(
                # Two servers on one port would silently share its callers.
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", settings.max_message_bytes),
                ("grpc.max_send_message_length", settings.max_message_bytes),
                # Clients ping at most once a minute, to notice a dead connection.
                ("grpc.http2.min_ping_interval_without_data_ms", 30_000),
                ("grpc.keepalive_permit_without_calls", 1),
            )
        )
        self._grpc.add_generic_rpc_handlers((Dispatcher(services, boundary, runtime),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._grpc)
        if settings.reflection:
            names = (*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(names, self._grpc)

    @property
    def address(self) -> str:
        """Where it listens, as clients write it."""
        host = self.runtime.settings.server.host
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    async def start(self) -> None:
        """Listen, open the store, and then call itself SERVING; kernels are compiled and loaded in the background.

        Calls that come before wait; those of SystemService and health are answered at once. A call that needs a kernel
        before its turn waits for that one alone.

        Raises
        ------
        ConfigError
            If the address cannot be listened on, or the settings contradict each other.
        """
        begin_s = time.perf_counter()
        settings = self.runtime.settings.server
        problems = tuple(refusals(self.runtime.settings))
        if problems:
            raise ConfigError(*problems)
        await self._set_health(health_pb2.HealthCheckResponse.NOT_SERVING)
        try:
            check_free(settings.host, settings.port)  # gRPC would print a line of its own
            host = f"[{settings.host}]" if ":" in settings.host else settings.host
            self.port = self._grpc.add_insecure_port(f"{host}:{settings.port}")
        except (OSError, RuntimeError):
            message = f"was {settings.port}, on which nothing can listen at {settings.host}; it may be in use"
            raise ConfigError(Problem("server.port", message)) from None
        await self._grpc.start()
        _log.info("listening", address=self.address, profile=self.runtime.settings.profile)
        await asyncio.gather(self._open_store(), self.runtime.kernels.start())
        self._cluster_start = asyncio.create_task(self._start_cluster(), name="cluster-start")
        self.runtime.ready.set()
        await self._set_health(health_pb2.HealthCheckResponse.SERVING)
        _log.info("serving", address=self.address, seconds=round(time.perf_counter() - begin_s, 3))

    async def stop(self, grace_period_s: float | None = None) -> None:
        """Stop: NOT_SERVING at once, new calls refused, running ones given time to finish, then everything closed.

        Parameters
        ----------
        grace_period_s
            Time for running calls. None means that of the settings.
        """
        grace_s = self.runtime.settings.server.grace_period_s if grace_period_s is None else grace_period_s
        _log.info("stopping", active_calls=self._boundary.admission.active_count, grace_period_s=grace_s)
        self._boundary.admission.stop()
        await self._health.enter_graceful_shutdown()
        await self._grpc.stop(grace_s)
        if self._cluster_start is not None:
            self._cluster_start.cancel()
        await self.runtime.kernels.close()
        await self.runtime.cluster.close()
        await self.runtime.feed.close()
        await self.runtime.vendors.close()
        await self.runtime.cache.close()
        await asyncio.to_thread(self.runtime.market.close)
        self.runtime.pool.close()
        self._boundary.call_log.flush()
        _log.info("stopped")

    async def wait(self) -> None:
        """Wait until it has been stopped."""
        await self._grpc.wait_for_termination()

    async def _open_store(self) -> None:
        """Bring the store to this version; without it, calls that carry their data are still answered."""
        begin_s = time.perf_counter()
        market = self.runtime.market
        try:
            await self.runtime.pool.run_io(market.open)
        except (StoreUnavailableError, StoreVersionError) as error:
            self.runtime.store.fail(str(error))
            _log.error("store", url=market.database.shown_url, error=str(error))
            return
        samples = market.samples
        _log.info(
            "store",
            url=market.database.shown_url,
            samples_loaded=samples is not None and samples.loaded,
            seconds=round(time.perf_counter() - begin_s, 3),
        )

    async def _start_cluster(self) -> None:
        # Its workers then load what was compiled here instead of compiling it at the same time.
        await self.runtime.kernels.wait_until_compiled()
        self.runtime.cluster.start()

    async def _set_health(self, status: health_pb2.HealthCheckResponse.ServingStatus.ValueType) -> None:
        for name in self._health_names:
            await self._health.set(name, status)


def build_server(
    settings: Settings, services_factory: ServicesFactory = make_services, call_log: CallLog | None = None
) -> RiskwaveServer:
    """Return a server of the settings, not started. Called inside the event loop that will run it.

    Parameters
    ----------
    settings
        All of them.
    services_factory
        Makes the objects that answer, from the runtime and the table of capabilities.
    call_log
        Writes the line of each call; None writes each as its call ends.

    Examples
    --------
    >>> import asyncio
    >>> from riskwave.config import Settings
    >>> async def main() -> int:
    ...     server = build_server(Settings(profile="test", server={"port": 0}, dask={"mode": "off"}))
    ...     await server.start()
    ...     await server.stop()
    ...     return server.port
    >>> asyncio.run(main()) > 0
    True
    """
    pool = _make_pool(settings.server.compute_thread_count)
    statistics = Statistics()
    translator = Translator()
    ready = asyncio.Event()
    boundary = CallBoundary(
        admission=Admission(settings.limits.concurrent_calls, settings.limits.watchers),
        statistics=statistics,
        translator=translator,
        ready=ready,
        call_log=call_log or CallLog(),
        default_deadline_s=settings.server.default_deadline_s,
        deadline_max_s=settings.server.deadline_max_s,
        show_defects=settings.server.error_detail and settings.profile == "development",
    )
    add_store_rules(translator)
    market = Market(settings)
    cache = PriceCache(market.prices, settings.cache, pool.run_io)
    vendors = open_vendors(
        settings,
        market.prices,
        configured_keys(settings),
        correlation_id=current_correlation_id,
        read=cache.get_series,
    )
    prices = PriceReader(cache, vendors)
    feed = LiveFeed(prices.read_newest, vendors.fetcher, poll_s=settings.market.live_poll_s)
    runtime = Runtime(
        settings=settings,
        pool=pool,
        statistics=statistics,
        cluster=Cluster(settings.dask),
        market=market,
        cache=cache,
        vendors=vendors,
        prices=prices,
        feed=feed,
        history=History(market, prices, pool),
        store=ComponentHealth("store", market.database.kind),
        kernels=Kernels(),
        ready=ready,
    )
    capabilities: dict[str, bool] = {}
    services = services_factory(runtime, capabilities)
    capabilities.update(list_capabilities(services))
    return RiskwaveServer(runtime, boundary, services)


def _make_pool(thread_count: int) -> ComputePool:
    return ComputePool(thread_count, thread_count * _OUTSTANDING_PER_THREAD)


@asynccontextmanager
async def running_server(settings: Settings) -> AsyncIterator[RiskwaveServer]:
    """Run a server for the length of the block; its `port` and `address` are known inside."""
    server = build_server(settings)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()

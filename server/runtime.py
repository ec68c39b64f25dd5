"""The parts that the services share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from riskwave.config.settings import Settings
    from riskwave.server.cluster import Cluster
    from riskwave.server.components import ComponentHealth
    from riskwave.server.history import History
    from riskwave.server.interceptors.statistics import Statistics
    from riskwave.server.kernels import Kernels
    from riskwave.server.market import Market
    from riskwave.server.market.cache import PriceCache
    from riskwave.server.market.feed import LiveFeed
    from riskwave.server.market.fetch_setup import Vendors
    from riskwave.server.pool import ComputePool
    from riskwave.server.price_reader import PriceReader


@dataclass(slots=True)
class Runtime:
    """What one server process has: made by `riskwave.server.app.build_server`, handed to every service."""

    settings: Settings
    pool: ComputePool
    statistics: Statistics
    cluster: Cluster
    market: Market
    cache: PriceCache
    vendors: Vendors
    prices: PriceReader
    feed: LiveFeed
    history: History
    kernels: Kernels
    #: How the price store is.
    store: ComponentHealth
    #: Set once the store is open and calls can be answered.
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def components(self) -> list[ComponentHealth]:
        """Return every part that the server can do without."""
        return [self.store, self.cache.health, self.kernels.health, self.cluster.health]

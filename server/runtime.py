"""The parts that the services share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from riskwave.config.settings import Settings
    from riskwave.server.cluster import Cluster
    from riskwave.server.components import ComponentHealth
    from riskwave.server.interceptors.statistics import Statistics
    from riskwave.server.pool import ComputePool


@dataclass(slots=True)
class Runtime:
    """What one server process has: made by `riskwave.server.app.build_server`, handed to every service."""

    settings: Settings
    pool: ComputePool
    statistics: Statistics
    cluster: Cluster
    #: How the kernels are; the store's and the cluster's own are asked for.
    kernels: ComponentHealth
    #: Seconds that compiling or loading the kernels took.
    warm_up_s: float = 0.0
    #: Set once calls can be answered without waiting for a compiler.
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def components(self) -> list[ComponentHealth]:
        """Return every part that the server can do without."""
        return [self.kernels, self.cluster.health]

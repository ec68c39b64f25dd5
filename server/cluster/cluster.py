"""A Dask cluster that the server can do without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.server.components import ComponentHealth

if TYPE_CHECKING:
    from riskwave.config.settings import DaskSettings


class Cluster:
    """The cluster of the settings."""

    def __init__(self, settings: DaskSettings) -> None:
        self.settings = settings
        self.health = ComponentHealth("cluster", settings.mode)

    @property
    def worker_count(self) -> int:
        """Workers that are there now."""
        return 0

    async def start(self) -> None:
        """Begin to start it, without waiting."""

    async def close(self) -> None:
        """Stop what was started."""

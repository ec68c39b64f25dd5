"""Parts that the server can do without, and how they are; what GetServerInfo lists."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class ComponentHealth:
    """How one part is.

    Parameters
    ----------
    name
        store, cluster, kernels...
    kind
        What it is: sqlite, embedded, an address without secrets.
    healthy
        True while it works as configured.
    detail
        What is wrong or worth knowing.
    """

    name: str
    kind: str
    healthy: bool = True
    detail: str = ""

    def fail(self, detail: str) -> None:
        """Note that it does not work."""
        self.healthy, self.detail = False, detail

    def recover(self, detail: str = "") -> None:
        """Note that it works."""
        self.healthy, self.detail = True, detail

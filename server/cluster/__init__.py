"""Where large simulations run; the only package that imports Dask."""

from riskwave.server.cluster.cluster import Cluster

__all__ = ["Cluster"]

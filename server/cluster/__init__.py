"""Where large simulations run; the only package that imports Dask."""

from riskwave.server.cluster.cluster import Cluster, ClusterLostError

__all__ = ["Cluster", "ClusterLostError"]

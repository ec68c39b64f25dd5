"""Sample covariance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.compute.risk.covariance import COVARIANCE_ESTIMATORS, CovarianceEstimator

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.registry import Value


def sample_covariance(
    returns: NDArray[np.float64], _params: Mapping[str, Value]
) -> tuple[NDArray[np.float64], float | None]:
    """Return the sums of squares and products about the means over the observations less 1."""
    centred = returns - returns.mean(axis=0)
    return centred.T @ centred / (len(returns) - 1), None


COVARIANCE_ESTIMATORS.add(
    CovarianceEstimator(
        name="sample",
        title="Sample covariance",
        doc="Unbiased, ddof 1. Singular when there are not more observations than assets.",
        source="Pearson (1896)",
        compute=sample_covariance,
    )
)

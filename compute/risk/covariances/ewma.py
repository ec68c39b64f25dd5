"""Exponentially weighted covariance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.registry import Param
from riskwave.compute.risk.covariance import COVARIANCE_ESTIMATORS, CovarianceEstimator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from riskwave.compute.registry import Value


def ewma_covariance(
    returns: NDArray[np.float64], params: Mapping[str, Value]
) -> tuple[NDArray[np.float64], float | None]:
    """Return the mean of squares and products with weights that fall by `decay` from one observation to the one before.

    The weights are divided by their sum, so that a short history is not biased towards zero.
    """
    age = np.arange(len(returns) - 1, -1, -1, dtype=np.float64)
    weights = float(params["decay"]) ** age
    weights /= weights.sum()
    centred = returns - weights @ returns if params["centred"] else returns
    covariance: NDArray[np.float64] = (centred * weights[:, np.newaxis]).T @ centred
    return 0.5 * (covariance + covariance.T), None


COVARIANCE_ESTIMATORS.add(
    CovarianceEstimator(
        name="ewma",
        title="Exponentially weighted covariance",
        doc="Recent observations count more; RiskMetrics takes the mean return of a day as zero.",
        source="RiskMetrics Technical Document, J.P. Morgan and Reuters (1996)",
        compute=ewma_covariance,
        params=(
            Param("decay", 0.94, "Weight of an observation relative to the one after it", low=0.5, high=0.9999),
            Param("centred", False, "Subtract the weighted mean instead of taking it as zero"),
        ),
    )
)

"""Oracle approximating shrinkage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.registry import Param
from riskwave.compute.risk.covariance import COVARIANCE_ESTIMATORS, CovarianceEstimator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from riskwave.compute.registry import Value


def oas_covariance(
    returns: NDArray[np.float64], params: Mapping[str, Value]
) -> tuple[NDArray[np.float64], float | None]:
    """Return the mixture of sample covariance (ddof 0) and mean variance times identity that suits normal returns."""
    count, assets = returns.shape
    centred = returns - returns.mean(axis=0)
    sample = centred.T @ centred / count
    trace = float(np.trace(sample))
    trace_of_square = float((sample**2).sum())
    dropped = 2.0 / assets if params["small_dimension_terms"] else 0.0
    distance = (count + 1.0 - dropped) * (trace_of_square - trace**2 / assets)
    shrinkage = min(((1.0 - dropped) * trace_of_square + trace**2) / distance, 1.0) if distance > 0.0 else 1.0
    covariance = (1.0 - shrinkage) * sample
    covariance[np.diag_indices(assets)] += shrinkage * trace / assets
    return covariance, shrinkage


COVARIANCE_ESTIMATORS.add(
    CovarianceEstimator(
        name="oas",
        title="Oracle approximating shrinkage",
        doc="Like Ledoit-Wolf, with an intensity that is better for normal returns and short histories.",
        source="Chen, Wiesel, Eldar and Hero (2010), equation 23, as in scikit-learn without its terms in 2 / assets",
        compute=oas_covariance,
        params=(
            Param("small_dimension_terms", False, "Keep the terms in 2 / assets, which matter for a few assets only"),
        ),
    )
)

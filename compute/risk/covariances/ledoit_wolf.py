"""Ledoit and Wolf's shrinkage towards a multiple of the identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.risk.covariance import COVARIANCE_ESTIMATORS, CovarianceEstimator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from riskwave.compute.registry import Value


def ledoit_wolf_covariance(
    returns: NDArray[np.float64], _params: Mapping[str, Value]
) -> tuple[NDArray[np.float64], float | None]:
    """Return the mixture of sample covariance (ddof 0) and scaled identity with the least expected squared error."""
    count, assets = returns.shape
    centred = returns - returns.mean(axis=0)
    sample = centred.T @ centred / count
    mean_variance = float(np.trace(sample)) / assets
    # Squared Frobenius distances, per asset: of the sample from the target, and of the sample from the truth.
    from_target = float((sample**2).sum()) / assets - mean_variance**2
    squares = centred**2
    noise = float((squares.sum(axis=1) ** 2).sum() / count - (sample**2).sum()) / (count * assets)
    shrinkage = min(max(noise / from_target, 0.0), 1.0) if from_target > 0.0 and noise > 0.0 else 0.0
    covariance = (1.0 - shrinkage) * sample
    covariance[np.diag_indices(assets)] += shrinkage * mean_variance
    return covariance, shrinkage


COVARIANCE_ESTIMATORS.add(
    CovarianceEstimator(
        name="ledoit_wolf",
        title="Ledoit-Wolf shrinkage",
        doc="Shrinks towards the mean variance times the identity as far as the noise of the sample asks for; can be "
        "inverted with fewer observations than assets.",
        source="Ledoit and Wolf (2004), A well-conditioned estimator for large-dimensional covariance matrices",
        compute=ledoit_wolf_covariance,
    )
)

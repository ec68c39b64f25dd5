"""Covariance of returns by a named estimator, and the repair of matrices that no random vector has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.errors import NotPositiveSemidefiniteError
from riskwave.compute.registry import Param, Registry, Value, check_params
from riskwave.compute.result_warning import ResultWarning
from riskwave.compute.risk.inputs import PERIODS_PER_YEAR_MAX, check_assets, check_number, check_returns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class CovarianceEstimator:
    """A way to estimate a covariance matrix.

    Parameters
    ----------
    name
        The name under which callers ask for it, such as ``ledoit_wolf``.
    title
        The name in words.
    doc
        What it is and when it is the right one, in one or two sentences.
    source
        Where it was published.
    compute
        From returns of shape (observations, assets) and the parameters to the covariance of one period and the
        shrinkage intensity, None where there is none.
    params
        The parameters.
    """

    name: str
    title: str
    doc: str
    source: str
    compute: Callable[[NDArray[np.float64], Mapping[str, Value]], tuple[NDArray[np.float64], float | None]]
    params: tuple[Param, ...] = ()


COVARIANCE_ESTIMATORS: Registry[CovarianceEstimator] = Registry("estimator", "riskwave.compute.risk.covariances")
"""Every covariance estimator, filled by the modules of `riskwave.compute.risk.covariances`."""


@dataclass(frozen=True, eq=False, slots=True)
class CovarianceReport:
    """What `compute_covariance` returns.

    Parameters
    ----------
    covariance
        Symmetric, shape (assets, assets), in squared return units times the periods of a year.
    correlation
        Shape (assets, assets); NaN in the row and column of an asset without variance.
    mean
        Mean return of one period, shape (assets,).
    assets
        Names, in the order of the arrays.
    estimator
        Name of the estimator.
    min_eigenvalue
        Smallest eigenvalue of the estimate of one period, before any repair.
    condition_number
        Largest eigenvalue over the smallest after any repair; infinite for a singular matrix.
    shrinkage
        Intensity from 0 to 1; None where the estimator has none.
    repaired
        Whether negative eigenvalues were set to zero.
    warnings
        What the caller should know.
    """

    covariance: NDArray[np.float64]
    correlation: NDArray[np.float64]
    mean: NDArray[np.float64]
    assets: tuple[str, ...]
    estimator: str
    min_eigenvalue: float
    condition_number: float
    shrinkage: float | None
    repaired: bool
    warnings: tuple[ResultWarning, ...]


def compute_covariance(
    returns: ArrayLike,
    *,
    estimator: str = "sample",
    params: Mapping[str, object] | None = None,
    periods_per_year: float = 1.0,
    assets: Sequence[str] | None = None,
) -> CovarianceReport:
    """Estimate the covariance of simple returns.

    Parameters
    ----------
    returns
        Simple returns as fractions, shape (observations, assets) or (observations,); at least 10 observations.
    estimator
        A name in `COVARIANCE_ESTIMATORS`.
    params
        The estimator's parameters by name.
    periods_per_year
        The covariance is multiplied by it; 1 leaves that of one period.
    assets
        Names; ``asset_0``, ``asset_1``... if None.

    Raises
    ------
    UnknownNameError
        For an unknown estimator or parameter.
    SeriesTooShortError, NotFiniteError, ShapeMismatchError, InputError
        As in `riskwave.compute.risk.analyze_portfolio`.

    Examples
    --------
    >>> returns = np.array([[0.01, 0.02], [-0.01, 0.0]] * 10)
    >>> report = compute_covariance(returns, estimator="ewma", params={"decay": 0.9})
    >>> report.covariance.shape, report.repaired
    ((2, 2), False)
    """
    entry = COVARIANCE_ESTIMATORS.get(estimator)
    values = check_params(entry.params, params or {})
    scale = check_number(periods_per_year, "periods_per_year", low=0.0, high=PERIODS_PER_YEAR_MAX, closed=False)
    matrix = check_returns(returns)
    names = check_assets(assets, matrix.shape[1])
    estimate, shrinkage = entry.compute(matrix, values)
    covariance, min_eigenvalue, repaired = clip_eigenvalues(estimate)
    warnings = []
    if repaired:
        message = f"the smallest eigenvalue was {min_eigenvalue:g}; negative eigenvalues were set to 0"
        warnings.append(ResultWarning("COVARIANCE_REPAIRED", message, "returns"))
    largest = float(np.linalg.eigvalsh(covariance)[-1])
    smallest = max(min_eigenvalue, 0.0)
    singular = smallest <= len(names) * EPSILON * largest
    if singular:
        message = (
            f"the covariance of {len(names)} assets from {len(matrix)} observations is singular; "
            "a shrinkage estimator gives one that can be inverted"
        )
        warnings.append(ResultWarning("COVARIANCE_SINGULAR", message, "returns"))
    return CovarianceReport(
        covariance=covariance * scale,
        correlation=correlation_of(covariance),
        mean=matrix.mean(axis=0),
        assets=names,
        estimator=entry.name,
        min_eigenvalue=min_eigenvalue,
        condition_number=float("inf") if singular else largest / smallest,
        shrinkage=shrinkage,
        repaired=repaired,
        warnings=tuple(warnings),
    )


def correlation_of(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the correlations of a covariance matrix; NaN in the row and column of an asset without variance."""
    deviations = np.sqrt(np.diagonal(covariance))
    moves = deviations > 0.0
    inverse = np.divide(1.0, deviations, out=np.full(len(deviations), np.nan), where=moves)
    correlation: NDArray[np.float64] = np.clip(covariance * np.outer(inverse, inverse), -1.0, 1.0)
    correlation[moves, moves] = 1.0
    return correlation


def clip_eigenvalues(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], float, bool]:
    """Return a symmetric matrix with its negative eigenvalues set to 0, the smallest one before, and whether any was.

    The result is the nearest positive semi-definite matrix in the Frobenius norm (Higham 1988). Eigenvalues that are
    negative by rounding only leave the matrix as it is.
    """
    values, vectors = np.linalg.eigh(matrix)
    smallest = float(values[0])
    if smallest >= -4.0 * len(values) * EPSILON * float(values[-1]):
        return matrix, smallest, False
    clipped = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return 0.5 * (clipped + clipped.T), smallest, True


def nearest_correlation(
    matrix: NDArray[np.float64], field: str = "correlation", tolerance: float = 1e-12, iterations_max: int = 10_000
) -> tuple[NDArray[np.float64], float, bool]:
    """Return the nearest correlation matrix, the smallest eigenvalue before, and whether the matrix was changed.

    Alternating projections with Dykstra's correction between the positive semi-definite matrices and those with a unit
    diagonal (Higham 2002); nearest in the Frobenius norm.

    Parameters
    ----------
    matrix
        Symmetric with a unit diagonal, shape (assets, assets).
    field
        What an error calls it.
    tolerance
        Relative change of an iteration at which to stop.
    iterations_max
        After how many to give up.

    Raises
    ------
    NotPositiveSemidefiniteError
        If the iteration does not settle.
    """
    values = np.linalg.eigvalsh(matrix)
    smallest = float(values[0])
    if smallest >= -4.0 * len(values) * EPSILON * float(values[-1]):
        return matrix, smallest, False
    result = matrix.copy()
    correction = np.zeros_like(matrix)
    for _ in range(iterations_max):
        shifted = result - correction
        projected, _, _ = clip_eigenvalues(shifted)
        correction = projected - shifted
        before = result
        result = projected.copy()
        np.fill_diagonal(result, 1.0)
        if np.linalg.norm(result - before) <= tolerance * np.linalg.norm(result):
            # One last projection leaves a unit diagonal and no eigenvalue below zero but for rounding.
            projected, _, _ = clip_eigenvalues(result)
            return correlation_of(projected), smallest, True
    raise NotPositiveSemidefiniteError(
        field, f"a matrix with the smallest eigenvalue {smallest:g}", "near a correlation matrix"
    )

"""What a portfolio simulation is asked to do, and whether it can be done."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from riskwave.compute.errors import (
    InputError,
    NotFiniteError,
    NotPositiveSemidefiniteError,
    ShapeMismatchError,
    TooLargeError,
)
from riskwave.compute.montecarlo.philox import SEED_MAX
from riskwave.compute.registry import check_params
from riskwave.compute.result_warning import ResultWarning
from riskwave.compute.risk.inputs import check_choice, check_number, normalise_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.model import PortfolioModel
    from riskwave.compute.registry import Value

Mode = Literal["auto", "collapsed", "full"]
Rebalancing = Literal["daily", "none"]
Sampling = Literal["independent", "antithetic"]

PATHS_MIN: Final = 2
PATHS_MAX: Final = 10_000_000
"""Every path keeps four numbers, 32 bytes, so that quantiles are exact: 320 MB at the limit."""

HORIZON_DAYS_MAX: Final = 10_000
"""About forty years of trading days."""

ASSETS_MAX: Final = 500
TAIL_PROBABILITIES_MAX: Final = 100
RETURN_THRESHOLDS_MAX: Final = 100
RETURN_THRESHOLD_MAX: Final = 1e6

SYMMETRY_TOLERANCE: Final = 1e-10
"""Largest difference between mirrored elements of a covariance, relative to the geometric mean of their variances."""

EIGENVALUE_TOLERANCE: Final = 1e-10
"""A smallest eigenvalue down to minus this part of the largest is rounding, not a covariance that cannot be."""

_EXPONENT_MAX: Final = 690.0
_EXTREME_DEVIATIONS: Final = 40.0
_LARGEST_NORMAL: Final = 6.34


@dataclass(frozen=True, eq=False, kw_only=True)
class SimulationSpec:
    """A portfolio simulation. Two equal specifications give the same bits, wherever and however they run.

    Parameters
    ----------
    mean
        Mean simple return a day of each asset, shape (assets,), as a fraction.
    covariance
        Covariance of the daily returns, shape (assets, assets), symmetric and positive semi-definite.
    weights
        One weight an asset, shape (assets,). They are divided by their sum, which must be positive.
    paths
        Number of paths, from `PATHS_MIN` to `PATHS_MAX`.
    horizon_days
        Days of each path, from 1 to `HORIZON_DAYS_MAX`.
    seed
        From 0 to 2^64 - 1.
    model
        Name of a registered model.
    params
        The model's own parameters.
    mode
        ``collapsed`` simulates the portfolio as one factor, identical in law to ``full``, which simulates every asset;
        ``auto`` collapses where model and rebalancing allow it.
    rebalancing
        ``daily`` back to the given weights, or ``none``: the weights drift. Drifting weights need ``full``.
    sampling
        ``independent``, or ``antithetic``: paths 2i and 2i + 1 have opposite normals.
    distributions
        Whether the result carries every path's four numbers.
    tail_probabilities
        Probabilities for which quantile and expected shortfall are wanted besides 0.05 and 0.01.
    return_thresholds
        Returns for which the probability to end at or below them is wanted.
    confidence
        Confidence of the intervals, as a fraction.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    weights: NDArray[np.float64]
    paths: int
    horizon_days: int = 252
    seed: int = 0
    model: str = "normal"
    params: Mapping[str, object] = field(default_factory=dict)
    mode: Mode = "auto"
    rebalancing: Rebalancing = "daily"
    sampling: Sampling = "independent"
    distributions: bool = False
    tail_probabilities: tuple[float, ...] = ()
    return_thresholds: tuple[float, ...] = ()
    confidence: float = 0.95


@dataclass(frozen=True, eq=False, slots=True)
class PortfolioLaw:
    """What a model needs of a valid specification, the same bits on every machine.

    Parameters
    ----------
    mean, covariance, weights
        As given, as contiguous float64; the weights divided by their sum.
    portfolio_mean, portfolio_deviation
        Mean and standard deviation of the rebalanced portfolio's daily return.
    params
        The model's parameters, completed with defaults.
    mode
        ``collapsed`` or ``full``.
    warnings
        What was done to the input, and what the caller should know about it.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    weights: NDArray[np.float64]
    portfolio_mean: float
    portfolio_deviation: float
    params: dict[str, Value]
    mode: str
    warnings: tuple[ResultWarning, ...]


def check_run(spec: SimulationSpec) -> None:
    """Check how much is asked for, and how: everything that needs no look at the assets."""
    _check_integer("paths", spec.paths, PATHS_MIN, PATHS_MAX)
    _check_integer("horizon_days", spec.horizon_days, 1, HORIZON_DAYS_MAX)
    _check_integer("seed", spec.seed, 0, SEED_MAX)
    check_number(spec.confidence, "confidence", low=0.0, high=1.0, closed=False)
    check_choice(spec.sampling, "sampling", ("independent", "antithetic"))
    if spec.sampling == "antithetic" and spec.paths % 2:
        raise InputError("paths", spec.paths, "an even number, because antithetic paths come in pairs")
    _check_count("tail_probabilities", spec.tail_probabilities, TAIL_PROBABILITIES_MAX)
    for index, probability in enumerate(spec.tail_probabilities):
        check_number(probability, f"tail_probabilities[{index}]", low=0.0, high=1.0, closed=False)
    _check_count("return_thresholds", spec.return_thresholds, RETURN_THRESHOLDS_MAX)
    for index, threshold in enumerate(spec.return_thresholds):
        check_number(threshold, f"return_thresholds[{index}]", low=-RETURN_THRESHOLD_MAX, high=RETURN_THRESHOLD_MAX)


def check_model(spec: SimulationSpec, model: PortfolioModel) -> tuple[dict[str, Value], str]:
    """Check that the model offers what is asked of it, and return its parameters and the mode."""
    check_choice(spec.mode, "mode", ("auto", *model.modes))
    check_choice(spec.rebalancing, "rebalancing", model.rebalancings)
    if spec.rebalancing == "none" and spec.mode == "collapsed":
        raise InputError("mode", spec.mode, "full when rebalancing is none, because drifting weights need every asset")
    mode: str = spec.mode
    if mode == "auto":
        mode = "full" if spec.rebalancing == "none" else model.modes[0]
    return check_params(model.params, spec.params), mode


def portfolio_law(spec: SimulationSpec, params: dict[str, Value], mode: str, *, positive: bool) -> PortfolioLaw:
    """Check mean, covariance and weights, and reduce them to the portfolio's daily law."""
    mean = _as_float64("mean", spec.mean)
    if mean.ndim != 1 or len(mean) == 0:
        raise ShapeMismatchError("mean", f"of shape {mean.shape}", "of shape (assets,) with at least one asset")
    count = len(mean)
    if count > ASSETS_MAX:
        raise TooLargeError("mean", f"{count} assets", f"from 1 to {ASSETS_MAX} assets")
    for index, value in enumerate(mean):
        if not math.isfinite(value):
            raise NotFiniteError(f"mean[{index}]", float(value), "a finite number")
        if value <= -1.0:
            raise InputError(f"mean[{index}]", float(value), "a daily return above -1")
    covariance = _check_covariance(spec.covariance, count)
    weights, warnings = normalise_weights(spec.weights, count)
    centre = math.fsum(weights * mean)
    variance = math.fsum((weights[:, None] * weights * covariance).ravel())
    deviation = math.sqrt(max(variance, 0.0))
    extreme = _growth_exponent(spec, mean, covariance, centre, deviation)
    if extreme > _EXPONENT_MAX:
        allowed = "short enough for wealth to stay below 10^300 at this mean and covariance"
        raise InputError("horizon_days", spec.horizon_days, allowed)
    if not positive and centre - _LARGEST_NORMAL * deviation <= -1.0:
        message = (
            f"with a daily mean of {centre:.4g} and volatility of {deviation:.4g} a return can lose more than "
            "everything in a day; such paths go on with a negative wealth"
        )
        warnings.append(ResultWarning("RETURN_BELOW_MINUS_ONE", message, "covariance"))
    return PortfolioLaw(mean, covariance, weights, centre, deviation, params, mode, tuple(warnings))


def _growth_exponent(
    spec: SimulationSpec, mean: NDArray[np.float64], covariance: NDArray[np.float64], centre: float, deviation: float
) -> float:
    """Return the largest logarithm of wealth that a path can plausibly reach."""
    if spec.rebalancing == "none":
        centre = float(np.max(np.abs(mean)))
        deviation = math.sqrt(float(np.max(np.diagonal(covariance))))
    days = spec.horizon_days
    compounding = days * math.log1p(abs(centre)) + 0.5 * days * deviation * deviation
    return compounding + _EXTREME_DEVIATIONS * deviation * math.sqrt(days)


def _check_covariance(given: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    covariance = _as_float64("covariance", given)
    if covariance.shape != (count, count):
        raise ShapeMismatchError("covariance", f"of shape {covariance.shape}", f"of shape ({count}, {count}), as mean")
    if not np.isfinite(covariance).all():
        row, column = np.argwhere(~np.isfinite(covariance))[0]
        raise NotFiniteError(f"covariance[{row}, {column}]", float(covariance[row, column]), "a finite number")
    variances = np.diagonal(covariance)
    if (variances < 0.0).any():
        index = int(np.argmax(variances < 0.0))
        raise NotPositiveSemidefiniteError(f"covariance[{index}, {index}]", float(variances[index]), "a variance, >= 0")
    deviations = np.sqrt(variances)
    mirrored = np.abs(covariance - covariance.T) > SYMMETRY_TOLERANCE * np.outer(deviations, deviations)
    if mirrored.any():
        row, column = (int(index) for index in np.argwhere(mirrored)[0])
        shown = f"{covariance[row, column]!r} with {covariance[column, row]!r} opposite"
        raise InputError(f"covariance[{row}, {column}]", shown, "symmetric to 1e-10 of the variances")
    eigenvalues = np.linalg.eigvalsh(covariance)
    if eigenvalues[0] < -EIGENVALUE_TOLERANCE * eigenvalues[-1]:
        raise NotPositiveSemidefiniteError(
            "covariance",
            f"a matrix with the eigenvalue {eigenvalues[0]:.6g}",
            f"positive semi-definite: no eigenvalue below -1e-10 of the largest, {eigenvalues[-1]:.6g}",
        )
    return covariance


def _as_float64(name: str, values: object) -> NDArray[np.float64]:
    try:
        return np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(name, values, "an array of numbers") from error


def _check_integer(name: str, value: object, low: int, high: int) -> None:
    allowed = f"an integer from {low} to {high}"
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
        raise InputError(name, value, allowed)
    if value > high:
        kind = InputError if name == "seed" else TooLargeError
        raise kind(name, value, allowed)


def _check_count(name: str, values: tuple[float, ...], count_max: int) -> None:
    if len(values) > count_max:
        raise TooLargeError(name, f"{len(values)} values", f"at most {count_max} values")

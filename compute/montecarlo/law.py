"""What a model needs of a specification: mean, covariance or history and weights, checked and completed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.errors import (
    InputError,
    NotFiniteError,
    NotPositiveSemidefiniteError,
    ShapeMismatchError,
    TooLargeError,
)
from riskwave.compute.registry import check_params
from riskwave.compute.result_warning import ResultWarning
from riskwave.compute.risk.inputs import check_choice, check_returns, normalise_weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.model import PortfolioModel
    from riskwave.compute.montecarlo.spec import SimulationSpec
    from riskwave.compute.registry import Value

ASSETS_MAX: Final = 500
OBSERVATIONS_MAX: Final = 100_000
SAMPLE_VALUES_MAX: Final = 2_000_000
"""Most numbers in the paths of the assets that are kept: 16 MB."""

SYMMETRY_TOLERANCE: Final = 1e-10
"""Largest difference between mirrored elements of a covariance, relative to the geometric mean of their variances."""

EIGENVALUE_TOLERANCE: Final = 1e-10
"""A smallest eigenvalue down to minus this part of the largest is rounding, not a covariance that cannot be."""

_EXPONENT_MAX: Final = 690.0
_EXTREME_DEVIATIONS: Final = 40.0
RETURN_BELOW_MINUS_ONE: Final = "RETURN_BELOW_MINUS_ONE"
"""Code of the warning that a day may lose everything."""

_LARGEST_NORMAL: Final = 6.34


@dataclass(frozen=True, eq=False, slots=True)
class PortfolioLaw:
    """What a model needs of a valid specification, the same bits on every machine.

    Parameters
    ----------
    mean, covariance, history, weights
        As given, as contiguous float64; the weights divided by their sum. The history is empty, of shape (0, assets),
        or else the mean is its mean and the covariance is empty.
    portfolio_mean, portfolio_deviation
        Mean and standard deviation of the rebalanced portfolio's daily return.
    params
        The model's parameters, completed with defaults.
    mode
        ``collapsed`` or ``full``.
    warnings
        What was done to the input, and what the caller should know about it.
    horizon_days
        Days of each path.
    calibration
        What the model estimated from the history, by name.
    """

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    history: NDArray[np.float64]
    weights: NDArray[np.float64]
    portfolio_mean: float
    portfolio_deviation: float
    params: dict[str, Value]
    mode: str
    warnings: tuple[ResultWarning, ...]
    horizon_days: int
    calibration: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)


def check_model(spec: SimulationSpec, model: PortfolioModel) -> tuple[dict[str, Value], str]:
    """Check that the model offers what is asked of it, and return its parameters and the mode."""
    if spec.mode not in {"auto", *model.modes}:
        allowed = f"{' or '.join(model.modes)} for the model {model.name}, which takes {model.modes[0]} when left out"
        raise InputError("mode", spec.mode, allowed)
    check_choice(spec.rebalancing, "rebalancing", model.rebalancings)
    if spec.rebalancing == "none" and spec.mode == "collapsed":
        raise InputError("mode", spec.mode, "full when rebalancing is none, because drifting weights need every asset")
    if spec.sample_paths and spec.mode == "collapsed":
        raise InputError("mode", spec.mode, "full when paths of the assets are wanted, because it simulates them")
    mode: str = spec.mode
    if mode == "auto":
        mode = "full" if spec.rebalancing == "none" or spec.sample_paths else model.modes[0]
    return check_params(model.params, spec.params), mode


def check_sample_paths(spec: SimulationSpec) -> None:
    """Check that the paths of the assets that are to be kept are not too many."""
    assets = np.shape(spec.weights)[-1:] or (1,)
    most = max(SAMPLE_VALUES_MAX // ((spec.horizon_days + 1) * max(assets[0], 1)), 1)
    if spec.sample_paths > most:
        allowed = f"at most {most} paths of {spec.horizon_days} days and {assets[0]} assets"
        raise TooLargeError("sample_path_count", spec.sample_paths, allowed)


def portfolio_law(spec: SimulationSpec, params: dict[str, Value], mode: str, model: PortfolioModel) -> PortfolioLaw:
    """Check mean, covariance and weights, and reduce them to the portfolio's daily law."""
    for name, given in (("mean", spec.mean), ("covariance", spec.covariance)):
        if given is None:
            raise InputError(name, "missing", f"given for the model {model.name}")
    if spec.history is not None:
        raise InputError("history", "given", f"left out for the model {model.name}, which takes mean and covariance")
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
    _check_growth(spec, mean, np.diagonal(covariance), centre, deviation)
    if not model.positive and centre - _LARGEST_NORMAL * deviation <= -1.0:
        message = (
            f"with a daily mean of {centre:.4g} and volatility of {deviation:.4g} a return can lose more than "
            "everything in a day; such paths go on with a negative wealth"
        )
        warnings.append(ResultWarning(RETURN_BELOW_MINUS_ONE, message, "covariance"))
    empty = np.empty((0, count))
    noted = tuple(warnings)
    return PortfolioLaw(
        mean, covariance, empty, weights, centre, deviation, params, mode, noted, spec.horizon_days
    )  # fmt: skip


def history_law(spec: SimulationSpec, params: dict[str, Value], mode: str) -> PortfolioLaw:
    """Check history and weights, and reduce them to the portfolio's daily mean and deviation (ddof 0)."""
    if spec.history is None:
        raise InputError("history", "missing", f"given for the model {spec.model}")
    for name, given in (("mean", spec.mean), ("covariance", spec.covariance)):
        if given is not None:
            raise InputError(name, "given", f"left out for the model {spec.model}, which takes the history")
    history = check_returns(spec.history, "history")
    observations, count = history.shape
    if observations > OBSERVATIONS_MAX or count > ASSETS_MAX:
        allowed = f"at most {OBSERVATIONS_MAX} observations of {ASSETS_MAX} assets"
        raise TooLargeError("history", f"{observations} observations of {count} assets", allowed)
    weights, warnings = normalise_weights(spec.weights, count)
    mean = np.array([math.fsum(column) / observations for column in history.T])
    deviations = history - mean
    centre = math.fsum(weights * mean)
    daily = (deviations * weights).sum(axis=1)
    deviation = math.sqrt(math.fsum(daily * daily) / observations)
    variances = np.array([math.fsum(column * column) / observations for column in deviations.T])
    _check_growth(spec, mean, variances, centre, deviation)
    worst = int(np.argmin(daily))
    if centre + daily[worst] <= -1.0:
        message = f"at observation {worst} the portfolio lost {-(centre + daily[worst]):.4g} of itself, all or more"
        warnings.append(ResultWarning(RETURN_BELOW_MINUS_ONE, message, "history", worst))
    empty = np.empty((0, 0))
    noted = tuple(warnings)
    return PortfolioLaw(
        mean, empty, history, weights, centre, deviation, params, mode, noted, spec.horizon_days
    )  # fmt: skip


def _check_growth(
    spec: SimulationSpec, mean: NDArray[np.float64], variances: NDArray[np.float64], centre: float, deviation: float
) -> None:
    """Refuse horizons over which wealth could plausibly leave the range of numbers."""
    if spec.rebalancing == "none":
        centre = float(np.max(np.abs(mean)))
        deviation = math.sqrt(float(np.max(variances)))
    days = spec.horizon_days
    _check_log_range(days, days * math.log1p(abs(centre)) + 0.5 * days * deviation**2, days * deviation**2)


def check_log_range(law: PortfolioLaw, growth: float, variance: float) -> None:
    """Refuse a horizon after which a log price with this mean's size and this variance may be beyond all numbers."""
    _check_log_range(law.horizon_days, growth + 0.5 * variance, variance)


def _check_log_range(days: int, compounding: float, variance: float) -> None:
    if compounding + _EXTREME_DEVIATIONS * math.sqrt(variance) > _EXPONENT_MAX:
        allowed = "short enough for wealth to stay below 10^300 with this mean and volatility"
        raise InputError("horizon_days", days, allowed)


def _check_covariance(given: object, count: int) -> NDArray[np.float64]:
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

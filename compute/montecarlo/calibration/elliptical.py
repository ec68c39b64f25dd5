"""Normal, lognormal and Student t laws of daily returns, and the t copula, from observations.

References
----------
McNeil, Frey and Embrechts (2015), Quantitative Risk Management, sections 6.2 and 7.5.
Liu and Rubin (1995), ML estimation of the t distribution using EM and its extensions. Statistica Sinica 5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import scipy  # its statistics are loaded at their first use: a server starts a second earlier
from scipy import special

from riskwave.compute.errors import InputError
from riskwave.compute.risk.inputs import check_returns

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

DEGREES_MIN: Final = 2.1
DEGREES_MAX: Final = 200.0
"""Above, nobody tells Student's t from the normal distribution."""

_ITERATIONS_MAX: Final = 200


@dataclass(frozen=True, eq=False, slots=True)
class LognormalFit:
    """Geometric Brownian motion: mean and covariance of the log returns a period, and of the simple ones."""

    log_mean: NDArray[np.float64]
    log_covariance: NDArray[np.float64]
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class StudentTFit:
    """Multivariate Student t: location, covariance (not the scale matrix), and degrees with their standard error."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    degrees: float
    degrees_standard_error: float
    log_likelihood: float


@dataclass(frozen=True, eq=False, slots=True)
class TCopulaFit:
    """A t copula: correlation of the underlying t variables, and degrees of freedom."""

    correlation: NDArray[np.float64]
    degrees: float
    log_likelihood: float


def fit_lognormal(prices: ArrayLike) -> LognormalFit:
    """Fit geometric Brownian motion to prices of shape (dates, assets) or (dates,), finite and positive.

    Examples
    --------
    >>> fit = fit_lognormal([100.0, 110.0, 121.0, 108.9])
    >>> round(float(fit.mean[0]), 4), round(float(fit.log_mean[0]), 4)
    (0.0358, 0.0284)
    """
    levels = np.asarray(prices, dtype=np.float64)
    levels = levels[:, None] if levels.ndim == 1 else levels
    if levels.ndim != 2 or len(levels) < 3 or not (np.isfinite(levels) & (levels > 0.0)).all():
        raise InputError("prices", f"of shape {levels.shape}", "at least 3 dates of finite, positive prices")
    logs = np.diff(np.log(levels), axis=0)
    mean = logs.mean(axis=0)
    covariance = np.atleast_2d(np.cov(logs, rowvar=False))
    growth = np.exp(mean + 0.5 * np.diagonal(covariance))
    return LognormalFit(mean, covariance, growth - 1.0, np.outer(growth, growth) * np.expm1(covariance))


def fit_student_t(returns: ArrayLike) -> StudentTFit:
    """Fit a multivariate Student t to returns of shape (observations, assets) by maximum likelihood.

    For given degrees, location and scale are found by the EM algorithm; the degrees by a search over it.

    Examples
    --------
    >>> draws = np.random.default_rng(2).standard_t(4.0, 4000) * 0.01
    >>> fit = fit_student_t(draws)
    >>> bool(abs(fit.degrees - 4.0) < 4 * fit.degrees_standard_error)
    True
    """
    values = check_returns(returns, "returns")

    def profile(degrees: float) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        location, scale = _em(values, degrees)
        return _log_likelihood(values, location, scale, degrees), location, scale

    degrees, error = _best_degrees(lambda degrees: profile(degrees)[0])
    likelihood, location, scale = profile(degrees)
    return StudentTFit(location, scale * degrees / (degrees - 2.0), degrees, error, likelihood)


def fit_t_copula(returns: ArrayLike, degrees: float = 0.0) -> TCopulaFit:
    """Fit a t copula to returns of shape (observations, assets) by their ranks, whatever the margins are.

    The correlation is that of the scores T^-1(rank / (n + 1)), which is positive semi-definite by construction.

    Parameters
    ----------
    returns
        Finite returns.
    degrees
        Degrees of freedom, or 0 to find those of the highest likelihood.
    """
    values = check_returns(returns, "returns")
    uniforms = np.asarray(scipy.stats.rankdata(values, axis=0), dtype=np.float64) / (len(values) + 1.0)

    def profile(given: float) -> tuple[float, NDArray[np.float64]]:
        scores = np.asarray(special.stdtrit(given, uniforms), dtype=np.float64)
        correlation = np.atleast_2d(np.corrcoef(scores, rowvar=False))
        if values.shape[1] == 1:
            return 0.0, np.ones((1, 1))
        joint = _log_likelihood(scores, np.zeros(len(correlation)), correlation, given)
        return joint - float(scipy.stats.t.logpdf(scores, given).sum()), correlation

    if degrees == 0.0 and values.shape[1] == 1:
        degrees = DEGREES_MAX
    elif degrees == 0.0:
        degrees, _error = _best_degrees(lambda given: profile(given)[0])
    likelihood, correlation = profile(degrees)
    return TCopulaFit(correlation, degrees, likelihood)


def _log_likelihood(
    values: NDArray[np.float64], location: NDArray[np.float64], scale: NDArray[np.float64], degrees: float
) -> float:
    """Return the log-likelihood of a multivariate Student t with a scale matrix."""
    count, assets = values.shape
    sign, log_determinant = np.linalg.slogdet(scale)
    if sign <= 0.0:
        return -math.inf
    deviations = values - location
    distances = np.einsum("ij,ij->i", deviations @ np.linalg.inv(scale), deviations)
    whole = 0.5 * (degrees + assets)
    constant = math.lgamma(whole) - math.lgamma(0.5 * degrees) - 0.5 * assets * math.log(degrees * math.pi)
    total = count * (constant - 0.5 * log_determinant) - whole * np.log1p(distances / degrees).sum()
    return float(total)


def _em(values: NDArray[np.float64], degrees: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return location and scale matrix of the highest likelihood for given degrees."""
    assets = values.shape[1]
    location = np.median(values, axis=0)
    scale = np.atleast_2d(np.cov(values, rowvar=False)) * (degrees - 2.0) / degrees
    for _ in range(_ITERATIONS_MAX):
        deviations = values - location
        distances = np.einsum("ij,ij->i", deviations @ np.linalg.inv(scale), deviations)
        weights = (degrees + assets) / (degrees + distances)
        moved = weights @ values / weights.sum()
        deviations = values - moved
        before, location = location, moved
        # Division by the sum of the weights instead of the count: the same fixed point, reached much sooner.
        updated = (deviations * weights[:, None]).T @ deviations / weights.sum()
        change = float(np.max(np.abs(updated - scale)) / np.max(np.diagonal(scale)))
        scale = updated
        if change < 1e-10 and np.allclose(before, location, rtol=0.0, atol=1e-12):
            break
    return location, scale


def _best_degrees(log_likelihood: Callable[[float], float]) -> tuple[float, float]:
    """Return the degrees of the highest likelihood and their standard error, NaN at an end of the range."""
    found = scipy.optimize.minimize_scalar(
        lambda log_degrees: -log_likelihood(math.exp(log_degrees)),
        bounds=(math.log(DEGREES_MIN), math.log(DEGREES_MAX)),
        method="bounded",
        options={"xatol": 1e-5},
    )
    degrees = math.exp(float(found.x))
    step = 1e-2 * degrees
    if degrees - step <= DEGREES_MIN or degrees + step >= DEGREES_MAX:
        return degrees, math.nan
    curvature = log_likelihood(degrees + step) - 2.0 * log_likelihood(degrees) + log_likelihood(degrees - step)
    return degrees, step / math.sqrt(-curvature) if curvature < 0.0 else math.nan

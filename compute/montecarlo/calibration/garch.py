"""GARCH(1,1) of a series of returns by maximum likelihood.

r_t = mean + e_t, e_t = s_t z_t, s_t^2 = omega + alpha e_(t-1)^2 + beta s_(t-1)^2. The likelihood is that of normal z,
which estimates the parameters consistently whatever z is (quasi maximum likelihood); the first variance is the
sample's. The mean is the sample's, too.

References
----------
Bollerslev (1986), Generalized autoregressive conditional heteroskedasticity. J. Econometrics 31(3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.errors import InputError
from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.calibration.likelihood import maximise, standard_errors

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

OBSERVATIONS_MIN: Final = 100
"""Fewer days say next to nothing about how volatility clusters."""

_PERSISTENCE_MAX: Final = 0.9999
_LOG_TWO_PI: Final = math.log(2.0 * math.pi)


@dataclass(frozen=True, eq=False, slots=True)
class GarchFit:
    """A GARCH(1,1) process and what it makes of the observations.

    Parameters
    ----------
    mean
        Mean return.
    omega, alpha, beta
        Of the variance's recursion.
    standard_errors
        Of omega, alpha and beta; NaN for one at the end of its range.
    log_likelihood
        At these parameters.
    variances
        The observations' conditional variances, shape (observations,).
    next_variance
        That of the day after the last observation.
    residuals
        z, shape (observations,).
    """

    mean: float
    omega: float
    alpha: float
    beta: float
    standard_errors: NDArray[np.float64]
    log_likelihood: float
    variances: NDArray[np.float64]
    next_variance: float
    residuals: NDArray[np.float64]


@kernel()
def filter_variances(
    deviations: NDArray[np.float64],
    omega: float,
    alpha: float,
    beta: float,
    first: float,
    variances: NDArray[np.float64],
    gradient: NDArray[np.float64],
) -> float:
    """Return the sum of log s^2 + e^2 / s^2, and fill `gradient` with its derivatives by omega, alpha and beta.

    `variances`, one longer than `deviations`, receives s^2; the first one is given.
    """
    total = 0.0
    variance = first
    by_omega, by_alpha, by_beta = 0.0, 0.0, 0.0
    gradient[:] = 0.0
    for t in range(len(deviations)):
        variances[t] = variance
        square = deviations[t] * deviations[t]
        ratio = square / variance
        total += math.log(variance) + ratio
        pull = (1.0 - ratio) / variance
        gradient[0] += pull * by_omega
        gradient[1] += pull * by_alpha
        gradient[2] += pull * by_beta
        by_omega, by_alpha, by_beta = 1.0 + beta * by_omega, square + beta * by_alpha, variance + beta * by_beta
        variance = omega + alpha * square + beta * variance
    variances[len(deviations)] = variance
    return total


def fit_garch(returns: ArrayLike) -> GarchFit:
    """Fit GARCH(1,1) to a series.

    Parameters
    ----------
    returns
        Finite returns as fractions, shape (observations,), at least `OBSERVATIONS_MIN`, not all equal.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> variance, series = 1e-4, []
    >>> for z in rng.standard_normal(5000):
    ...     series.append(math.sqrt(variance) * z)
    ...     variance = 2e-6 + 0.08 * series[-1] ** 2 + 0.9 * variance
    >>> fit = fit_garch(series)
    >>> bool(abs(fit.alpha - 0.08) < 3 * fit.standard_errors[1])
    True
    """
    series = np.ascontiguousarray(returns, dtype=np.float64)
    if series.ndim != 1 or len(series) < OBSERVATIONS_MIN or not np.isfinite(series).all():
        raise InputError(
            "history", f"of shape {series.shape}", f"a series of at least {OBSERVATIONS_MIN} finite returns"
        )
    count = len(series)
    mean = math.fsum(series) / count
    deviations = series - mean
    scale = math.sqrt(math.fsum(deviations * deviations) / count)
    if not scale > 0.0:
        raise InputError("history", "a series that never moves", "one with a variance, to which GARCH can be fitted")
    deviations /= scale
    variances, gradient = np.empty(count + 1), np.empty(3)

    def direct(point: NDArray[np.float64]) -> float:
        """Of omega, alpha and beta."""
        if (point < 0.0).any():
            return math.nan
        omega, alpha, beta = point.tolist()
        total = filter_variances(deviations, omega, alpha, beta, 1.0, variances, gradient)
        return -0.5 * (count * _LOG_TWO_PI + total)

    def unpack(point: NDArray[np.float64]) -> NDArray[np.float64]:
        """From log omega, the persistence alpha + beta, and alpha's part of it."""
        return np.array([math.exp(point[0]), point[1] * point[2], point[1] * (1.0 - point[2])])

    def slope(point: NDArray[np.float64]) -> NDArray[np.float64]:
        direct(unpack(point))
        by_omega, by_alpha, by_beta = (-0.5 * gradient).tolist()
        persistence, share = point[1], point[2]
        by_persistence = share * by_alpha + (1.0 - share) * by_beta
        return np.array([math.exp(point[0]) * by_omega, by_persistence, persistence * (by_alpha - by_beta)])

    starts = [np.array([math.log(1.0 - p), p, a]) for p, a in ((0.98, 0.06), (0.9, 0.15), (0.5, 0.3))]
    bounds = [(-18.0, 1.0), (0.0, _PERSISTENCE_MAX), (0.0, 1.0)]
    best = unpack(maximise(lambda point: direct(unpack(point)), starts, bounds, "history", slope))
    omega, alpha, beta = best.tolist()
    errors = standard_errors(direct, best)
    top = direct(best)
    square = scale * scale
    return GarchFit(
        mean=mean,
        omega=omega * square,
        alpha=alpha,
        beta=beta,
        standard_errors=errors * np.array([square, 1.0, 1.0]),
        log_likelihood=top - count * math.log(scale),
        variances=variances[:-1] * square,
        next_variance=float(variances[-1]) * square,
        residuals=deviations / np.sqrt(variances[:-1]),
    )

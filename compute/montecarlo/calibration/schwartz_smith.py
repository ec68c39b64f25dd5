"""The Schwartz-Smith two-factor model of a commodity's price, fitted by Kalman filter.

log spot = chi + xi: a short-term deviation chi that reverts to zero at the rate kappa, and a long-term level xi that
drifts by mu. Futures prices of maturity T are affine in both:

    log F(T) = e^(-kappa T) chi + xi + A(T),
    A(T) = mu_star T - (1 - e^(-kappa T)) lambda / kappa + ((1 - e^(-2 kappa T)) sigma_chi^2 / (2 kappa)
           + sigma_xi^2 T + 2 (1 - e^(-kappa T)) rho sigma_chi sigma_xi / kappa) / 2

A spot series is one of maturity 0. It says nothing about the risk-neutral lambda and mu_star, and its changes, an
ARMA(1, 1), have no room for a correlation of the factors or an error of measurement beside kappa, mu and the two
volatilities: these are 0 then.

References
----------
Schwartz and Smith (2000), Short-term variations and long-term dynamics in commodity prices. Management Science 46(7).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.errors import InputError, ShapeMismatchError
from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.calibration.likelihood import maximise, standard_errors

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

DATES_MIN: Final = 24
_SPOT_PARAMETERS: Final = ("kappa", "sigma_chi", "sigma_xi", "mu")
_LOG_TWO_PI: Final = math.log(2.0 * math.pi)
_LEVEL_VARIANCE: Final = 1.0
"""Of the long-term level before the first date: the first prices settle it."""


@dataclass(frozen=True, slots=True)
class SchwartzSmith:
    """Parameters, all a year: rates kappa, mu, mu_star and lambda, volatilities, and the correlation of the factors.

    mu is the drift of the long-term level, mu_star the one that futures prices imply, lambda_chi the risk premium of
    the short-term deviation.
    """

    kappa: float
    sigma_chi: float
    sigma_xi: float
    rho: float
    mu: float = 0.0
    mu_star: float = 0.0
    lambda_chi: float = 0.0


@dataclass(frozen=True, eq=False, slots=True)
class SchwartzSmithFit:
    """Parameters of the highest likelihood.

    Parameters
    ----------
    parameters
        See `SchwartzSmith`.
    standard_errors
        By parameter; NaN for those that the observations say nothing about.
    measurement_errors
        Standard deviation of each contract's log price around the model's, shape (contracts,).
    log_likelihood
        At these parameters.
    chi, xi
        The filtered factors, shape (dates,); the last ones are the state from which paths start.
    """

    parameters: SchwartzSmith
    standard_errors: dict[str, float]
    measurement_errors: NDArray[np.float64]
    log_likelihood: float
    chi: NDArray[np.float64]
    xi: NDArray[np.float64]


def futures_intercepts(parameters: SchwartzSmith, maturities_years: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return A(T) for each maturity; see the module."""
    p, t = parameters, maturities_years
    reverted = -np.expm1(-p.kappa * t)
    variance = -np.expm1(-2.0 * p.kappa * t) * p.sigma_chi**2 / (2.0 * p.kappa) + p.sigma_xi**2 * t
    variance = variance + 2.0 * reverted * p.rho * p.sigma_chi * p.sigma_xi / p.kappa
    result: NDArray[np.float64] = p.mu_star * t - reverted * p.lambda_chi / p.kappa + 0.5 * variance
    return result


def futures_curve(parameters: SchwartzSmith, chi: float, xi: float, maturities_years: ArrayLike) -> NDArray[np.float64]:
    """Return futures prices for maturities in years, shape (maturities,).

    Examples
    --------
    >>> enron = SchwartzSmith(1.19, 0.158, 0.115, 0.189, mu_star=0.0161, lambda_chi=0.014)
    >>> futures_curve(enron, 0.119, 2.857, [0.0, 1.0]).round(4).tolist()
    [19.6092, 18.4395]
    """
    t = np.atleast_1d(np.asarray(maturities_years, dtype=np.float64))
    result: NDArray[np.float64] = np.exp(np.exp(-parameters.kappa * t) * chi + xi + futures_intercepts(parameters, t))
    return result


@kernel()
def _filter(
    prices: NDArray[np.float64],
    loadings: NDArray[np.float64],
    intercepts: NDArray[np.float64],
    measurement: NDArray[np.float64],
    decay: float,
    drift: float,
    noise: NDArray[np.float64],
    states: NDArray[np.float64],
) -> float:
    """Run the filter and return the log-likelihood; a price that is NaN is missing.

    `states`, shape (dates, 2), receives the filtered factors; its first row holds their mean before the first date.
    `noise` is, for the first date and for the steps: variance of chi, covariance, variance of xi; shape (2, 3).
    Contracts are taken one after the other (their errors are independent), so no matrix is inverted.
    """
    total = 0.0
    chi, xi = states[0, 0], states[0, 1]
    a, b, c = noise[0, 0], noise[0, 1], noise[0, 2]
    for date in range(prices.shape[0]):
        if date > 0:
            chi, xi = decay * chi, xi + drift
            a, b, c = decay * decay * a + noise[1, 0], decay * b + noise[1, 1], c + noise[1, 2]
        for j in range(prices.shape[1]):
            if math.isnan(prices[date, j]):
                continue
            h = loadings[j]
            gain_chi, gain_xi = h * a + b, h * b + c
            variance = h * gain_chi + gain_xi + measurement[j] * measurement[j]
            error = prices[date, j] - h * chi - xi - intercepts[j]
            total -= 0.5 * (_LOG_TWO_PI + math.log(variance) + error * error / variance)
            chi += gain_chi * error / variance
            xi += gain_xi * error / variance
            a -= gain_chi * gain_chi / variance
            b -= gain_chi * gain_xi / variance
            c -= gain_xi * gain_xi / variance
        states[date, 0], states[date, 1] = chi, xi
    return total


def filter_schwartz_smith(
    log_prices: NDArray[np.float64],
    maturities_years: NDArray[np.float64],
    step_years: float,
    parameters: SchwartzSmith,
    measurement_errors: NDArray[np.float64],
) -> tuple[float, NDArray[np.float64]]:
    """Return the log-likelihood and the filtered factors, shape (dates, 2).

    Before the first date chi has its stationary law, and xi is normal around the first price with the variance 1.

    Parameters
    ----------
    log_prices
        Shape (dates, contracts); NaN where a price is missing.
    maturities_years
        Shape (contracts,), 0 for the spot price.
    step_years
        Time between dates.
    parameters, measurement_errors
        See `SchwartzSmithFit`.
    """
    p = parameters
    decay = math.exp(-p.kappa * step_years)
    stationary = p.sigma_chi**2 / (2.0 * p.kappa)
    cross = p.rho * p.sigma_chi * p.sigma_xi / p.kappa
    noise = np.array(
        [
            [stationary, 0.0, _LEVEL_VARIANCE],
            [-stationary * math.expm1(-2.0 * p.kappa * step_years), cross * (1.0 - decay), p.sigma_xi**2 * step_years],
        ]
    )
    states = np.empty((len(log_prices), 2))
    first = log_prices[np.isfinite(log_prices)][0]
    states[0] = 0.0, first
    loadings = np.exp(-p.kappa * maturities_years)
    intercepts = futures_intercepts(p, maturities_years)
    drift = p.mu * step_years
    return _filter(log_prices, loadings, intercepts, measurement_errors, decay, drift, noise, states), states


def fit_schwartz_smith(
    log_prices: ArrayLike, *, step_years: float, maturities_years: ArrayLike = (0.0,)
) -> SchwartzSmithFit:
    """Fit the model to log prices of futures, or of the spot, on equally spaced dates.

    Parameters
    ----------
    log_prices
        Shape (dates, contracts), or (dates,) of one series; at least 24 dates, NaN where a price is missing.
    step_years
        Time between dates: 1 / 12 for a monthly series.
    maturities_years
        Of the contracts, the same on every date; 0 means the spot.

    Raises
    ------
    InputError
        For too few dates, a maturity that is negative, or prices that never move.
    ShapeMismatchError
        When maturities and prices do not fit each other.
    """
    prices, maturities = _check(log_prices, step_years, maturities_years)
    spot_alone = bool(maturities.max() == 0.0)
    names = _SPOT_PARAMETERS if spot_alone else tuple(field.name for field in fields(SchwartzSmith))
    count = len(names)

    def unpack(point: NDArray[np.float64]) -> tuple[SchwartzSmith, NDArray[np.float64]]:
        given = {"rho": 0.0, **dict(zip(names, point[:count].tolist(), strict=True))}
        return SchwartzSmith(**given), np.zeros(len(maturities)) if spot_alone else np.exp(point[count:])

    def log_likelihood(point: NDArray[np.float64]) -> float:
        parameters, measurement = unpack(point)
        if not (parameters.kappa > 0.0 and abs(parameters.rho) < 1.0):
            return math.nan
        return filter_schwartz_smith(prices, maturities, step_years, parameters, measurement)[0]

    column = prices[:, 0][np.isfinite(prices[:, 0])]
    moves = np.diff(column)
    volatility = float(moves.std()) / math.sqrt(step_years)
    if not volatility > 0.0:
        raise InputError("log_prices", "prices that never move", "prices with a variance")
    trend = float(moves.mean()) / step_years
    starts = []
    for kappa, share in ((1.0, 0.7), (3.0, 0.5), (0.4, 0.8), (12.0, 0.6)):
        guess = {
            "kappa": kappa,
            "sigma_chi": volatility * math.sqrt(share),
            "sigma_xi": volatility * math.sqrt(1.0 - share),
            "mu": trend,
        }
        noise = [] if spot_alone else [math.log(0.05 * volatility)] * len(maturities)
        starts.append(np.array([guess.get(name, 0.0) for name in names] + noise))
    ranges = {"kappa": (0.01, 30.0), "rho": (-0.98, 0.98)}
    ranges |= dict.fromkeys(("sigma_chi", "sigma_xi"), (1e-4, 20.0 * volatility))
    bounds = [ranges.get(name, (-5.0, 5.0)) for name in names] + [(-12.0, 1.0)] * (len(starts[0]) - count)
    best = maximise(log_likelihood, starts, bounds, "log_prices")
    parameters, measurement = unpack(best)
    likelihood, states = filter_schwartz_smith(prices, maturities, step_years, parameters, measurement)
    errors = dict(zip(names, standard_errors(log_likelihood, best)[:count].tolist(), strict=True))
    return SchwartzSmithFit(
        parameters=parameters,
        standard_errors={field.name: errors.get(field.name, math.nan) for field in fields(SchwartzSmith)},
        measurement_errors=measurement,
        log_likelihood=likelihood,
        chi=states[:, 0],
        xi=states[:, 1],
    )


def _check(
    log_prices: ArrayLike, step_years: float, maturities_years: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    prices = np.asarray(log_prices, dtype=np.float64)
    prices = np.ascontiguousarray(prices[:, None] if prices.ndim == 1 else prices)
    maturities = np.atleast_1d(np.asarray(maturities_years, dtype=np.float64))
    if prices.ndim != 2 or prices.shape[1] != len(maturities) or len(maturities) == 0:
        allowed = f"of shape (dates, {len(maturities)}), a column for each maturity"
        raise ShapeMismatchError("log_prices", f"of shape {prices.shape}", allowed)
    if np.isinf(prices).any() or int(np.isfinite(prices).any(axis=1).sum()) < DATES_MIN:
        raise InputError("log_prices", f"{len(prices)} dates", f"at least {DATES_MIN} dates with a finite price")
    if not (np.isfinite(maturities) & (maturities >= 0.0)).all():
        raise InputError("maturities_years", maturities.tolist(), "finite numbers from 0")
    if not 0.0 < step_years < math.inf:
        raise InputError("step_years", step_years, "a positive number")
    return prices, maturities

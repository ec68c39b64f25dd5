"""What is left of a step that reverts: integrals of a decay, and the shocks of a price with a convenience yield.

In Gibson and Schwartz's model a price grows less by its convenience yield delta, which reverts: d ln S = (m - delta) dt
+ sigma dW, d delta = kappa (alpha - delta) dt + sigma_delta dZ, dW dZ = rho dt. Both are Gaussian, with the moments of
any step in closed form.

References
----------
Gibson and Schwartz (1990), Stochastic convenience yield and the pricing of oil contingent claims. JF 45(3).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

CONVENIENCE_YIELD = (
    Param("delta0", 0.0, "Convenience yield at the start.", low=-5.0, high=5.0, unit="1/year"),
    Param("kappa", 1.0, "Speed at which the yield reverts.", low=0.0, high=100.0, unit="1/year"),
    Param("alpha", 0.0, "Mean of the yield; in prices, less the market price of its risk.", -5.0, 5.0, "1/year"),
    Param("sigma_delta", 0.5, "Volatility of the yield.", low=0.0, high=10.0, unit="1/year"),
    Param("rho", 0.75, "Correlation of yield and price.", low=-1.0, high=1.0),
)
"""The yield's parameters."""

_SERIES: Final = 0.05
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


def integral(rate: float, years: float) -> float:
    """Return (1 - e^(-rate years)) / rate, whose limit without reversion is `years`."""
    return -math.expm1(-rate * years) / rate if rate > 0.0 else years


def _integrals(kappa: float, years: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Return the integrals of b, b^2 and b e^(-kappa s) over s up to `years`, where b(s) = (1 - e^(-kappa s)) / kappa.

    Their closed forms cancel where kappa times years is small; there a quadrature is exact.
    """
    near = kappa * years < _SERIES
    s = 0.5 * years[..., None] * (_NODES + 1.0)
    w = 0.5 * years[..., None] * _WEIGHTS
    decay = np.exp(-kappa * s)
    b = -np.expm1(-kappa * s) / kappa if kappa > 0.0 else s
    quadrature = (w * b).sum(axis=-1), (w * b * b).sum(axis=-1), (w * b * decay).sum(axis=-1)
    if kappa == 0.0:
        return quadrature
    single, double = -np.expm1(-kappa * years) / kappa, -np.expm1(-2.0 * kappa * years) / (2.0 * kappa)
    closed = (years - single) / kappa, (years - 2.0 * single + double) / kappa**2, (single - double) / kappa
    return tuple(np.where(near, small, large) for small, large in zip(quadrature, closed, strict=True))


def price_covariance(
    years: ArrayLike,
    sigma_i: NDArray[np.float64],
    sigma_j: NDArray[np.float64],
    kappa: float,
    sigma_delta: float,
    rho: float,
) -> NDArray[np.float64]:
    """Return the covariance of two log prices whose Brownian motions have the correlation 1; every shape that goes."""
    t = np.asarray(years, dtype=np.float64)
    b, square, _ = _integrals(kappa, t)
    return sigma_i * sigma_j * t - rho * sigma_delta * (sigma_i + sigma_j) * b + sigma_delta**2 * square


def correlation_of(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the correlations of a covariance; what does not move is correlated with itself alone.

    Examples
    --------
    >>> correlation_of(np.array([[4.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])).tolist()
    [[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    scale = np.sqrt(np.diagonal(covariance))
    scale = np.where(scale > 0.0, scale, 1.0)
    correlation: NDArray[np.float64] = covariance / np.outer(scale, scale)
    np.fill_diagonal(correlation, 1.0)
    return correlation


def shock_covariance(
    years: float, covariance: NDArray[np.float64], kappa: float, sigma_delta: float, rho: float
) -> NDArray[np.float64]:
    """Return the covariance of a step's shocks, shape (2 assets, 2 assets): of the log prices, then of the yields.

    `covariance`, shape (assets, assets), is that of the prices' Brownian motions a year. Those of the yields have the
    same correlations among each other, and `rho` times them with those of the prices.
    """
    sigma = np.sqrt(np.diagonal(covariance))
    correlation = correlation_of(covariance)
    gone, double = integral(kappa, years), integral(2.0 * kappa, years)
    decaying = float(_integrals(kappa, np.asarray(years))[2])
    prices = price_covariance(years, sigma[:, None], sigma, kappa, sigma_delta, rho)
    cross = np.broadcast_to((rho * sigma * sigma_delta * gone - sigma_delta**2 * decaying)[:, None], covariance.shape)
    yields = np.full(covariance.shape, sigma_delta**2 * double)
    return np.block([[correlation * prices, correlation * cross], [correlation * cross.T, correlation * yields]])

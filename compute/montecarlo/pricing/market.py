"""The checked and completed inputs of a model: what one simulation under the pricing measure needs to know."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from riskwave.compute.errors import InputError, NotPositiveSemidefiniteError, ShapeMismatchError
from riskwave.compute.montecarlo.pricing.spec import ASSETS_MAX
from riskwave.compute.risk.inputs import check_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.model import PricingModel
    from riskwave.compute.montecarlo.pricing.spec import PricingSpec
    from riskwave.compute.registry import Value

_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False, slots=True)
class Market:
    """Inputs of one simulation.

    Parameters
    ----------
    params
        The model's own parameters, complete.
    spots, volatilities, dividends, weights
        Shape (assets,); volatilities are zero for a model that takes none.
    correlation
        Shape (assets, assets).
    rate
        Risk-free rate a year, continuously compounded.
    maturity_years, steps
        Length, and number of equal steps.
    fixings
        Steps, counted from 0, after which a payoff that is on a mean looks at the price; empty means all.
    """

    params: Mapping[str, Value]
    spots: NDArray[np.float64]
    volatilities: NDArray[np.float64]
    dividends: NDArray[np.float64]
    weights: NDArray[np.float64]
    correlation: NDArray[np.float64]
    rate: float
    maturity_years: float
    steps: int
    fixings: NDArray[np.int64]

    @property
    def assets(self) -> int:
        """Number of underlyings."""
        return len(self.spots)

    @property
    def step_years(self) -> float:
        """Length of a step."""
        return self.maturity_years / self.steps

    @property
    def discount(self) -> float:
        """Today's price of 1 at maturity."""
        return math.exp(-self.rate * self.maturity_years)

    @property
    def carries(self) -> NDArray[np.float64]:
        """Growth rates of the expected prices a year, where the model takes them from rate and dividend yield."""
        return self.rate - self.dividends

    def number(self, name: str) -> float:
        """Return a model parameter as a number."""
        return float(self.params[name])


def market_of(
    spec: PricingSpec,
    model: PricingModel,
    params: Mapping[str, Value],
    steps: int,
    fixings: NDArray[np.int64],
) -> Market:
    """Check what a specification says of the market, and complete it.

    Raises
    ------
    InputError
        For a value outside its range, one that the model has no use for, or one that it needs and lacks.
    ShapeMismatchError
        If there is not one value an asset.
    NotPositiveSemidefiniteError
        If the correlation is one that no random vector has.
    """
    count = _asset_count(spec)
    spots = _vector(spec.spot, "spot", count, 1e-9, 1e12)
    if model.takes_volatility:
        if spec.volatility is None:
            raise InputError("volatility", "missing", f"given for the model {model.name}")
        volatilities = _vector(spec.volatility, "volatility", count, 0.0, 10.0)
    else:
        if spec.volatility is not None:
            raise InputError("volatility", spec.volatility, f"left out: {model.name} has it among its parameters")
        volatilities = np.zeros(count)
    dividends = _vector(spec.dividend_yield, "dividend_yield", count, -1.0, 10.0)
    if not model.takes_carry and np.any(dividends != 0.0):
        raise InputError("dividend_yield", spec.dividend_yield, f"0: {model.name} has its drift among its parameters")
    weights = np.full(count, 1.0 / count)
    if spec.weights is not None:
        weights = _vector(spec.weights, "weights", count, 0.0, 1e6, spread=False)
        if not np.any(weights > 0.0):
            raise InputError("weights", weights.tolist(), "numbers of which one is above 0")
    return Market(
        params=params,
        spots=spots,
        volatilities=volatilities,
        dividends=dividends,
        weights=weights,
        correlation=_correlation(spec, count),
        rate=check_number(spec.risk_free_rate, "risk_free_rate", low=-1.0, high=10.0),
        maturity_years=check_number(spec.maturity_years, "maturity_years", low=0.0, high=100.0),
        steps=steps,
        fixings=fixings,
    )


def _asset_count(spec: PricingSpec) -> int:
    shape = np.shape(spec.spot)
    if len(shape) > 1 or (shape and not 1 <= shape[0] <= ASSETS_MAX):
        raise InputError("spot", f"an array of shape {shape}", f"one price, or 1 to {ASSETS_MAX} of them")
    return shape[0] if shape else 1


def _vector(values: Any, name: str, count: int, low: float, high: float, *, spread: bool = True) -> NDArray[np.float64]:
    """Return one number an asset; a single number stands for all of them where `spread` allows it."""
    shape = np.shape(values)
    if not shape and (spread or count == 1):
        return np.full(count, check_number(values, name, low=low, high=high))
    if shape != (count,):
        raise ShapeMismatchError(name, f"an array of shape {shape}", f"one number an asset, of shape ({count},)")
    return np.array([check_number(value, f"{name}[{i}]", low=low, high=high) for i, value in enumerate(values)])


def _correlation(spec: PricingSpec, count: int) -> NDArray[np.float64]:
    if spec.correlation is None:
        return np.eye(count)
    try:
        matrix = np.asarray(spec.correlation, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError("correlation", spec.correlation, "a square matrix of numbers") from error
    if matrix.shape != (count, count):
        raise ShapeMismatchError("correlation", f"an array of shape {matrix.shape}", f"of shape ({count}, {count})")
    if not np.all(np.abs(matrix) <= 1.0 + _TOLERANCE):
        raise InputError("correlation", matrix.tolist(), "numbers from -1 to 1")
    if np.any(np.abs(matrix - matrix.T) > _TOLERANCE) or np.any(np.abs(np.diag(matrix) - 1.0) > _TOLERANCE):
        raise InputError("correlation", matrix.tolist(), "symmetric with ones on its diagonal")
    least = float(np.linalg.eigvalsh(matrix)[0])
    if least < -_TOLERANCE * count:
        raise NotPositiveSemidefiniteError(
            "correlation", f"a matrix with the eigenvalue {least:.3g}", "positive semi-definite"
        )
    return 0.5 * (matrix + matrix.T)

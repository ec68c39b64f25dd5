"""Pricing by simulation: chunks of paths, exact merging, the control variate, and the error."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from riskwave.compute.errors import InputError, TooLargeError
from riskwave.compute.estimates import Estimate, student_estimate
from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.chunk import CHUNK_S, Chunk
from riskwave.compute.montecarlo.path_state import LANES
from riskwave.compute.montecarlo.philox import INDEPENDENT, MIRRORED, SEED_MAX, split_seed
from riskwave.compute.montecarlo.pricing.paths import FEATURES, Features, Lognormal, lognormal_features
from riskwave.compute.montecarlo.pricing.payoff import PAYOFFS, Payoff
from riskwave.compute.registry import check_params
from riskwave.compute.risk.inputs import check_choice, check_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.payoff import Control
    from riskwave.compute.registry import Value

PRICING_PATHS_MAX: Final = 10**9
"""Only sums are kept of a price's paths."""

STEPS_MAX: Final = 10_000

_BLOCK: Final = 1024
_EXPONENT_MAX: Final = 690.0
_EXTREME_DEVIATIONS: Final = 12.0
_STEP_NS: Final = {"plain": 2.2, "mean": 3.0, "continuous": 5.5}


@dataclass(frozen=True, eq=False, kw_only=True)
class PricingSpec:
    """A derivative on one price that follows a geometric Brownian motion under the pricing measure.

    Parameters
    ----------
    payoff, payoff_params
        Name of a registered payoff, and its parameters.
    spot
        Price at the start; positive.
    volatility
        A year's, as a fraction; 0 is exact.
    risk_free_rate, dividend_yield
        A year's, continuously compounded.
    maturity_years
        From 0; 0 gives the payoff of the spot.
    paths
        From 2 to `PRICING_PATHS_MAX`.
    steps
        Equal time steps; 0 lets the payoff decide.
    seed
        From 0 to 2^64 - 1.
    sampling
        ``independent`` or ``antithetic``.
    confidence
        Of the interval.
    """

    payoff: str
    spot: float
    volatility: float
    maturity_years: float
    paths: int
    payoff_params: Mapping[str, object] = field(default_factory=dict)
    risk_free_rate: float = 0.0
    dividend_yield: float = 0.0
    steps: int = 0
    seed: int = 0
    sampling: Literal["independent", "antithetic"] = "independent"
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class PriceSums:
    """Sums over the draws of a chunk: number, payoff, control, their squares and product."""

    chunk: Chunk
    count: int
    sums: tuple[float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class PriceResult:
    """A price.

    Parameters
    ----------
    price
        With its error.
    exact_price
        Where a closed form is known; NaN elsewhere.
    path_count
        Paths that were used.
    variance_reduction
        Variance without the control variate over the variance with it; 1 without one.
    """

    price: Estimate
    exact_price: float
    path_count: int
    variance_reduction: float


@kernel()
def _block_sums(y: NDArray[np.float64], c: NDArray[np.float64], sums: NDArray[np.float64]) -> None:
    """Set `sums`, shape (5, blocks), to the sums of y, c, y^2, c^2 and y c, block by block and one by one."""
    for block in range(sums.shape[1]):
        s0, s1, s2, s3, s4 = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(block * _BLOCK, min((block + 1) * _BLOCK, len(y))):
            s0 += y[i]
            s1 += c[i]
            s2 += y[i] * y[i]
            s3 += c[i] * c[i]
            s4 += y[i] * c[i]
        sums[0, block], sums[1, block], sums[2, block], sums[3, block], sums[4, block] = s0, s1, s2, s3, s4


def _contract(spec: PricingSpec) -> tuple[Payoff, dict[str, Value], Lognormal]:
    """Check a specification and return payoff, parameters and the law of the price."""
    payoff = PAYOFFS.get(spec.payoff)
    params = check_params(payoff.params, spec.payoff_params, "payoff_params")
    _check_integer("paths", spec.paths, 2, PRICING_PATHS_MAX)
    _check_integer("steps", spec.steps, 0, STEPS_MAX)
    _check_integer("seed", spec.seed, 0, SEED_MAX)
    check_choice(spec.sampling, "sampling", ("independent", "antithetic"))
    if spec.sampling == "antithetic" and spec.paths % 2:
        raise InputError("paths", spec.paths, "an even number, because antithetic paths come in pairs")
    spot = check_number(spec.spot, "spot", low=1e-9, high=1e12)
    volatility = check_number(spec.volatility, "volatility", low=0.0, high=10.0)
    maturity = check_number(spec.maturity_years, "maturity_years", low=0.0, high=100.0)
    rate = check_number(spec.risk_free_rate, "risk_free_rate", low=-1.0, high=10.0)
    dividend = check_number(spec.dividend_yield, "dividend_yield", low=-1.0, high=10.0)
    check_number(spec.confidence, "confidence", low=0.0, high=1.0, closed=False)
    payoff.check(spot, params)
    steps = spec.steps or payoff.step_count(params)
    law = Lognormal(spot, rate - dividend, volatility, maturity, steps)
    if abs(law.step_drift * steps) + _EXTREME_DEVIATIONS * volatility * math.sqrt(maturity) > _EXPONENT_MAX:
        raise InputError("maturity_years", maturity, "short enough for prices to stay in the range of numbers")
    return payoff, params, law


def _control_of(payoff: Payoff, law: Lognormal, params: dict[str, Value]) -> Control | None:
    """Return the control variate; none where the exact price is known, so that the simulation stays a check of it."""
    return payoff.control if math.isnan(payoff.expectation(law, params)) else None


def plan_pricing(spec: PricingSpec) -> tuple[Chunk, ...]:
    """Check `spec` and return the chunks of its paths, a function of the request alone."""
    payoff, params, law = _contract(spec)
    kind = "continuous" if payoff.needs_continuous(params) else "mean" if payoff.needs_mean(params) else "plain"
    size = max(int(CHUNK_S / (1e-9 * (law.steps * _STEP_NS[kind] + 60.0))) // LANES, 1) * LANES
    return tuple(
        Chunk(index, first, min(size, spec.paths - first)) for index, first in enumerate(range(0, spec.paths, size))
    )


def price_chunk(spec: PricingSpec, chunk: Chunk) -> PriceSums:
    """Simulate one chunk and return its sums; antithetic pairs count as one draw, their mean."""
    payoff, params, law = _contract(spec)
    rows = np.empty((FEATURES, chunk.path_count))
    pairing = MIRRORED if spec.sampling == "antithetic" else INDEPENDENT
    levels, continuous = payoff.needs_mean(params), payoff.needs_continuous(params)
    drift, deviation = law.step_drift, law.step_deviation
    lognormal_features(
        chunk.first_path, law.steps, drift, deviation, levels, continuous, *split_seed(spec.seed), pairing, rows
    )
    rows *= law.spot
    features = Features(*rows)
    y = payoff.amounts(law, params, features)
    control = _control_of(payoff, law, params)
    c = np.zeros_like(y) if control is None else control(law, params, features)[0]
    if spec.sampling == "antithetic":
        y, c = 0.5 * (y[0::2] + y[1::2]), 0.5 * (c[0::2] + c[1::2])
    blocks = np.empty((5, -(-len(y) // _BLOCK)))
    _block_sums(np.ascontiguousarray(y), np.ascontiguousarray(c), blocks)
    sums = tuple(math.fsum(row) for row in blocks)
    return PriceSums(chunk, len(y), (sums[0], sums[1], sums[2], sums[3], sums[4]))


def merge_prices(spec: PricingSpec, chunks: Iterable[PriceSums]) -> PriceResult:
    """Merge chunks, in whatever order they come: the sums over them are exact before they are rounded."""
    payoff, params, law = _contract(spec)
    done = list(chunks)
    n = sum(item.count for item in done)
    sy, sc, syy, scc, syc = (math.fsum(item.sums[k] for item in done) for k in range(5))
    mean, variance = sy / n, max(syy - sy * sy / n, 0.0)
    reduced, method = variance, "mean"
    control_variance = max(scc - sc * sc / n, 0.0)
    control = _control_of(payoff, law, params)
    if control is not None and control_variance > 0.0:
        empty = Features(*np.empty((FEATURES, 0)))
        slope = (syc - sy * sc / n) / control_variance
        mean -= slope * (sc / n - control(law, params, empty)[1])
        reduced = max(variance - slope * slope * control_variance, 0.0)
        method = "mean with a control variate"
    discount = math.exp(-spec.risk_free_rate * spec.maturity_years)
    error = math.sqrt(reduced / (n - 1) / n) if n > 1 else math.nan
    return PriceResult(
        price=student_estimate(discount * mean, discount * error, n - 1, spec.confidence, method + "; Student t"),
        exact_price=discount * payoff.expectation(law, params),
        path_count=sum(item.chunk.path_count for item in done),
        variance_reduction=variance / reduced if reduced > 0.0 else 1.0,
    )


def price(spec: PricingSpec) -> PriceResult:
    """Check, simulate and merge in the calling thread.

    Examples
    --------
    >>> call = {"payoff": "european", "payoff_params": {"strike": 100.0}}
    >>> market = {"spot": 100.0, "volatility": 0.2, "risk_free_rate": 0.05, "maturity_years": 1.0}
    >>> result = price(PricingSpec(**call, **market, paths=100_000, seed=1))
    >>> round(result.exact_price, 4)
    10.4506
    >>> abs(result.price.value - result.exact_price) < 4 * result.price.standard_error
    True
    """
    return merge_prices(spec, [price_chunk(spec, chunk) for chunk in plan_pricing(spec)])


def _check_integer(name: str, value: object, low: int, high: int) -> None:
    allowed = f"an integer from {low} to {high}"
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
        raise InputError(name, value, allowed)
    if value > high:
        raise (InputError if name == "seed" else TooLargeError)(name, value, allowed)

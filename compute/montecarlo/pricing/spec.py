"""What is asked for when a derivative is priced."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from riskwave.compute.montecarlo.chunk import Chunk

Sampling = Literal["independent", "antithetic", "sobol"]

SAMPLINGS: Final[tuple[Sampling, ...]] = ("independent", "antithetic", "sobol")
"""How paths are drawn, the default first."""

GREEKS: Final = ("delta", "gamma", "vega", "rho", "theta")
"""Sensitivities that can be asked for."""

PRICING_PATHS_MAX: Final = 10**9
"""Only sums are kept of a price's paths."""

STEPS_MAX: Final = 10_000

ASSETS_MAX: Final = 32
"""Largest number of underlyings of one derivative."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PricingSpec:
    """A derivative on one or more prices that follow a model under the pricing measure.

    Parameters
    ----------
    payoff, payoff_params
        Name of a registered payoff, and its parameters.
    spot
        Price at the start, positive; one an asset where there are several.
    maturity_years
        From 0; 0 gives the payoff of the spot.
    paths
        From 2 to `PRICING_PATHS_MAX`; even when antithetic, 32 times a power of two when Sobol.
    model, model_params
        Name of a registered pricing model, and its parameters.
    volatility
        A year's, as a fraction, for the models that take one; 0 is exact. One number, or one an asset.
    risk_free_rate, dividend_yield
        A year's, continuously compounded; a yield an asset where they differ.
    correlation
        Of the assets' Brownian motions, shape (assets, assets); None means independent.
    weights
        Of the assets in a basket; None means equal ones that sum to 1.
    fixing_times
        Years from now, ascending, at which a payoff that is on a mean looks at the price; empty means every step.
    steps
        Equal time steps; 0 lets payoff and model decide.
    seed
        From 0 to 2^64 - 1.
    sampling
        ``independent``, ``antithetic``, or ``sobol``: 32 independently scrambled Sobol point sets whose paths are built
        by a Brownian bridge.
    confidence
        Of the interval.
    greeks
        Which of `GREEKS` are wanted.
    target_se
        Stop at the first of the boundaries fixed in advance where the price's standard error is not larger; 0 runs all
        paths.
    """

    payoff: str
    spot: float | Sequence[float]
    maturity_years: float
    paths: int
    volatility: float | Sequence[float] | None = None
    payoff_params: Mapping[str, object] = field(default_factory=dict)
    model: str = "gbm"
    model_params: Mapping[str, object] = field(default_factory=dict)
    risk_free_rate: float = 0.0
    dividend_yield: float | Sequence[float] = 0.0
    correlation: ArrayLike | None = None
    weights: Sequence[float] | None = None
    fixing_times: Sequence[float] = ()
    steps: int = 0
    seed: int = 0
    sampling: Sampling = "independent"
    confidence: float = 0.95
    greeks: tuple[str, ...] = ()
    target_se: float = 0.0


@dataclass(frozen=True, slots=True)
class PriceSums:
    """Sums over the draws of a chunk, one row a replicate: one, or one a scramble of a Sobol sequence.

    Parameters
    ----------
    chunk
        Which paths.
    count
        Draws of all replicates; an antithetic pair is one.
    sums
        Of every replicate: payoff, control, their squares and product, then each sensitivity and its square; each sum
        as numbers that add up to it exactly.
    """

    chunk: Chunk
    count: int
    sums: tuple[tuple[tuple[float, ...], ...], ...]

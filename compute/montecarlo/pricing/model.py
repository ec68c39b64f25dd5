"""What a pricing model is, and the list of them. See `models` for the modules, one a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from riskwave.compute.registry import Param, Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.noise import Noise
    from riskwave.compute.result_warning import ResultWarning

    Simulator = Callable[[Noise, NDArray[np.float64]], None]


@dataclass(frozen=True, slots=True)
class Shocks:
    """Random numbers of one step: `bridged` normals of Brownian motions, then `plain` ones used as normals or words."""

    bridged: int
    plain: int = 0

    @property
    def count(self) -> int:
        """All of them."""
        return self.bridged + self.plain


@dataclass(frozen=True, slots=True)
class Terminal:
    """What is known of the prices at maturity: their means, and whether one is lognormal.

    Parameters
    ----------
    forwards
        Expected prices, shape (assets,).
    deviations
        Standard deviations of their logarithms where the prices are lognormal; NaN elsewhere.
    """

    forwards: NDArray[np.float64]
    deviations: NDArray[np.float64]


def _no_warning(_market: Market) -> tuple[ResultWarning, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class PricingModel:
    """How prices move under the pricing measure.

    Parameters
    ----------
    name, title, doc, reference
        For callers.
    params
        Its own parameters.
    shocks
        Random numbers a step, for a number of assets.
    simulator
        What fills the logarithms of the prices in a market after each step, shape (assets, steps, lanes), from a block
        of noise; made once a market.
    terminal
        Law of the prices at maturity.
    volatility, with_volatility
        The volatility of an asset that vega is the slope along, and the market in which it is larger by a number.
    step_ns
        Time of a step of a path and an asset, measured.
    takes_volatility, takes_carry
        Whether the request's volatility, and its dividend yield, mean something here.
    scales
        Whether a higher spot raises the whole path in proportion.
    assets_max
        Underlyings that it can have.
    step_years_max
        Longest step by default, for a transition that is not exact.
    warnings
        What a caller should know about parameters that are allowed.
    """

    name: str
    title: str
    doc: str
    reference: str
    params: tuple[Param, ...]
    shocks: Callable[[int], Shocks]
    simulator: Callable[[Market], Simulator]
    terminal: Callable[[Market], Terminal]
    volatility: Callable[[Market, int], float]
    with_volatility: Callable[[Market, float, int], Market]
    step_ns: float
    takes_volatility: bool = True
    takes_carry: bool = True
    scales: bool = True
    assets_max: int = 1
    step_years_max: float = float("inf")
    warnings: Callable[[Market], tuple[ResultWarning, ...]] = _no_warning


PRICING_MODELS: Registry[PricingModel] = Registry("model", "riskwave.compute.montecarlo.pricing.models")
"""Every model under which derivatives are priced."""

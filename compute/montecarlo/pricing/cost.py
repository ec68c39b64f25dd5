"""What a price costs before it is computed, and the digest that proves it after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from riskwave.compute.digest import digest_arrays
from riskwave.compute.montecarlo.pricing.plan import path_ns
from riskwave.compute.montecarlo.pricing.task import task_of

if TYPE_CHECKING:
    from riskwave.compute.estimates import Estimate
    from riskwave.compute.montecarlo.pricing.engine import PriceResult
    from riskwave.compute.montecarlo.pricing.spec import PricingSpec


@dataclass(frozen=True, slots=True)
class PricingCost:
    """What a price costs.

    Parameters
    ----------
    path_steps
        Paths times steps times underlyings.
    core_seconds
        Expected time on one core.
    """

    path_steps: int
    core_seconds: float


def estimate_pricing(spec: PricingSpec) -> PricingCost:
    """Return what pricing `spec` costs when no precision target stops it early."""
    task = task_of(spec)
    path_steps = spec.paths * task.market.steps * task.market.assets
    return PricingCost(path_steps, 1e-9 * path_ns(task) * spec.paths)


def price_digest(result: PriceResult) -> str:
    """Return a digest of price, errors and sensitivities: equal texts mean equal bits."""
    numbers = {"price": _numbers(result.price), "exact_price": [result.exact_price]}
    return digest_arrays(numbers | {name: _numbers(estimate) for name, estimate in result.greeks.items()})


def _numbers(estimate: Estimate) -> list[float]:
    return [estimate.value, estimate.standard_error, estimate.low, estimate.high]

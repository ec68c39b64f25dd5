"""What a payoff is, and the list of them. See `payoffs` for the modules, one a payoff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from riskwave.compute.registry import Param, Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.paths import Features, Lognormal
    from riskwave.compute.registry import Value

    Params = Mapping[str, Value]
    Control = Callable[[Lognormal, Params, Features], tuple[NDArray[np.float64], float]]


def _no(_params: Params) -> bool:
    return False


def _nothing(_spot: float, _params: Params) -> None:
    """Find nothing wrong."""


@dataclass(frozen=True, slots=True)
class Payoff:
    """An amount that is paid at maturity, as a function of a path.

    Parameters
    ----------
    name, title, doc, reference
        For callers.
    params
        Its own parameters.
    step_count
        Steps that it needs by default.
    amounts
        The amounts of paths, not discounted, shape (paths,).
    needs_mean, needs_continuous
        Whether the arithmetic mean, and the extremes between the steps, are wanted.
    control
        Amounts that are correlated with the payoff's, and their exact expectation.
    expectation
        The exact expectation of the amounts where it is known in closed form; NaN elsewhere.
    check
        Raises what is wrong with parameters and spot together.
    """

    name: str
    title: str
    doc: str
    reference: str
    params: tuple[Param, ...]
    step_count: Callable[[Params], int]
    amounts: Callable[[Lognormal, Params, Features], NDArray[np.float64]]
    expectation: Callable[[Lognormal, Params], float]
    control: Control | None = None
    needs_mean: Callable[[Params], bool] = _no
    needs_continuous: Callable[[Params], bool] = _no
    check: Callable[[float, Params], None] = _nothing


PAYOFFS: Registry[Payoff] = Registry("payoff", "riskwave.compute.montecarlo.pricing.payoffs")

STRIKE = Param("strike", 100.0, "Strike price.", low=1e-9, high=1e12, unit="price")
KIND = Param("kind", "call", "Right to buy or to sell.", choices=("call", "put"))

"""What a payoff is, and the list of them. See `payoffs` for the modules, one a payoff."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from riskwave.compute.registry import Param, Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Terminal
    from riskwave.compute.montecarlo.pricing.reductions import Paths
    from riskwave.compute.montecarlo.pricing.regression import Policy
    from riskwave.compute.registry import Value

    Params = Mapping[str, Value]

ONE_PRICE: Final = ("bates", "gbm", "gibson_schwartz", "heston", "kou", "merton", "schwartz1f", "schwartz_smith")
"""Every model that has paths of one price."""

SEVERAL_PRICES: Final = ("gbm",)
"""Models of several correlated prices."""

MARKOV: Final = ("gbm", "kou", "merton", "schwartz1f")
"""Models in which the price alone says all about the future, as a decision to exercise needs."""

CONTINUOUS: Final = ("gbm",)
"""Models in which a path between two steps is a Brownian bridge."""


@dataclass(frozen=True, eq=False, slots=True)
class Contract:
    """A payoff with its parameters and what else the amounts depend on.

    Parameters
    ----------
    params
        The payoff's parameters, complete.
    model
        Name of the model.
    policy
        When to exercise; None for payoffs without a choice.
    """

    params: Params
    model: str
    policy: Policy | None = None

    def number(self, name: str) -> float:
        """Return a parameter as a number."""
        return float(self.params[name])

    @property
    def sign(self) -> float:
        """1 for a call, -1 for a put."""
        return 1.0 if self.params["kind"] == "call" else -1.0


@dataclass(frozen=True, slots=True)
class Control:
    """A control variate: amounts that are correlated with the payoff's, and their exact expectation."""

    amounts: Callable[[Contract, Paths], NDArray[np.float64]]
    expectation: Callable[[Contract, Market, Terminal], float]


def _unknown(_contract: Contract, _market: Market, _terminal: Terminal) -> float:
    return math.nan


def _no_control(_contract: Contract, _terminal: Terminal) -> Control | None:
    return None


def _nothing(_market: Market, _contract: Contract) -> None:
    """Find nothing wrong."""


@dataclass(frozen=True, slots=True)
class Payoff:
    """An amount that depends on a path, brought forward to maturity at the risk-free rate if it is paid earlier.

    Parameters
    ----------
    name, title, doc, reference
        For callers.
    params
        Its own parameters.
    models
        Names of the models that it goes with.
    step_count
        Steps that it needs by default, from parameters and maturity.
    amounts
        The amounts of paths, not discounted, shape (lanes,).
    assets
        Smallest and largest number of underlyings.
    expectation
        The exact expectation of the amounts where it is known in closed form; NaN elsewhere.
    control
        The control variate that goes with a law of the prices at maturity, or None.
    slope
        Derivative of the amounts by the logarithm of the spot along each path, where they are continuous in it.
    ends_only
        Whether the price at maturity alone decides.
    check
        Raises what is wrong with parameters and market together.
    lipschitz
        Whether the amounts are continuous in the path though no slope is given.
    early_exercise
        Whether the holder chooses the date.
    exercise_at_once
        Whether the start is one of those dates.
    takes_fixings
        Whether it can look at the price at given times instead of every step.
    """

    name: str
    title: str
    doc: str
    reference: str
    params: tuple[Param, ...]
    models: tuple[str, ...]
    step_count: Callable[[Params, float], int]
    amounts: Callable[[Contract, Paths], NDArray[np.float64]]
    assets: tuple[int, int] = (1, 1)
    expectation: Callable[[Contract, Market, Terminal], float] = _unknown
    control: Callable[[Contract, Terminal], Control | None] = _no_control
    slope: Callable[[Contract, Paths], NDArray[np.float64]] | None = None
    ends_only: bool = False
    check: Callable[[Market, Contract], None] = _nothing
    lipschitz: bool = False
    early_exercise: bool = False
    exercise_at_once: bool = False
    takes_fixings: bool = False

    @property
    def continuous(self) -> bool:
        """Whether the amounts have no jumps along a path, so that small differences of them have small errors."""
        return self.lipschitz or self.slope is not None


PAYOFFS: Registry[Payoff] = Registry("payoff", "riskwave.compute.montecarlo.pricing.payoffs")
"""Every payoff."""

STRIKE = Param("strike", 100.0, "Strike price.", low=1e-9, high=1e12, unit="price")
KIND = Param("kind", "call", "Right to buy or to sell.", choices=("call", "put"))

"""What a portfolio model is, and the list of them. See `models` for the modules, one a model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from riskwave.compute.montecarlo.law import PortfolioLaw, check_model, history_law, portfolio_law
from riskwave.compute.montecarlo.spec import SimulationSpec, check_run
from riskwave.compute.registry import Param, Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.result_warning import ResultWarning


@dataclass(frozen=True, eq=False, slots=True)
class PathBlock:
    """Consecutive paths to simulate, and the arrays that receive what is kept of them.

    Parameters
    ----------
    first_path, path_count
        Which paths.
    results
        Shape (4, path_count): final return, volatility, maximum drawdown and Sharpe ratio.
    fan_days
        Ascending days whose wealth is kept, from 1.
    fan
        Shape (fan days, columns): the wealth of the first `columns` paths of the block; may have no column.
    """

    first_path: int
    path_count: int
    results: NDArray[np.float64]
    fan_days: NDArray[np.int64]
    fan: NDArray[np.float64]


def _as_it_is(law: PortfolioLaw) -> PortfolioLaw:
    return law


@dataclass(frozen=True, slots=True)
class PortfolioModel:
    """A law of daily portfolio returns.

    Parameters
    ----------
    name, title, doc, reference
        For callers: the name to ask for, the name in words, the law and how it is simulated, where it comes from.
    params
        The model's own parameters.
    modes, rebalancings
        What it offers, the default first.
    simulate
        Fills a `PathBlock`.
    path_step_ns
        Time of one path and day on one core in nanoseconds, measured.
    prepare
        Raises what is wrong with a law for this model in particular, or completes it.
    positive
        Whether prices stay positive, so that nothing can lose more than everything.
    samplings
        How its random numbers can be drawn, the default first.
    takes_history
        Whether it is given by observed returns, and not by mean and covariance.
    """

    name: str
    title: str
    doc: str
    reference: str
    params: tuple[Param, ...]
    modes: tuple[str, ...]
    rebalancings: tuple[str, ...]
    simulate: Callable[[SimulationSpec, PortfolioLaw, PathBlock], None]
    path_step_ns: Callable[[PortfolioLaw], float]
    prepare: Callable[[PortfolioLaw], PortfolioLaw] = _as_it_is
    samplings: tuple[str, ...] = ("independent", "antithetic")
    takes_history: bool = False
    positive: bool = False


MODELS: Registry[PortfolioModel] = Registry("model", "riskwave.compute.montecarlo.models")


@lru_cache(maxsize=16)
def law_of(spec: SimulationSpec) -> PortfolioLaw:
    """Check a specification and return its law; remembered, because every chunk of a simulation asks for it."""
    model = MODELS.get(spec.model)
    check_run(spec)
    params, mode = check_model(spec, model)
    law = history_law(spec, params, mode) if model.takes_history else portfolio_law(spec, params, mode, model)
    return model.prepare(law)


def validate(spec: SimulationSpec) -> tuple[ResultWarning, ...]:
    """Raise what is wrong with `spec`, before anything is allocated, or return what the caller should know about it.

    Raises
    ------
    UnknownNameError
        For an unknown model or parameter.
    TooLargeError
        For more paths, days or assets than one request may ask for.
    ShapeMismatchError
        When mean, covariance and weights do not fit each other.
    NotFiniteError
        For NaN or infinity.
    NotPositiveSemidefiniteError
        For a covariance that no random vector has.
    InputError
        For any other value outside its range.

    Examples
    --------
    >>> spec = SimulationSpec(mean=[0.0005], covariance=[[0.0001]], weights=[1.0], paths=1)
    >>> validate(spec)
    Traceback (most recent call last):
        ...
    riskwave.compute.errors.InputError: paths was 1; it must be an integer from 2 to 10000000
    """
    return law_of(spec).warnings

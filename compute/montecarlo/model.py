"""What a portfolio model is, and the list of them. See `models` for the modules, one a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from riskwave.compute.errors import InputError
from riskwave.compute.montecarlo.fan import check_fan
from riskwave.compute.montecarlo.law import PortfolioLaw, check_model, check_sample_paths, history_law, portfolio_law
from riskwave.compute.montecarlo.sobol_paths import check_coordinates
from riskwave.compute.montecarlo.spec import SimulationSpec, check_run
from riskwave.compute.registry import Param, Registry
from riskwave.compute.result_warning import ResultWarning
from riskwave.compute.risk.inputs import check_choice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.path_state import PathSink
    from riskwave.compute.montecarlo.sobol_paths import SobolDriver
    from riskwave.compute.registry import Value

PARAMETERS_ESTIMATED: Final = "PARAMETERS_ESTIMATED"
"""Code of the warning that tells which parameters were estimated, and their values."""


@dataclass(frozen=True, eq=False, slots=True)
class PathBlock:
    """Consecutive paths to simulate, and where what is kept of them goes.

    Parameters
    ----------
    first_path
        The first of them; there are as many as the sink has columns.
    step_count, step_days
        Steps of each path and days of a step: one step of the whole horizon where the model draws ends alone, steps of
        a day otherwise.
    sink
        The arrays to fill.
    """

    first_path: int
    step_count: int
    step_days: int
    sink: PathSink


@dataclass(frozen=True, slots=True)
class Estimation:
    """Parameters that a caller left out, estimated from observed returns, and in words how."""

    params: Mapping[str, float]
    text: str


Conversion = Callable[
    ["NDArray[np.float64]", "NDArray[np.float64]", float, "Mapping[str, Value]"],
    "tuple[NDArray[np.float64], NDArray[np.float64]]",
]
"""Mean and covariance of a day from those of a period of so many days, with the model's parameters."""


def _as_it_is(law: PortfolioLaw) -> PortfolioLaw:
    return law


def _never(_spec: SimulationSpec) -> bool:
    return False


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
        How pseudo-random numbers can be drawn for it, the default first.
    sobol
        How it draws its paths from Sobol points; None for a law that they do not suit.
    takes_history
        Whether it is given by observed returns, and not by mean and covariance.
    ends_alone
        Whether its law lets the end of a path be drawn without the days before.
    calibrate
        Estimates from the history what the model needs beside it, by name; done once for a simulation.
    told
        What `calibrate` found, in words; empty when it had nothing to find.
    estimate
        Estimates the parameters that are not among the given ones from simple returns, shape (periods, assets), over
        periods of so many days; None for a model that has its defaults for them.
    of_a_day
        What longer periods tell of a day; None for a law of which they do not tell it.
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
    ends_alone: Callable[[SimulationSpec], bool] = _never
    calibrate: Callable[[PortfolioLaw], dict[str, NDArray[np.float64]]] | None = None
    sobol: SobolDriver | None = None
    told: Callable[[PortfolioLaw], str] | None = None
    estimate: Callable[[NDArray[np.float64], float, Mapping[str, Value]], Estimation | None] | None = None
    of_a_day: Conversion | None = None


MODELS: Registry[PortfolioModel] = Registry("model", "riskwave.compute.montecarlo.models")


@lru_cache(maxsize=16)
def law_of(spec: SimulationSpec) -> PortfolioLaw:
    """Check a specification and return its law; remembered, because every chunk of a simulation asks for it."""
    model = MODELS.get(spec.model)
    _check_sampling(spec, model)
    check_run(spec)
    check_fan(spec)
    params, mode = check_model(spec, model)
    check_sample_paths(spec)
    law = history_law(spec, params, mode) if model.takes_history else portfolio_law(spec, params, mode, model)
    law = model.prepare(law)
    if model.calibrate is not None:
        found = spec.calibration if spec.calibration is not None else model.calibrate(law)
        law = replace(law, calibration=found)
    text = model.told(law) if model.told is not None else ""
    if text:
        law = replace(law, warnings=(*law.warnings, ResultWarning(PARAMETERS_ESTIMATED, text, "params")))
    if spec.sampling == "sobol" and model.sobol is not None:
        check_coordinates(spec, step_count_of(spec), model.sobol.shocks(law))
    warnings = (*law.warnings, *_terminal_warnings(spec))
    return replace(law, warnings=warnings) if warnings else law


def _check_sampling(spec: SimulationSpec, model: PortfolioModel) -> None:
    """Check that the model can be sampled as is asked; the message names the models that go with Sobol points."""
    if spec.sampling == "sobol" and model.sobol is None:
        known = (MODELS.get(name) for name in MODELS.names())
        suited = ", ".join(each.name for each in known if each.sobol is not None)
        allowed = f"{' or '.join(model.samplings)} for the model {model.name}; sobol goes with {suited}"
        raise InputError("sampling", spec.sampling, allowed)
    if spec.sampling != "sobol":
        check_choice(spec.sampling, "sampling", (*model.samplings, *(("sobol",) if model.sobol is not None else ())))


def calibrated(spec: SimulationSpec) -> SimulationSpec:
    """Return a valid specification that carries what its model estimated, for all who simulate a part of it."""
    model = MODELS.get(spec.model)
    if model.calibrate is None or spec.calibration is not None:
        return spec
    return replace(spec, calibration=law_of(spec).calibration)


def step_count_of(spec: SimulationSpec) -> int:
    """Return the steps that each path of a valid simulation takes: a single one where its end can be drawn alone."""
    alone = spec.terminal_only and not spec.cash_flows and MODELS.get(spec.model).ends_alone(spec)
    return 1 if alone else spec.horizon_days


def _terminal_warnings(spec: SimulationSpec) -> tuple[ResultWarning, ...]:
    if not spec.terminal_only or step_count_of(spec) == 1:
        return ()
    why = (
        "cash flows need the days before"
        if spec.cash_flows
        else f"the model {spec.model} with this rebalancing has no law of the end alone"
    )
    message = f"{why}; every day was simulated, and only the end was kept"
    return (ResultWarning("PATHS_SIMULATED", message, "terminal_only"),)


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
    riskwave.compute.errors.InputError: paths was 1; it must be an integer from 2 to 1000000000
    """
    return law_of(spec).warnings

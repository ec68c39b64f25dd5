"""From the contract's simulation to the kernels' specification, and back to the request's names in errors."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from riskwave.compute import montecarlo, risk
from riskwave.compute.errors import InputError, ShapeMismatchError, TooLargeError
from riskwave.compute.montecarlo import CashFlow, Estimation, PrecisionTarget, SimulationSpec
from riskwave.compute.montecarlo.sobol import SCRAMBLES
from riskwave.compute.montecarlo.spec import HORIZON_DAYS_MAX, PATHS_MAX
from riskwave.compute.registry import check_params
from riskwave.compute.result_warning import ResultWarning
from riskwave.server.errors import CallError, refused_input
from riskwave.server.market.periods import PERIODS_PER_YEAR_FROM_PRICES, TRADING_DAYS_PER_YEAR
from riskwave.server.results import INLINE, Provenance
from riskwave.v1 import simulation_pb2 as pb
from riskwave.v1.codec import decode_array, decode_params

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from riskwave.compute.montecarlo import PortfolioModel
    from riskwave.compute.montecarlo.spec import Mode, Rebalancing, Sampling
    from riskwave.config.settings import LimitSettings
    from riskwave.server.history import ReturnHistory

T = TypeVar("T")

MODEL = "normal"
HORIZON_DAYS = 252
CONFIDENCE = 0.95
_TOLD = 5
"""Assets whose mean and volatility an answer tells."""

SEED_BITS = 53
"""Of a seed that the server draws: every language's plain number holds it."""

_MODES: dict[int, Mode] = {
    pb.SIMULATION_MODE_UNSPECIFIED: "auto",
    pb.SIMULATION_MODE_COLLAPSED: "collapsed",
    pb.SIMULATION_MODE_FULL: "full",
}
_REBALANCINGS: dict[int, Rebalancing] = {
    pb.REBALANCING_UNSPECIFIED: "daily",
    pb.REBALANCING_DAILY: "daily",
    pb.REBALANCING_NONE: "none",
}
_SAMPLINGS: dict[int, Sampling] = {
    pb.SAMPLING_UNSPECIFIED: "independent",
    pb.SAMPLING_INDEPENDENT: "independent",
    pb.SAMPLING_ANTITHETIC: "antithetic",
    pb.SAMPLING_SOBOL: "sobol",
}


@dataclass(frozen=True, slots=True)
class SimulationInput:
    """A decoded simulation.

    Parameters
    ----------
    spec
        For the kernels, checked.
    provenance
        Where its history came from.
    warnings
        What the caller should know about the input.
    fields
        The request's own names for the kernels' arguments.
    """

    spec: SimulationSpec
    provenance: Provenance
    warnings: tuple[ResultWarning, ...]
    fields: Mapping[str, str]


def largest_simulation(limits: LimitSettings) -> tuple[int, int]:
    """Return the most paths and days that are served: what the kernels take, or less where the settings say so."""
    return (
        min(limits.simulation_paths or PATHS_MAX, PATHS_MAX),
        min(limits.simulation_horizon_days or HORIZON_DAYS_MAX, HORIZON_DAYS_MAX),
    )


def check_size(message: pb.SimulationSpec, limits: LimitSettings) -> None:
    """Refuse what is too large or not served, before anything is read or allocated."""
    paths_max, horizon_days_max = largest_simulation(limits)
    if message.paths > paths_max:
        allowed = f"an integer from {montecarlo.PATHS_MIN} to {paths_max}"
        raise TooLargeError("spec.paths", message.paths, allowed)
    if message.horizon_days > horizon_days_max:
        allowed = f"an integer from 1 to {horizon_days_max}"
        raise TooLargeError("spec.horizon_days", message.horizon_days, allowed)
    assets = len(message.inline_assets.mean)
    if assets > limits.simulation_assets:
        raise TooLargeError("spec.inline_assets.mean", f"{assets} assets", f"at most {limits.simulation_assets} assets")
    if message.scramble_count not in {0, SCRAMBLES}:
        raise InputError("spec.scramble_count", message.scramble_count, f"0 or {SCRAMBLES}")


def decode_spec(message: pb.SimulationSpec, history: ReturnHistory | None, limits: LimitSettings) -> SimulationInput:
    """Return the checked specification; the law is that of `history` where there is one.

    Raises
    ------
    CallError
        INVALID_ARGUMENT for whatever the kernels refuse, under the request's own name.
    """
    model = message.model or MODEL
    params = decode_params(message.params, "spec.params")
    law = _calibrated(history, model, params) if history is not None else _given_law(message.inline_assets)
    try:
        spec = replace(
            law.spec,
            paths=message.paths,
            horizon_days=message.horizon_days or HORIZON_DAYS,
            seed=message.seed if message.HasField("seed") else secrets.randbits(SEED_BITS),
            model=model,
            params={**params, **law.spec.params},
            mode=_choice(_MODES, message.mode, "mode"),
            rebalancing=_choice(_REBALANCINGS, message.rebalancing, "rebalancing"),
            sampling=_choice(_SAMPLINGS, message.sampling, "sampling"),
            distributions=message.distributions,
            tail_probabilities=tuple(message.tail_probabilities),
            return_thresholds=tuple(message.return_thresholds),
            confidence=message.confidence or CONFIDENCE,
            target=PrecisionTarget(message.target.statistic, message.target.standard_error)
            if message.HasField("target")
            else None,
            cash_flows=tuple(CashFlow(flow.day, flow.amount) for flow in message.cash_flows),
            terminal_only=message.terminal_only,
            sample_paths=message.sample_path_count,
            fan_day_count=message.fan_day_count,
            fan_days=tuple(message.fan_days),
        )
        warnings = montecarlo.validate(spec)
        montecarlo.check_plan(spec)
        montecarlo.check_memory(spec, limits.simulation_memory_bytes)
        spec = montecarlo.calibrated(spec)
    except InputError as error:
        raise rename(error if history is None else history.named(error), law.fields) from None
    dated = warnings if history is None else [history.dated(warning) for warning in warnings]
    renamed = tuple(replace(warning, field=field_of(warning.field, law.fields)) for warning in dated)
    return replace(law, spec=spec, warnings=law.warnings + renamed)


def rename(error: InputError, fields: Mapping[str, str]) -> CallError:
    """Name the request's field for the argument that the kernels name."""
    return refused_input(error, field_of(error.field, fields))


def field_of(argument: str, fields: Mapping[str, str]) -> str:
    """Return the request's name of a kernels' argument, its index included."""
    if not argument or argument.startswith("spec."):
        return argument
    head = argument.partition("[")[0].partition(".")[0]
    return fields.get(head, f"spec.{head}") + argument[len(head) :]


def _choice(choices: Mapping[int, T], value: int, field: str) -> T:
    if value not in choices:
        raise InputError(field, str(value), "a value of its enumeration")
    return choices[value]


def _given_law(message: pb.InlineAssets) -> SimulationInput:
    """Return what the request says about the assets."""
    path = "spec.inline_assets"
    mean = np.array(message.mean)
    covariance = decode_array(message.covariance, f"{path}.covariance")
    if covariance.ndim == 1 and covariance.size == 1:
        covariance = covariance.reshape(1, 1)
    weights = np.array(message.weights) if message.weights else np.full(len(mean), 1.0 / max(len(mean), 1))
    if message.assets and len(message.assets) != len(mean):
        raise ShapeMismatchError(f"{path}.assets", f"{len(message.assets)} names", f"one name an asset, {len(mean)}")
    fields = {name: f"{path}.{name}" for name in ("mean", "covariance", "weights")} | {"history": "spec.portfolio"}
    return SimulationInput(
        SimulationSpec(mean=mean, covariance=covariance, weights=weights, paths=2), INLINE, (), fields
    )


def _calibrated(history: ReturnHistory, model: str, params: Mapping[str, object]) -> SimulationInput:
    """Return the law of a history: its mean and sample covariance a day, or the returns themselves.

    Parameters that the request leaves out and the model can estimate come with it.
    """
    one = montecarlo.MODELS.get(model) if model in montecarlo.MODELS.names() else None
    period_days, warnings = _period_days(history, model, one)
    fields = {**dict.fromkeys(("mean", "covariance", "history"), history.fields["returns"]), **history.fields}
    if one is not None and one.takes_history:
        spec = SimulationSpec(history=history.returns, weights=history.weights, paths=2)
        return SimulationInput(spec, history.provenance, (), fields)
    try:
        estimate = risk.compute_covariance(history.returns, assets=history.assets)
        mean, covariance, found = estimate.mean, estimate.covariance, Estimation({}, "")
        if one is not None:
            complete = check_params(one.params, params)
            given = {name: complete[name] for name in params}
            if one.estimate is not None:
                found = one.estimate(history.returns, period_days, given) or found
            if period_days != 1.0 and one.of_a_day is not None:
                mean, covariance = one.of_a_day(mean, covariance, period_days, {**complete, **found.params})
    except InputError as error:
        raise rename(history.named(error), fields) from None
    told = [_tell_law(history, mean, covariance)]
    if found.text:
        told.append(ResultWarning(montecarlo.PARAMETERS_ESTIMATED, found.text, "spec.params"))
    spec = SimulationSpec(mean=mean, covariance=covariance, weights=history.weights, paths=2, params=found.params)
    # A singular covariance is no matter here: paths are drawn from it as from any other.
    return SimulationInput(spec, history.provenance, (*warnings, *told), fields)


def _tell_law(history: ReturnHistory, mean: NDArray[np.float64], covariance: NDArray[np.float64]) -> ResultWarning:
    """Return what was estimated of the assets, in words; of the first ones, when they are many."""
    volatilities = np.sqrt(np.diagonal(covariance))
    shown = [
        f"{name} {centre:.4g} and {volatility:.4g}"
        for name, centre, volatility in zip(history.assets[:_TOLD], mean, volatilities, strict=False)
    ]
    rest = f", and those of {len(mean) - _TOLD} more" if len(mean) > _TOLD else ""
    message = f"mean and volatility of a day, from {len(history.returns)} returns: {', '.join(shown)}{rest}"
    return ResultWarning(montecarlo.PARAMETERS_ESTIMATED, message, history.fields["returns"])


def _period_days(
    history: ReturnHistory, model: str, one: PortfolioModel | None
) -> tuple[float, tuple[ResultWarning, ...]]:
    """Return how many trading days a period of the history has, and what the caller should know about that.

    Of some laws a longer period tells what a day is (`PortfolioModel.of_a_day`); of the others it does not: tails,
    jumps, clusters and resampled periods do not scale.

    Raises
    ------
    InputError
        The prices are not daily, and the model is one of those.
    """
    spacing = history.spacing
    if spacing is None or spacing.periods_per_year == TRADING_DAYS_PER_YEAR:
        return 1.0, ()
    if one is None or one.of_a_day is None or spacing.periods_per_year is None:
        allowed = "daily prices, because a step is a trading day"
        if spacing.periods_per_year is not None:
            known = ", ".join(each.name for each in montecarlo.MODELS if each.of_a_day is not None)
            allowed += f"; of longer periods the models {known} tell what a day is, {model} does not"
        raise InputError("spec.portfolio", f"prices whose common dates are {spacing.frequency}", allowed)
    days = TRADING_DAYS_PER_YEAR / spacing.periods_per_year
    message = (
        f"the common dates are {spacing.frequency}, {spacing.periods_per_year:.4g} periods a year; their mean and "
        f"covariance were divided by {days:.4g} to have those of a trading day"
    )
    if model != MODEL:
        message = (
            f"the common dates are {spacing.frequency}, {spacing.periods_per_year:.4g} periods a year of {days:.4g} "
            f"trading days; mean and covariance are those of a day that the model {model} has then"
        )
    return days, (ResultWarning(PERIODS_PER_YEAR_FROM_PRICES, message, history.fields["returns"]),)

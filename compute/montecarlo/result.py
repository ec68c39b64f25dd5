"""The result of a portfolio simulation, made from its chunks in plan order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.digest import digest_arrays
from riskwave.compute.montecarlo.chunk import FAN_PATHS, fan_days, results_of
from riskwave.compute.montecarlo.model import law_of
from riskwave.compute.montecarlo.summary import (
    DistributionSummary,
    Tail,
    probability_of,
    quantile_of_sorted,
    summarize_distribution,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from riskwave.compute.estimates import Estimate
    from riskwave.compute.montecarlo.chunk import ChunkResult
    from riskwave.compute.montecarlo.spec import SimulationSpec
    from riskwave.compute.result_warning import ResultWarning

FAN_PROBABILITIES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""The quantiles of the fan."""


@dataclass(frozen=True, slots=True)
class SimulationStatistics:
    """The final return over the paths, as fractions; a loss is negative.

    `var_5` is the 5 % quantile, `cvar_5` the mean of the returns at or below it; `probability_of_loss` counts returns
    below zero.
    """

    mean_return: Estimate
    median_return: Estimate
    std_return: Estimate
    min_return: float
    max_return: float
    var_5: Estimate
    var_1: Estimate
    cvar_5: Estimate
    cvar_1: Estimate
    probability_of_loss: Estimate


@dataclass(frozen=True, eq=False, slots=True)
class WealthFan:
    """Quantiles of the wealth along time.

    Parameters
    ----------
    days
        Shape (days,), from 0, where wealth is 1, to the horizon.
    probabilities
        As fractions.
    wealth
        Shape (probabilities, days).
    path_count
        Paths of which it was made: the first ones of the simulation.
    """

    days: NDArray[np.int64]
    probabilities: tuple[float, ...]
    wealth: NDArray[np.float64]
    path_count: int


@dataclass(frozen=True, slots=True)
class ThresholdProbability:
    """The probability to end at or below a return."""

    threshold: float
    probability_at_or_below: Estimate


@dataclass(frozen=True, eq=False, slots=True)
class SimulationResult:
    """What a simulation found.

    Parameters
    ----------
    statistics
        Of the final return.
    summaries
        The distributions of returns, volatilities, max_drawdowns and sharpe_ratios, in this order; of the returns alone
        when only the ends are kept.
    fan
        Quantiles of the wealth along time.
    tails
        Of the final return at 0.05, 0.01 and the probabilities that were asked for.
    thresholds
        For the returns that were asked for.
    distributions
        Every path's numbers by name, each of shape (paths,); empty unless asked for.
    sample_paths
        The assets' values along the first paths, shape (paths, days + 1, assets), 1 at the start; without a path unless
        asked for.
    stopped_early
        Whether a precision target ended the run before all paths.
    num_simulations, time_horizon_days, seed
        Paths, days of each, and the seed.
    warnings
        What the caller should know.
    """

    statistics: SimulationStatistics
    summaries: tuple[DistributionSummary, ...]
    fan: WealthFan
    tails: tuple[Tail, ...]
    thresholds: tuple[ThresholdProbability, ...]
    distributions: dict[str, NDArray[np.float64]]
    sample_paths: NDArray[np.float64]
    stopped_early: bool
    num_simulations: int
    time_horizon_days: int
    seed: int
    warnings: tuple[ResultWarning, ...]


def summarize(spec: SimulationSpec, chunks: Iterable[ChunkResult]) -> SimulationResult:
    """Merge chunks, in whatever order they come, into a result that depends on the specification alone.

    Parameters
    ----------
    spec
        A valid specification.
    chunks
        All chunks of the plan; or its first ones, at least one, for an estimate on the way.
    """
    ordered = sorted(chunks, key=lambda result: result.chunk.index)
    assert [result.chunk.index for result in ordered] == list(range(len(ordered))), "a chunk is missing or twice there"
    results = np.concatenate([result.results for result in ordered], axis=1)
    paired = spec.sampling == "antithetic"
    summaries = tuple(
        summarize_distribution(name, results[row], spec.tail_probabilities, spec.confidence, paired=paired)
        for row, name in enumerate(results_of(spec))
    )
    returns = results[0]
    thresholds = tuple(
        ThresholdProbability(value, probability_of(returns <= value, spec.confidence, paired=paired))
        for value in spec.return_thresholds
    )
    loss = probability_of(returns < 0.0, spec.confidence, paired=paired)
    return SimulationResult(
        statistics=_statistics(summaries[0], loss),
        summaries=summaries,
        fan=_fan(spec, ordered),
        tails=summaries[0].tails,
        thresholds=thresholds,
        distributions={name: results[row] for row, name in enumerate(results_of(spec))} if spec.distributions else {},
        sample_paths=np.concatenate([result.asset_paths for result in ordered if result.asset_paths.size])
        if spec.sample_paths
        else np.empty((0, 0, 0)),
        stopped_early=False,
        num_simulations=len(returns),
        time_horizon_days=spec.horizon_days,
        seed=spec.seed,
        warnings=law_of(spec).warnings,
    )


def target_reached(spec: SimulationSpec, result: SimulationResult) -> bool:
    """Return whether `result`, of the paths up to one of the boundaries, is as precise as `spec` asks for."""
    if spec.target is None:
        return False
    estimate: Estimate = getattr(result.statistics, spec.target.statistic)
    return estimate.standard_error <= spec.target.standard_error


def digest(result: SimulationResult) -> str:
    """Return the SHA-256, in hexadecimal, of the statistics, with or without every path's numbers beside them."""
    return digest_arrays(dict(_numbers(result)))


def _statistics(returns: DistributionSummary, probability_of_loss: Estimate) -> SimulationStatistics:
    quantiles = {quantile.probability: quantile.estimate for quantile in returns.quantiles}
    tails = {tail.probability: tail for tail in returns.tails}
    return SimulationStatistics(
        mean_return=returns.mean,
        median_return=quantiles[0.5],
        std_return=returns.standard_deviation,
        min_return=returns.minimum,
        max_return=returns.maximum,
        var_5=tails[0.05].value_at_risk,
        var_1=tails[0.01].value_at_risk,
        cvar_5=tails[0.05].expected_shortfall,
        cvar_1=tails[0.01].expected_shortfall,
        probability_of_loss=probability_of_loss,
    )


def _fan(spec: SimulationSpec, chunks: list[ChunkResult]) -> WealthFan:
    wealth = np.concatenate([result.fan for result in chunks if result.chunk.first_path < FAN_PATHS], axis=1)
    wealth.sort(axis=1)
    quantiles = np.array([[quantile_of_sorted(row, p) for row in wealth] for p in FAN_PROBABILITIES])
    days = np.concatenate([[0], fan_days(spec)])
    with_start = np.concatenate([np.ones((len(FAN_PROBABILITIES), 1)), quantiles], axis=1)
    return WealthFan(days, FAN_PROBABILITIES, with_start, wealth.shape[1])


def _numbers(result: SimulationResult) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield every number of a result under a name that no other has."""
    for summary in result.summaries:
        estimates = [
            summary.mean,
            summary.standard_deviation,
            *(quantile.estimate for quantile in summary.quantiles),
            *(tail.expected_shortfall for tail in summary.tails),
        ]
        yield f"{summary.name}.estimates", _estimate_rows(estimates)
        yield f"{summary.name}.range", np.array([summary.minimum, summary.maximum, summary.undefined_count])
        yield f"{summary.name}.edges", summary.histogram.edges
        yield f"{summary.name}.counts", summary.histogram.counts.astype(np.float64)
    probabilities = [threshold.probability_at_or_below for threshold in result.thresholds]
    yield "probabilities", _estimate_rows([result.statistics.probability_of_loss, *probabilities])
    yield "fan.days", result.fan.days.astype(np.float64)
    yield "fan.wealth", result.fan.wealth
    if result.sample_paths.size:
        yield "sample_paths", result.sample_paths
    yield "run", np.array([result.num_simulations, result.time_horizon_days, result.fan.path_count], dtype=np.float64)


def _estimate_rows(estimates: list[Estimate]) -> NDArray[np.float64]:
    return np.array([[item.value, item.standard_error, item.low, item.high] for item in estimates])

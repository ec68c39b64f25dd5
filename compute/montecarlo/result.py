"""The result of a portfolio simulation, made from its chunks in plan order."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.digest import digest_arrays
from riskwave.compute.montecarlo.chunk import results_of
from riskwave.compute.montecarlo.dependence import DEPENDENCES
from riskwave.compute.montecarlo.fan import FAN_PATHS, WealthFan, wealth_fan
from riskwave.compute.montecarlo.model import law_of
from riskwave.compute.montecarlo.spec import EXACT_PATHS_MAX
from riskwave.compute.montecarlo.summary import (
    DistributionSummary,
    Tail,
    probability_of,
    summarize_distribution,
)
from riskwave.compute.montecarlo.tally import Tally, counted_probability, summarize_counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from riskwave.compute.estimates import Estimate
    from riskwave.compute.montecarlo.chunk import ChunkResult
    from riskwave.compute.montecarlo.dependence import Dependence
    from riskwave.compute.montecarlo.spec import SimulationSpec
    from riskwave.compute.result_warning import ResultWarning


SIDE_BY_SIDE_MIN: Final = 400_000
"""Numbers from which their rows are summarised by several threads: sorting takes some 5 ms then."""


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
    quantile_rank_error
        Largest rank error of the quantiles as a fraction of the paths, where these were counted in cells; 0 where every
        path was kept.
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
    quantile_rank_error: float = 0.0


def summarize(spec: SimulationSpec, chunks: Iterable[ChunkResult]) -> SimulationResult:
    """Merge chunks, in whatever order they come, into a result that depends on the specification alone.

    Parameters
    ----------
    spec
        A valid specification.
    chunks
        All chunks of the plan; or its first ones, at least one, for an estimate on the way.
    """
    if spec.paths > EXACT_PATHS_MAX:
        return Summing(spec).add_all(chunks).result()
    ordered = sorted(chunks, key=lambda result: result.chunk.index)
    assert [result.chunk.index for result in ordered] == list(range(len(ordered))), "a chunk is missing or twice there"
    results = np.concatenate([result.results for result in ordered], axis=1)
    dependence = DEPENDENCES[spec.sampling]
    summaries = _summaries(spec, results, dependence)
    returns = results[0]
    thresholds = tuple(
        ThresholdProbability(value, probability_of(returns <= value, spec.confidence, dependence))
        for value in spec.return_thresholds
    )
    loss = probability_of(returns < 0.0, spec.confidence, dependence)
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


def summing(spec: SimulationSpec) -> Summing | None:
    """Return what takes in the chunks of a simulation that does not keep its paths; None for one that does."""
    return Summing(spec) if spec.paths > EXACT_PATHS_MAX else None


class Summing:
    """Takes in the chunks of a simulation of any number of paths as they come, in memory that does not grow with them.

    For more than `EXACT_PATHS_MAX` paths only; the order in which chunks come does not matter.
    """

    def __init__(self, spec: SimulationSpec) -> None:
        self._spec = spec
        self._tallies = [Tally() for _ in results_of(spec)]
        self._first: dict[int, ChunkResult] = {}
        self._paths = 0

    def add(self, result: ChunkResult) -> ChunkResult:
        """Count a chunk in, and return what is left to be remembered of it."""
        for tally, part in zip(self._tallies, result.counts, strict=True):
            tally.add(part)
        self._paths += result.chunk.path_count
        left = replace(result, counts=())
        if result.fan.shape[1] or result.asset_paths.size:
            self._first[result.chunk.index] = left
        return left

    def add_all(self, results: Iterable[ChunkResult]) -> Summing:
        """Count several in."""
        for result in results:
            self.add(result)
        return self

    def result(self) -> SimulationResult:
        """Return the result of what has been counted."""
        spec = self._spec
        parts = [tally.counted() for tally in self._tallies]
        pairs = [
            summarize_counts(name, part, spec.tail_probabilities, spec.confidence)
            for name, part in zip(results_of(spec), parts, strict=True)
        ]
        summaries = tuple(summary for summary, _error in pairs)
        first = [self._first[index] for index in sorted(self._first)]
        kept = [each.asset_paths for each in first if each.asset_paths.size]
        probabilities = [
            counted_probability(parts[0], i, spec.confidence) for i in range(1 + len(spec.return_thresholds))
        ]
        return SimulationResult(
            statistics=_statistics(summaries[0], probabilities[0]),
            summaries=summaries,
            fan=_fan(spec, first),
            tails=summaries[0].tails,
            thresholds=tuple(map(ThresholdProbability, spec.return_thresholds, probabilities[1:])),
            distributions={},
            sample_paths=np.concatenate(kept) if kept else np.empty((0, 0, 0)),
            stopped_early=False,
            num_simulations=self._paths,
            time_horizon_days=spec.horizon_days,
            seed=spec.seed,
            warnings=law_of(spec).warnings,
            quantile_rank_error=max(error for _summary, error in pairs),
        )


def target_reached(spec: SimulationSpec, result: SimulationResult) -> bool:
    """Return whether `result`, of the paths up to one of the boundaries, is as precise as `spec` asks for."""
    if spec.target is None:
        return False
    estimate: Estimate = getattr(result.statistics, spec.target.statistic)
    return estimate.standard_error <= spec.target.standard_error


def digest(result: SimulationResult) -> str:
    """Return the digest of the statistics, with or without every path's numbers beside them."""
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


def _summaries(
    spec: SimulationSpec, results: NDArray[np.float64], dependence: Dependence
) -> tuple[DistributionSummary, ...]:
    """Summarise each row of `results`; many paths side by side, because they would be sorted by one thread alone."""

    def summary(row: int, name: str) -> DistributionSummary:
        return summarize_distribution(name, results[row], spec.tail_probabilities, spec.confidence, dependence)

    names = results_of(spec)
    if results.size < SIDE_BY_SIDE_MIN:
        return tuple(map(summary, range(len(names)), names))
    with ThreadPoolExecutor(min(len(names), os.cpu_count() or 1), "summary") as pool:
        return tuple(pool.map(summary, range(len(names)), names))


def _fan(spec: SimulationSpec, chunks: list[ChunkResult]) -> WealthFan:
    wealth = np.concatenate([result.fan for result in chunks if result.chunk.first_path < FAN_PATHS], axis=1)
    return wealth_fan(spec, wealth, DEPENDENCES[spec.sampling])


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
    yield "fan.errors", np.stack([result.fan.standard_error, result.fan.low, result.fan.high])
    if result.sample_paths.size:
        yield "sample_paths", result.sample_paths
    yield "run", np.array([result.num_simulations, result.time_horizon_days, result.fan.path_count], dtype=np.float64)


def _estimate_rows(estimates: list[Estimate]) -> NDArray[np.float64]:
    return np.array([[item.value, item.standard_error, item.low, item.high] for item in estimates])

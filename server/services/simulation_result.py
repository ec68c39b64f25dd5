"""A simulation's result as the contract's message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.server.encoding import make_estimate
from riskwave.v1 import estimate_pb2
from riskwave.v1 import simulation_pb2 as pb
from riskwave.v1.codec import fill, fill_array

if TYPE_CHECKING:
    from riskwave.compute.montecarlo import DistributionSummary, SimulationResult, SimulationStatistics

_ESTIMATES = ("mean_return", "median_return", "std_return", "var_5", "var_1", "cvar_5", "cvar_1", "probability_of_loss")


def fill_result(
    message: pb.SimulationResult, result: SimulationResult, *, distributions: bool = False, whole: bool = True
) -> None:
    """Fill the message in place.

    `distributions` puts each path's numbers in as well; one that is not `whole` leaves the paths of the assets out,
    which no estimate on the way has to repeat.
    """
    message.num_simulations = result.num_simulations
    message.time_horizon_days = result.time_horizon_days
    _fill_statistics(message.statistics, result.statistics)
    for summary in result.summaries:
        _fill_summary(message.summaries.add(), summary)
    message.fan.days.extend(result.fan.days.tolist())
    message.fan.probabilities.extend(result.fan.probabilities)
    fill_array(message.fan.wealth, result.fan.wealth)
    for name in ("standard_error", "low", "high"):
        fill_array(getattr(message.fan, name), getattr(result.fan, name))
    message.fan.confidence = result.fan.confidence
    message.fan.path_count = result.fan.path_count
    for tail in result.tails:
        message.tails.add(
            probability=tail.probability,
            value_at_risk=make_estimate(tail.value_at_risk),
            expected_shortfall=make_estimate(tail.expected_shortfall),
        )
    for threshold in result.thresholds:
        message.thresholds.add(
            threshold=threshold.threshold, probability_at_or_below=make_estimate(threshold.probability_at_or_below)
        )
    message.stopped_early = result.stopped_early
    message.quantile_rank_error = result.quantile_rank_error
    if result.sample_paths.size and whole:
        fill_array(message.sample_paths, result.sample_paths)
    if distributions:
        for name, values in result.distributions.items():
            fill_array(message.distributions.add(name=name).array, values)


def _fill_statistics(message: pb.SimulationStatistics, statistics: SimulationStatistics) -> None:
    for name in _ESTIMATES:
        getattr(message, name).CopyFrom(make_estimate(getattr(statistics, name)))
    message.min_return = statistics.min_return
    message.max_return = statistics.max_return


def _fill_summary(message: pb.DistributionSummary, summary: DistributionSummary) -> None:
    message.name = summary.name
    message.mean.CopyFrom(make_estimate(summary.mean))
    message.std.CopyFrom(make_estimate(summary.standard_deviation))
    message.undefined_count = summary.undefined_count
    for quantile in summary.quantiles:
        message.quantiles.append(
            estimate_pb2.Quantile(probability=quantile.probability, estimate=make_estimate(quantile.estimate))
        )
    fill(message.histogram, "edges", summary.histogram.edges)
    message.histogram.counts.extend(summary.histogram.counts.tolist())

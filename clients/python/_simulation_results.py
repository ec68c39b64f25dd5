"""What the simulation calls return."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from riskwave._estimates import Estimate, Histogram, Quantile, decode_estimate, decode_histogram, decode_quantiles
from riskwave._inputs import enum_name
from riskwave._meta import ResultMeta, decode_meta
from riskwave._portfolio_report import estimate_cells
from riskwave._results import Grid, Result, format_duration, seconds
from riskwave.v1 import codec, meta_pb2, simulation_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from riskwave.v1 import simulation_service_pb2 as pb

_ESTIMATES = (
    "mean_return",
    "median_return",
    "std_return",
    "var_5",
    "var_1",
    "cvar_5",
    "cvar_1",
    "probability_of_loss",
)


@dataclass(frozen=True, slots=True)
class SimulationStatistics(Result):
    """Statistics of the final returns, fractions over the whole horizon. VaR is a return: a loss is negative.

    Attributes
    ----------
    mean_return, median_return, std_return
        Mean, median and standard deviation.
    min_return, max_return
        Smallest and largest; no error is defined.
    var_5, var_1
        The 5 % and 1 % quantile.
    cvar_5, cvar_1
        Mean of the returns at or below those.
    probability_of_loss
        Probability that the final return is below zero.
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

    def grid(self) -> Grid:
        """Return one row a statistic."""
        rows = []
        for name in self.to_dict():
            value = getattr(self, name)
            exact = value if isinstance(value, Estimate) else Estimate(value)
            rows.append((name, *estimate_cells(exact)))
        columns = ("statistic", "value", "std. error", "low", "high")
        return Grid("final return", columns, tuple(rows), frozenset({1, 2, 3, 4}))


@dataclass(frozen=True, slots=True)
class DistributionSummary(Result):
    """The distribution of one result over the paths.

    Attributes
    ----------
    name
        returns, volatilities, max_drawdowns or sharpe_ratios.
    mean, std
        Mean and standard deviation.
    quantiles
        At 1, 5, 25, 50, 75, 95 and 99 % and at the probabilities that were asked for.
    histogram
        Counts in bins.
    undefined_count
        Paths for which the result is undefined, left out above.
    """

    name: str
    mean: Estimate
    std: Estimate
    quantiles: tuple[Quantile, ...]
    histogram: Histogram
    undefined_count: int

    def quantile(self, probability: float) -> Estimate:
        """Return the quantile at one of the probabilities."""
        for one in self.quantiles:
            if abs(one.probability - probability) < 1e-12:
                return one.estimate
        raise KeyError(f"{probability}; there are {', '.join(f'{one.probability:g}' for one in self.quantiles)}")


@dataclass(frozen=True, slots=True, eq=False)
class WealthFan(Result):
    """Quantiles of the wealth along time.

    Attributes
    ----------
    days
        From 0 (the start, wealth 1) to the horizon.
    probabilities
        As fractions.
    wealth
        Of shape (probabilities, days).
    path_count
        Paths from which it was made; the first ones of the simulation.
    standard_error, low, high
        Of the shape of `wealth`: its errors, and the ends of its intervals, infinite where too few paths bound a side.
    confidence
        Of each interval by itself.
    """

    days: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    wealth: NDArray[np.float64]
    path_count: int
    standard_error: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    confidence: float

    def to_pandas(self) -> pd.DataFrame:
        """Return one row a day, one column a probability."""
        import pandas as pd

        columns = pd.Index(self.probabilities, name="probability")
        return pd.DataFrame(self.wealth.T, index=pd.Index(self.days, name="day"), columns=columns)


@dataclass(frozen=True, slots=True)
class ThresholdProbability:
    """A final return as a fraction, and the probability of ending at or below it."""

    threshold: float
    probability_at_or_below: Estimate


@dataclass(frozen=True, slots=True)
class TailEstimate:
    """A probability that was asked for, the quantile of the final return there, and the mean at or below it."""

    probability: float
    value_at_risk: Estimate
    expected_shortfall: Estimate


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Simulation(Result):
    """What a simulation found, complete in itself at any moment of its run.

    Attributes
    ----------
    statistics
        Of the final return, each with its error.
    summaries
        Summaries of the distributions returns, volatilities, max_drawdowns and sharpe_ratios, by name.
    fan
        Quantiles of the wealth along time.
    distributions
        Each path's results by name, of shape (paths). Empty unless they were asked for.
    num_simulations, time_horizon_days
        Paths in this result, and days of each.
    tails, thresholds
        What was asked for besides.
    sample_paths
        Of shape (paths, days + 1, assets). None unless asked for.
    stopped_early
        True when a precision target ended the run before all paths.
    quantile_rank_error
        Largest rank error of the quantiles as a fraction, when they come from a sketch. 0: exact order statistics.
    meta
        About the answer.
    """

    statistics: SimulationStatistics
    summaries: Mapping[str, DistributionSummary]
    fan: WealthFan
    distributions: Mapping[str, NDArray[np.float64]]
    num_simulations: int
    time_horizon_days: int
    tails: tuple[TailEstimate, ...]
    thresholds: tuple[ThresholdProbability, ...]
    sample_paths: NDArray[np.float64] | None
    stopped_early: bool
    quantile_rank_error: float
    meta: ResultMeta

    def to_pandas(self) -> pd.DataFrame:
        """Return one row a path, where distributions were asked for; else one row a statistic."""
        import pandas as pd

        if self.distributions:
            return pd.DataFrame(dict(self.distributions))
        rows = {name: getattr(self.statistics, name).to_dict() for name in _ESTIMATES}
        frame = pd.DataFrame.from_dict(rows, orient="index")
        return frame[["value", "standard_error", "low", "high", "method"]]

    def grid(self) -> Grid:
        """Return the statistics and the means of the paths' volatility, drawdown and Sharpe ratio."""
        inner = self.statistics.grid()
        others = tuple(
            (f"{name} (mean)", *estimate_cells(summary.mean))
            for name, summary in self.summaries.items()
            if name != "returns"
        )
        tails = tuple(
            row
            for tail in self.tails
            if tail.probability not in {0.05, 0.01}
            for row in (
                (f"VaR {tail.probability * 100:g} %", *estimate_cells(tail.value_at_risk)),
                (f"CVaR {tail.probability * 100:g} %", *estimate_cells(tail.expected_shortfall)),
            )
        )
        thresholds = tuple(
            (f"P(return <= {one.threshold:g})", *estimate_cells(one.probability_at_or_below)) for one in self.thresholds
        )
        heading = f"{self.num_simulations:,} paths of {self.time_horizon_days:,} days"
        if self.stopped_early:
            heading += ", stopped at the wanted precision"
        rows = (*inner.rows, *tails, *thresholds, *others)
        return Grid(heading, inner.columns, rows, inner.numeric, self.meta.notes())

    def __repr__(self) -> str:
        statistics = self.statistics
        return (
            f"Simulation({self.num_simulations:,} paths of {self.time_horizon_days:,} days, "
            f"mean_return={statistics.mean_return!r}, var_5={statistics.var_5!r}, "
            f"probability_of_loss={statistics.probability_of_loss!r})"
        )


@dataclass(frozen=True, slots=True)
class SimulationProgress:
    """How far a simulation has come: paths done and to do, paths a second, seconds left at this rate."""

    paths_done: int
    paths_total: int
    paths_per_second: float
    time_left_s: float


@dataclass(frozen=True, slots=True, eq=False)
class SimulationUpdate:
    """An estimate that converges: the result so far, the progress, and whether it is the last."""

    result: Simulation
    progress: SimulationProgress
    final: bool


@dataclass(frozen=True, slots=True)
class SimulationCost(Result):
    """What a simulation would cost.

    Attributes
    ----------
    duration_s
        Expected seconds of the computation.
    path_step_count
        Paths times days times simulated factors.
    memory_bytes, response_bytes
        Memory at its largest, and size of the answer.
    placement
        Where it would run: server or cluster.
    chunk_count
        Pieces into which it would be cut.
    meta
        About the answer.
    """

    duration_s: float
    path_step_count: int
    memory_bytes: int
    response_bytes: int
    placement: str
    chunk_count: int
    meta: ResultMeta

    def grid(self) -> Grid:
        """Return one row."""
        rows = (
            ("time", format_duration(self.duration_s)),
            ("memory", f"{self.memory_bytes / 2**20:,.0f} MiB"),
            ("answer", f"{self.response_bytes / 2**20:,.1f} MiB"),
            ("path steps", f"{self.path_step_count:,}"),
            ("where", self.placement),
            ("pieces", f"{self.chunk_count:,}"),
        )
        return Grid("expected cost", ("", "value"), rows, frozenset({1}), self.meta.notes())


class DistributionParts:
    """Puts the per-path results together that come in pieces."""

    def __init__(self) -> None:
        self._parts: dict[str, NDArray[np.float64]] = {}

    def add(self, chunk: simulation_pb2.DistributionChunk) -> None:
        """Put a piece into its place."""
        values = codec.decode_array(chunk.values, f"distributions.{chunk.name}")
        whole = self._parts.setdefault(chunk.name, np.full(chunk.total_count, np.nan))
        whole[chunk.offset : chunk.offset + len(values)] = values

    def join(self, simulation: Simulation) -> Simulation:
        """Return the simulation with what was collected."""
        return replace(simulation, distributions=dict(self._parts)) if self._parts else simulation


class UpdateDecoder:
    """Turns the messages of StreamSimulation into updates, the last of which has the per-path results."""

    def __init__(self) -> None:
        self._parts = DistributionParts()

    def __call__(self, message: pb.StreamSimulationResponse) -> SimulationUpdate | None:
        """Return an update; None for a piece of the per-path results."""
        if message.WhichOneof("event") == "distribution_chunk":
            self._parts.add(message.distribution_chunk)
            return None
        simulation = decode_simulation(message.result, message.meta)
        if message.final:
            simulation = self._parts.join(simulation)
        return SimulationUpdate(simulation, decode_progress(message.progress), message.final)


def decode_simulation(message: simulation_pb2.SimulationResult, meta: meta_pb2.ResultMeta) -> Simulation:
    """Return a simulation of its message."""
    statistics: dict[str, Any] = {name: decode_estimate(getattr(message.statistics, name)) for name in _ESTIMATES}
    return Simulation(
        statistics=SimulationStatistics(
            **statistics, min_return=message.statistics.min_return, max_return=message.statistics.max_return
        ),
        summaries={one.name: _decode_summary(one) for one in message.summaries},
        fan=_decode_fan(message.fan),
        distributions=codec.decode_named_arrays(message.distributions, "distributions"),
        num_simulations=message.num_simulations,
        time_horizon_days=message.time_horizon_days,
        tails=tuple(
            TailEstimate(one.probability, decode_estimate(one.value_at_risk), decode_estimate(one.expected_shortfall))
            for one in message.tails
        ),
        thresholds=tuple(
            ThresholdProbability(one.threshold, decode_estimate(one.probability_at_or_below))
            for one in message.thresholds
        ),
        sample_paths=codec.decode_array(message.sample_paths, "sample_paths")
        if message.HasField("sample_paths")
        else None,
        stopped_early=message.stopped_early,
        quantile_rank_error=message.quantile_rank_error,
        meta=decode_meta(meta),
    )


def _decode_summary(message: simulation_pb2.DistributionSummary) -> DistributionSummary:
    return DistributionSummary(
        name=message.name,
        mean=decode_estimate(message.mean),
        std=decode_estimate(message.std),
        quantiles=decode_quantiles(message.quantiles),
        histogram=decode_histogram(message.histogram),
        undefined_count=message.undefined_count,
    )


def _decode_fan(message: simulation_pb2.WealthFan) -> WealthFan:
    return WealthFan(
        days=np.array(message.days, dtype=np.int64),
        probabilities=codec.read(message, "probabilities"),
        wealth=codec.decode_array(message.wealth, "fan.wealth"),
        path_count=message.path_count,
        standard_error=codec.decode_array(message.standard_error, "fan.standard_error"),
        low=codec.decode_array(message.low, "fan.low"),
        high=codec.decode_array(message.high, "fan.high"),
        confidence=message.confidence,
    )


def decode_progress(message: simulation_pb2.SimulationProgress) -> SimulationProgress:
    """Return how far a simulation has come."""
    return SimulationProgress(
        message.paths_done, message.paths_total, message.paths_per_second, seconds(message.time_left)
    )


def decode_cost(message: pb.EstimateSimulationResponse) -> SimulationCost:
    """Return what a simulation would cost."""
    return SimulationCost(
        duration_s=seconds(message.duration),
        path_step_count=message.path_step_count,
        memory_bytes=message.memory_bytes,
        response_bytes=message.response_bytes,
        placement=enum_name(meta_pb2.Placement, message.placement),
        chunk_count=message.chunk_count,
        meta=decode_meta(message.meta),
    )


def collect_updates(messages: Sequence[pb.StreamSimulationResponse]) -> Simulation | None:
    """Return the last result of a whole stream, with its per-path results; None for a stream without one."""
    decode = UpdateDecoder()
    last = None
    for message in messages:
        last = decode(message) or last
    return last.result if last is not None else None

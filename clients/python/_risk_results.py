"""What the risk calls besides `analyze` return."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from riskwave._inputs import Date, date_text
from riskwave._meta import ResultMeta, decode_meta
from riskwave._parameters import optional
from riskwave._portfolio_report import PortfolioReport, decode_report
from riskwave._results import Grid, Result, Rows, format_number, times_of
from riskwave.v1 import codec
from riskwave.v1 import risk_service_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing that may happen.

    Attributes
    ----------
    name
        The caller's name for it.
    shocks
        Return of each shocked asset as a fraction.
    start, end
        A past period to replay. None replays none.
    propagate
        True moves the other assets by their regression on the shocked ones.
    volatility_multiplier
        Multiplies every volatility. 0 means 1.
    correlation_target, correlation_weight
        Moves every correlation towards the target, by this weight: 0 not at all, 1 entirely.
    """

    name: str
    shocks: Mapping[str, float] = field(default_factory=dict)
    start: Date | None = None
    end: Date | None = None
    propagate: bool = False
    volatility_multiplier: float = 0.0
    correlation_target: float = 0.0
    correlation_weight: float = 0.0

    def to_message(self) -> pb.Scenario:
        """Return the scenario as the contract has it."""
        return pb.Scenario(
            name=self.name,
            shocks=dict(self.shocks),
            start_date=date_text(self.start),
            end_date=date_text(self.end),
            propagate=self.propagate,
            volatility_multiplier=self.volatility_multiplier,
            correlation_target=self.correlation_target,
            correlation_weight=self.correlation_weight,
        )


@dataclass(frozen=True, slots=True, eq=False)
class RollingRisk(Result):
    """Measures over a rolling window.

    Attributes
    ----------
    measures
        One array a measure, of shape (observations); NaN before the window is full.
    times
        End of each period, datetime64[ns] UTC. None when the returns carried none.
    meta
        About the answer.
    """

    measures: Mapping[str, NDArray[np.float64]]
    times: NDArray[np.datetime64] | None
    meta: ResultMeta

    def to_pandas(self) -> pd.DataFrame:
        """Return one row a period, one column a measure."""
        import pandas as pd

        index = None if self.times is None else pd.DatetimeIndex(self.times, name="time")
        return pd.DataFrame(dict(self.measures), index=index)

    def grid(self) -> Grid:
        """Return the last value, the smallest and the largest of each measure."""
        rows = []
        for name, values in self.measures.items():
            there = values[np.isfinite(values)]
            found = (there[-1], there.min(), there.max()) if len(there) else (np.nan,) * 3
            rows.append((name, *(format_number(float(value)) for value in found)))
        headings = ("measure", "last", "smallest", "largest")
        return Grid("rolling risk", headings, tuple(rows), frozenset({1, 2, 3}), self.meta.notes())


@dataclass(frozen=True, slots=True, eq=False)
class Covariance(Result):
    """Covariance and correlation.

    Attributes
    ----------
    covariance, correlation
        Of shape (assets, assets).
    mean
        Mean return a period, of shape (assets).
    assets
        The assets in the order of the arrays.
    min_eigenvalue
        Smallest eigenvalue of the estimate, before any repair.
    shrinkage
        Shrinkage intensity in [0, 1]. None where the estimator has none.
    repaired
        True when the matrix was made positive semi-definite.
    meta
        About the answer.
    """

    covariance: NDArray[np.float64]
    correlation: NDArray[np.float64]
    mean: NDArray[np.float64]
    assets: tuple[str, ...]
    min_eigenvalue: float
    shrinkage: float | None
    repaired: bool
    meta: ResultMeta

    def to_pandas(self) -> pd.DataFrame:
        """Return the covariance with the assets' names."""
        import pandas as pd

        return pd.DataFrame(self.covariance, index=list(self.assets), columns=list(self.assets))

    def grid(self) -> Grid:
        """Return the correlation."""
        rows = tuple(
            (name, *(f"{value:.4f}" for value in row))
            for name, row in zip(self.assets, self.correlation.tolist(), strict=True)
        )
        numeric = frozenset(range(1, len(self.assets) + 1))
        return Grid("correlation", ("", *self.assets), rows, numeric, self.meta.notes())


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """What a scenario does.

    Attributes
    ----------
    name
        The scenario's name.
    portfolio_return
        Negative is a loss.
    asset_returns, contributions
        Each asset's return and its part of the portfolio's, by name.
    portfolio_volatility, var_95
        Volatility a year and normal VaR of one period after the stress.
    max_drawdown
        The largest loss from a peak in a replayed period. 0 for a shock.
    """

    name: str
    portfolio_return: float
    asset_returns: Mapping[str, float]
    contributions: Mapping[str, float]
    portfolio_volatility: float
    var_95: float
    max_drawdown: float


@dataclass(frozen=True, slots=True)
class StressReport(Result):
    """What scenarios do: one entry a scenario, the assets, and about the answer."""

    results: Rows[ScenarioResult]
    assets: tuple[str, ...]
    meta: ResultMeta

    def to_pandas(self) -> pd.DataFrame:
        """Return one row a scenario: the portfolio's figures and each asset's contribution."""
        import pandas as pd

        rows = {
            one.name: {
                "portfolio_return": one.portfolio_return,
                "portfolio_volatility": one.portfolio_volatility,
                "var_95": one.var_95,
                "max_drawdown": one.max_drawdown,
                **one.contributions,
            }
            for one in self.results
        }
        return pd.DataFrame.from_dict(rows, orient="index")

    def grid(self) -> Grid:
        """Return one row a scenario."""
        rows = tuple(
            (
                one.name,
                f"{one.portfolio_return:.4f}",
                *(f"{value:.4f}" for value in one.contributions.values()),
                f"{one.max_drawdown:.4f}",
            )
            for one in self.results
        )
        headings = ("scenario", "return", *(f"from {name}" for name in self.assets), "max. drawdown")
        return Grid("stress test", headings, rows, frozenset(range(1, len(headings))), self.meta.notes())


@dataclass(frozen=True, slots=True)
class TestResult:
    """A statistical test: its name, statistic, p-value (NaN where it has none) and its outcome in a word."""

    __test__ = False  # not one of pytest's

    name: str
    statistic: float
    p_value: float
    outcome: str


@dataclass(frozen=True, slots=True, eq=False)
class Backtest(Result):
    """Forecasts of a VaR model beside what came.

    Attributes
    ----------
    var, expected_shortfall
        Forecasts for each period, returns, of shape (forecasts).
    returns
        What came.
    times
        End of each period, datetime64[ns] UTC. None when the returns carried none.
    exceedances
        Indices of the periods that were worse than VaR.
    expected_exceedance_count
        Exceedances that the level promises.
    tests
        The tests.
    meta
        About the answer.
    """

    var: NDArray[np.float64]
    expected_shortfall: NDArray[np.float64]
    returns: NDArray[np.float64]
    times: NDArray[np.datetime64] | None
    exceedances: NDArray[np.int64]
    expected_exceedance_count: float
    tests: Rows[TestResult]
    meta: ResultMeta

    def to_pandas(self) -> pd.DataFrame:
        """Return one row a forecast."""
        import pandas as pd

        index = None if self.times is None else pd.DatetimeIndex(self.times, name="time")
        columns = {"returns": self.returns, "var": self.var, "expected_shortfall": self.expected_shortfall}
        frame = pd.DataFrame(columns, index=index)
        frame["exceeded"] = np.isin(np.arange(len(frame)), self.exceedances)
        return frame

    def grid(self) -> Grid:
        """Return the tests."""
        rows = tuple(
            (one.name, format_number(one.statistic, 4), _p_value(one.p_value), one.outcome) for one in self.tests
        )
        heading = (
            f"{len(self.exceedances):,} exceedances in {len(self.var):,} forecasts, "
            f"{self.expected_exceedance_count:,.1f} expected"
        )
        return Grid(heading, ("test", "statistic", "p-value", "outcome"), rows, frozenset({1, 2}), self.meta.notes())


@dataclass(frozen=True, slots=True, eq=False)
class Optimization(Result):
    """Weights that are best by an objective.

    Attributes
    ----------
    weights
        By asset; they add up to 1.
    report
        The portfolio of those weights over the history.
    objective_value
        Value of the objective.
    meta
        About the answer.
    """

    weights: Mapping[str, float]
    report: PortfolioReport
    objective_value: float
    meta: ResultMeta

    def to_pandas(self) -> pd.Series[float]:
        """Return the weights."""
        import pandas as pd

        return pd.Series(dict(self.weights), name="weight")

    def grid(self) -> Grid:
        """Return the weights."""
        rows = tuple((name, f"{weight:.4f}") for name, weight in self.weights.items())
        heading = f"objective {format_number(self.objective_value)}"
        return Grid(heading, ("asset", "weight"), rows, frozenset({1}), self.meta.notes())


def _p_value(value: float) -> str:
    """Return a p-value; one that is too small for a number is not 0."""
    return "< 1e-300" if value == 0.0 else format_number(value, 4)


def decode_rolling(message: pb.ComputeRollingRiskResponse) -> RollingRisk:
    """Return rolling measures of their message."""
    measures = codec.decode_named_arrays(message.measures, "measures")
    return RollingRisk(measures, times_of(codec.read(message, "times")), decode_meta(message.meta))


def decode_covariance(message: pb.ComputeCovarianceResponse) -> Covariance:
    """Return a covariance of its message."""
    return Covariance(
        covariance=codec.decode_array(message.covariance, "covariance"),
        correlation=codec.decode_array(message.correlation, "correlation"),
        mean=codec.decode_array(message.mean, "mean"),
        assets=tuple(message.assets),
        min_eigenvalue=message.min_eigenvalue,
        shrinkage=optional(message, "shrinkage"),
        repaired=message.repaired,
        meta=decode_meta(message.meta),
    )


def decode_stress(message: pb.StressTestResponse) -> StressReport:
    """Return what scenarios do."""
    assets = tuple(message.assets)
    results = Rows(
        ScenarioResult(
            name=one.name,
            portfolio_return=one.portfolio_return,
            asset_returns=dict(zip(assets, one.asset_returns, strict=False)),
            contributions=dict(zip(assets, one.contributions, strict=False)),
            portfolio_volatility=one.portfolio_volatility,
            var_95=one.var_95,
            max_drawdown=one.max_drawdown,
        )
        for one in message.results
    )
    return StressReport(results, assets, decode_meta(message.meta))


def decode_backtest(message: pb.BacktestRiskResponse) -> Backtest:
    """Return a backtest of its message."""
    return Backtest(
        var=codec.decode_array(message.var, "var"),
        expected_shortfall=codec.decode_array(message.expected_shortfall, "expected_shortfall"),
        returns=codec.decode_array(message.returns, "returns"),
        times=times_of(codec.read(message, "times")),
        exceedances=np.array(message.exceedances, dtype=np.int64),
        expected_exceedance_count=message.expected_exceedance_count,
        tests=Rows(TestResult(one.name, one.statistic, one.p_value, one.outcome) for one in message.tests),
        meta=decode_meta(message.meta),
    )


def decode_optimization(message: pb.OptimizePortfolioResponse) -> Optimization:
    """Return the best weights of their message."""
    return Optimization(
        weights=dict(zip(message.assets, message.weights, strict=True)),
        report=decode_report(message.report, message.meta),
        objective_value=message.objective_value,
        meta=decode_meta(message.meta),
    )

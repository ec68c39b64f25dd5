"""What `risk.analyze` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from riskwave._estimates import Estimate, decode_estimate
from riskwave._meta import ResultMeta, decode_meta
from riskwave._parameters import optional
from riskwave._results import Grid, Result, Rows, times_of
from riskwave.v1 import codec

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from riskwave.v1 import meta_pb2
    from riskwave.v1 import risk_service_pb2 as pb

_ESTIMATES = (
    "portfolio_return",
    "portfolio_volatility",
    "sharpe_ratio",
    "sortino_ratio",
    "calmar_ratio",
    "var_95",
    "var_99",
    "cvar_95",
    "max_drawdown",
    "diversification_ratio",
)


@dataclass(frozen=True, slots=True)
class RiskContribution:
    """What one asset contributes.

    Attributes
    ----------
    asset, weight
        The asset and its normalised weight.
    marginal_volatility
        Change of the annual volatility per unit of weight.
    component_volatility, share
        Its part of the annual volatility, and that part as a share; the shares add up to 1.
    component_var_95, component_cvar_95
        Its parts of VaR and expected shortfall at 95 %, returns.
    """

    asset: str
    weight: float
    marginal_volatility: float
    component_volatility: float
    share: float
    component_var_95: float
    component_cvar_95: float


@dataclass(frozen=True, slots=True)
class DrawdownPeriod:
    """The largest loss from a peak.

    Attributes
    ----------
    peak_index, trough_index, recovery_index
        Indices into the report's arrays; a peak of -1 is the start, a recovery of -1 has not come.
    depth
        A negative return.
    """

    peak_index: int
    trough_index: int
    recovery_index: int
    depth: float


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure by name: its value with its error, unit and definition; whether more is better (None: neither)."""

    name: str
    title: str
    estimate: Estimate
    unit: str
    doc: str
    higher_is_better: bool | None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PortfolioReport(Result):
    """Return, risk and their decomposition. Returns are fractions; VaR, shortfall and drawdown are returns: negative.

    Attributes
    ----------
    portfolio_return, portfolio_volatility
        Mean return a period times periods a year; standard deviation times the square root of periods a year.
    sharpe_ratio, sortino_ratio, calmar_ratio
        Excess return over volatility and over downside deviation; compound return over maximum drawdown. NaN for a
        constant series.
    var_95, var_99, cvar_95
        The 5 % and 1 % quantile of the returns a period, and the expected return in the worst 5 %.
    max_drawdown
        The largest loss from a peak, starting wealth included.
    correlation_matrix
        Of shape (assets, assets); `correlations()` has the names. NaN for an asset that does not move.
    diversification_ratio
        Weighted mean of the assets' volatilities over the portfolio's.
    risk_decomposition
        One entry an asset.
    drawdowns, returns, wealth
        After each period, of shape (observations); `series()` is a frame of them.
    times
        End of each period, datetime64[ns] UTC. None when the returns carried none.
    assets, weights
        The assets in the order of the arrays, and their normalised weights.
    observation_count
        Returns that were used.
    max_drawdown_period
        When the largest loss happened.
    measures
        Every registered measure, those above included.
    meta
        About the answer.
    """

    portfolio_return: Estimate
    portfolio_volatility: Estimate
    sharpe_ratio: Estimate
    sortino_ratio: Estimate
    calmar_ratio: Estimate
    var_95: Estimate
    var_99: Estimate
    cvar_95: Estimate
    max_drawdown: Estimate
    diversification_ratio: Estimate
    correlation_matrix: NDArray[np.float64]
    risk_decomposition: Rows[RiskContribution]
    drawdowns: NDArray[np.float64]
    returns: NDArray[np.float64]
    wealth: NDArray[np.float64]
    times: NDArray[np.datetime64] | None
    assets: tuple[str, ...]
    weights: NDArray[np.float64]
    observation_count: int
    max_drawdown_period: DrawdownPeriod
    measures: Rows[Measure]
    meta: ResultMeta

    def measure(self, name: str) -> Estimate:
        """Return a measure by its registered name."""
        for one in self.measures:
            if one.name == name:
                return one.estimate
        raise KeyError(f"{name}; the measures are {', '.join(one.name for one in self.measures)}")

    def correlations(self) -> pd.DataFrame:
        """Return the correlation matrix with the assets' names."""
        import pandas as pd

        return pd.DataFrame(self.correlation_matrix, index=list(self.assets), columns=list(self.assets))

    def series(self) -> pd.DataFrame:
        """Return returns, wealth and drawdowns, one row a period."""
        import pandas as pd

        index = None if self.times is None else pd.DatetimeIndex(self.times, name="time")
        return pd.DataFrame({"returns": self.returns, "wealth": self.wealth, "drawdowns": self.drawdowns}, index=index)

    def to_pandas(self) -> pd.DataFrame:
        """Return one row a measure: value, standard error, interval, unit."""
        import pandas as pd

        rows = {
            one.name: {
                "value": one.estimate.value,
                "standard_error": one.estimate.standard_error,
                "low": one.estimate.low,
                "high": one.estimate.high,
                "unit": one.unit,
            }
            for one in self.measures
        }
        return pd.DataFrame.from_dict(rows, orient="index")

    def grid(self) -> Grid:
        """Return the ten figures with their errors."""
        units = {one.name: one.unit for one in self.measures}
        rows = tuple((name, *estimate_cells(getattr(self, name)), units.get(name, "")) for name in _ESTIMATES)
        held = ", ".join(
            f"{asset} {weight:.3g}" for asset, weight in zip(self.assets, self.weights.tolist(), strict=True)
        )
        heading = f"{held}: {self.observation_count:,} returns{self._range()}"
        columns = ("measure", "value", "std. err.", "low", "high", "unit")
        return Grid(heading, columns, rows, frozenset({1, 2, 3, 4}), self.meta.notes())

    def _range(self) -> str:
        if self.times is None or not len(self.times):
            return ""
        first, last = (str(time.astype("datetime64[D]")) for time in (self.times[0], self.times[-1]))
        return f" from {first} to {last}"

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in ("portfolio_return", "portfolio_volatility"))
        return f"PortfolioReport({shown}, assets={list(self.assets)}, observation_count={self.observation_count})"


def estimate_cells(estimate: Estimate) -> tuple[str, str, str, str]:
    """Return value, standard error and interval as texts for a table; empty where there is none."""
    digits = decimals_of(estimate)
    parts = (estimate.standard_error, estimate.low, estimate.high)
    others = ("" if part != part else f"{part:,.{digits}f}" for part in parts)  # noqa: PLR0124 - NaN
    error, low, high = others
    return ("n/a" if estimate != estimate else f"{estimate.value:,.{digits}f}"), error, low, high  # noqa: PLR0124 - NaN


def decimals_of(estimate: Estimate) -> int:
    """Return how many decimals show two digits of the error, at least four and at most eight."""
    error = estimate.standard_error
    if not 0 < error < 1:
        return 4
    return min(max(4, 1 - int(np.floor(np.log10(error)))), 8)


def decode_report(message: pb.PortfolioReport, meta: meta_pb2.ResultMeta) -> PortfolioReport:
    """Return a report of its message."""
    estimates: dict[str, Any] = {name: decode_estimate(getattr(message, name)) for name in _ESTIMATES}
    period = message.max_drawdown_period
    return PortfolioReport(
        **estimates,
        correlation_matrix=codec.decode_array(message.correlation_matrix, "correlation_matrix"),
        risk_decomposition=Rows(_decode_contribution(one) for one in message.risk_decomposition),
        drawdowns=codec.decode_array(message.drawdowns, "drawdowns"),
        returns=codec.decode_array(message.returns, "returns"),
        wealth=codec.decode_array(message.wealth, "wealth"),
        times=times_of(codec.read(message, "times")),
        assets=tuple(message.assets),
        weights=codec.read(message, "weights"),
        observation_count=message.observation_count,
        max_drawdown_period=DrawdownPeriod(period.peak_index, period.trough_index, period.recovery_index, period.depth),
        measures=Rows(_decode_measure(one) for one in message.measures),
        meta=decode_meta(meta),
    )


def _decode_contribution(message: pb.RiskContribution) -> RiskContribution:
    return RiskContribution(
        asset=message.asset,
        weight=message.weight,
        marginal_volatility=message.marginal_volatility,
        component_volatility=message.component_volatility,
        share=message.share,
        component_var_95=message.component_var_95,
        component_cvar_95=message.component_cvar_95,
    )


def _decode_measure(message: pb.MeasureValue) -> Measure:
    return Measure(
        name=message.name,
        title=message.title,
        estimate=decode_estimate(message.estimate),
        unit=message.unit,
        doc=message.doc,
        higher_is_better=optional(message, "higher_is_better"),
    )

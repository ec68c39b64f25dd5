"""RiskService: what a history says about a portfolio."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from riskwave.compute import risk
from riskwave.compute.digest import digest_arrays
from riskwave.compute.errors import InputError
from riskwave.server.encoding import make_estimate
from riskwave.server.errors import CallError, refused_input
from riskwave.server.history import ReturnHistory, inline_history
from riskwave.server.market.periods import TRADING_DAYS_PER_YEAR
from riskwave.server.results import fill_meta
from riskwave.server.services.risk_scenarios import decode_scenarios, fill_backtest, fill_stress
from riskwave.v1 import risk_service_pb2 as pb
from riskwave.v1.codec import decode_params, fill, fill_array

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from google.protobuf.message import Message

    from riskwave.compute.estimates import ShortfallEstimator
    from riskwave.compute.result_warning import ResultWarning
    from riskwave.server.call import Call
    from riskwave.server.runtime import Runtime
    from riskwave.v1 import meta_pb2, portfolio_pb2

R = TypeVar("R")
M = TypeVar("M", bound="Message")

CONFIDENCE = 0.95
BACKTEST_LEVEL = 0.99
BACKTEST_WINDOW_BARS = 250
LARGE_VALUES = 1 << 16
"""Answers with more numbers are encoded by a thread."""

_SHORTFALL: dict[int, ShortfallEstimator] = {
    pb.SHORTFALL_ESTIMATOR_UNSPECIFIED: "tail_mean",
    pb.SHORTFALL_ESTIMATOR_TAIL_MEAN: "tail_mean",
    pb.SHORTFALL_ESTIMATOR_ROCKAFELLAR_URYASEV: "rockafellar_uryasev",
}
_ARGUMENTS = {"es_estimator": "shortfall_estimator"}
"""Arguments of the computation whose field in the request has another name."""


class RiskService:
    """Analyses portfolios over histories of the request or of the store."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._pool = runtime.pool

    async def analyze_portfolio(
        self, request: pb.AnalyzePortfolioRequest, call: Call
    ) -> pb.AnalyzePortfolioResponse | bytes:
        """Return the whole report."""
        if request.shortfall_estimator not in _SHORTFALL:
            raise InputError("shortfall_estimator", str(request.shortfall_estimator), "a value of ShortfallEstimator")
        history, periods_per_year = annualised(await self._history(request.data), request.periods_per_year)
        report = await self._run(
            call,
            history,
            lambda: risk.analyze_portfolio(
                history.returns,
                history.weights,
                assets=history.assets,
                periods_per_year=periods_per_year,
                risk_free_rate=request.risk_free_rate,
                confidence=request.confidence or CONFIDENCE,
                es_estimator=_SHORTFALL[request.shortfall_estimator],
            ),
        )
        return await self._answer(report.returns.size * 3, _encode_analysis, report, history, call)

    async def compute_rolling_risk(
        self, request: pb.ComputeRollingRiskRequest, call: Call
    ) -> pb.ComputeRollingRiskResponse | bytes:
        """Return measures over a sliding window."""
        history, periods_per_year = annualised(await self._history(request.data), request.periods_per_year)
        settings = risk.RiskSettings(periods_per_year=periods_per_year, risk_free_rate=request.risk_free_rate)
        await self._runtime.kernels.need(call, "risk.rolling_risk")
        result = await self._run(
            call,
            history,
            lambda: risk.rolling_risk(
                history.returns,
                history.weights,
                window_bars=request.window_bars,
                measures=list(request.measures),
                settings=settings,
                between_slices=call.token.check,
            ),
        )
        size = len(history.returns) * len(result.measures)
        return await self._answer(size, _encode_rolling, result, history, call)

    async def compute_covariance(
        self, request: pb.ComputeCovarianceRequest, call: Call
    ) -> pb.ComputeCovarianceResponse | bytes:
        """Return covariance, correlation and mean."""
        params = decode_params(request.params)
        history = await self._history(request.data, log_taken=True)
        report = await self._run(
            call,
            history,
            lambda: risk.compute_covariance(
                history.returns,
                estimator=request.estimator or "sample",
                params=params,
                periods_per_year=request.periods_per_year or 1.0,
                assets=history.assets,
            ),
        )
        return await self._answer(report.covariance.size * 2, _encode_covariance, report, history, call)

    async def stress_test(self, request: pb.StressTestRequest, call: Call) -> pb.StressTestResponse:
        """Return what the portfolio loses in each scenario."""
        history, periods_per_year = annualised(await self._history(request.data), 0.0)
        scenarios = decode_scenarios(request.scenarios, history)
        report = await self._run(
            call,
            history,
            lambda: risk.stress_portfolio(
                history.returns,
                history.weights,
                scenarios,
                assets=history.assets,
                periods_per_year=periods_per_year,
            ),
        )
        answer = pb.StressTestResponse()
        digest = fill_stress(answer, report)
        _fill_meta(answer.meta, "risk.stress_portfolio", digest, report.warnings, history, call)
        return answer

    async def backtest_risk(self, request: pb.BacktestRiskRequest, call: Call) -> pb.BacktestRiskResponse:
        """Return a model's forecasts beside what came, and the tests of them."""
        params = decode_params(request.params)
        history = await self._history(request.data)
        await self._runtime.kernels.need(call, "risk.backtest_risk")
        report = await self._run(
            call,
            history,
            lambda: risk.backtest_risk(
                history.returns,
                history.weights,
                method=request.method or "historical",
                level=request.level or BACKTEST_LEVEL,
                window_bars=request.window_bars or BACKTEST_WINDOW_BARS,
                params=params,
            ),
        )
        answer = pb.BacktestRiskResponse()
        digest = fill_backtest(answer, report, history)
        _fill_meta(answer.meta, "risk.backtest_risk", digest, report.warnings, history, call)
        return answer

    async def _history(self, data: portfolio_pb2.PortfolioData, *, log_taken: bool = False) -> ReturnHistory:
        kind = data.WhichOneof("portfolio")
        if kind is None:
            raise InputError("data", "missing", "holdings, portfolio_name or inline_returns")
        if kind == "inline_returns":
            return await self._pool.copy(inline_history, data, "data")
        return await self._runtime.history.returns(data, "data", log_taken=log_taken)

    async def _run(self, call: Call, history: ReturnHistory, work: Callable[[], R]) -> R:
        try:
            return await self._pool.run(call, work)
        except InputError as error:
            raise _rename(error, history) from None

    async def _answer(
        self, size: int, encode: Callable[[R, ReturnHistory, Call], M], result: R, history: ReturnHistory, call: Call
    ) -> M | bytes:
        if size <= LARGE_VALUES:
            return encode(result, history, call)
        return await self._pool.copy(lambda: encode(result, history, call).SerializeToString())


def annualised(history: ReturnHistory, wanted: float) -> tuple[ReturnHistory, float]:
    """Return the periods a year, and the history with a warning where its dates and not the request said how many.

    Raises
    ------
    InputError
        Neither says it: the dates are intraday or irregular.
    """
    if wanted:
        return history, wanted
    if history.spacing is None:
        return history, TRADING_DAYS_PER_YEAR
    periods_per_year = history.spacing.periods_per_year
    if periods_per_year is None:
        given = f"not given, and the common dates are of frequency {history.spacing.frequency}"
        raise InputError("periods_per_year", given, "the number of periods that a year has, or daily to yearly prices")
    warning = history.spacing.warning(history.fields["returns"])
    if warning is not None:
        provenance = replace(history.provenance, warnings=(*history.provenance.warnings, warning))
        history = replace(history, provenance=provenance)
    return history, periods_per_year


def _rename(error: InputError, history: ReturnHistory) -> CallError:
    """Name the request's field for the argument that the computation names."""
    return refused_input(error, _field(error.field, history))


def _field(argument: str, history: ReturnHistory) -> str:
    head = argument.partition("[")[0].partition(".")[0]
    return history.fields.get(head, _ARGUMENTS.get(head, head)) + argument[len(head) :]


def _warnings(warnings: Iterable[ResultWarning], history: ReturnHistory) -> Iterator[ResultWarning]:
    for warning in warnings:
        dated = history.dated(warning)
        yield replace(dated, field=_field(dated.field, history)) if dated.field else dated


def _fill_meta(
    meta: meta_pb2.ResultMeta,
    kernel: str,
    digest: str,
    warnings: Iterable[ResultWarning],
    history: ReturnHistory,
    call: Call,
) -> None:
    fill_meta(meta, call, kernel, digest=digest, provenance=history.provenance, warnings=_warnings(warnings, history))


def _encode_analysis(report: risk.PortfolioReport, history: ReturnHistory, call: Call) -> pb.AnalyzePortfolioResponse:
    answer = pb.AnalyzePortfolioResponse()
    encode_report(answer.report, report)
    if history.times.size:
        fill(answer.report, "times", history.times)
    numbers = {name: estimate.value for name, estimate in report.measures.items()}
    decomposition = report.risk_decomposition
    digest = digest_arrays(
        numbers
        | {
            "correlation_matrix": report.correlation_matrix,
            "drawdowns": report.drawdowns,
            "returns": report.returns,
            "wealth": report.wealth,
            "weights": report.weights,
            "component_volatility": decomposition.component_volatility,
            "component_var_95": decomposition.component_var_95,
            "component_cvar_95": decomposition.component_cvar_95,
        }
    )
    _fill_meta(answer.meta, "risk.analyze_portfolio", digest, report.warnings, history, call)
    return answer


def encode_report(message: pb.PortfolioReport, report: risk.PortfolioReport) -> None:
    """Fill the contract's report; the times are the history's."""
    for name in (
        "portfolio_return",
        "portfolio_volatility",
        "sharpe_ratio",
        "var_95",
        "var_99",
        "cvar_95",
        "max_drawdown",
        "diversification_ratio",
        "sortino_ratio",
        "calmar_ratio",
    ):
        getattr(message, name).CopyFrom(make_estimate(getattr(report, name)))
    for name in ("correlation_matrix", "drawdowns", "returns", "wealth"):
        fill_array(getattr(message, name), getattr(report, name))
    message.assets.extend(report.assets)
    fill(message, "weights", report.weights)
    message.observation_count = report.observation_count
    parts = report.risk_decomposition
    for index, asset in enumerate(report.assets):
        message.risk_decomposition.add(
            asset=asset,
            weight=parts.weights[index],
            marginal_volatility=parts.marginal_volatility[index],
            component_volatility=parts.component_volatility[index],
            share=parts.share[index],
            component_var_95=parts.component_var_95[index],
            component_cvar_95=parts.component_cvar_95[index],
        )
    period = report.max_drawdown_period
    if period is not None:
        message.max_drawdown_period.peak_index = period.peak_index
        message.max_drawdown_period.trough_index = period.trough_index
        message.max_drawdown_period.recovery_index = period.recovery_index
        message.max_drawdown_period.depth = period.depth
    for measure in risk.MEASURES:
        message.measures.append(
            pb.MeasureValue(
                name=measure.name,
                title=measure.title,
                estimate=make_estimate(report.measures[measure.name]),
                unit=measure.unit,
                doc=measure.doc,
                higher_is_better=measure.higher_is_better,
            )
        )


def _encode_rolling(result: risk.RollingRisk, history: ReturnHistory, call: Call) -> pb.ComputeRollingRiskResponse:
    answer = pb.ComputeRollingRiskResponse()
    for name, values in result.measures.items():
        fill_array(answer.measures.add(name=name).array, values)
    if history.times.size:
        fill(answer, "times", history.times)
    digest = digest_arrays(result.measures)
    _fill_meta(answer.meta, "risk.rolling_risk", digest, result.warnings, history, call)
    return answer


def _encode_covariance(
    report: risk.CovarianceReport, history: ReturnHistory, call: Call
) -> pb.ComputeCovarianceResponse:
    answer = pb.ComputeCovarianceResponse(
        assets=report.assets,
        min_eigenvalue=report.min_eigenvalue,
        shrinkage=report.shrinkage,
        repaired=report.repaired,
    )
    fill_array(answer.covariance, report.covariance)
    fill_array(answer.correlation, report.correlation)
    fill_array(answer.mean, report.mean)
    numbers = {"covariance": report.covariance, "correlation": report.correlation, "mean": report.mean}
    digest = digest_arrays(numbers)
    _fill_meta(answer.meta, "risk.compute_covariance", digest, report.warnings, history, call)
    return answer

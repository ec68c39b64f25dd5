"""`client.risk`: how much a portfolio can lose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from riskwave._calls import Api, F, Plan, ask, method
from riskwave._inputs import PortfolioOptions, enum_value, integer, portfolio_data
from riskwave._methods import (
    ANALYZE_PORTFOLIO,
    BACKTEST_RISK,
    COMPUTE_COVARIANCE,
    COMPUTE_ROLLING_RISK,
    OPTIMIZE_PORTFOLIO,
    STRESS_TEST,
)
from riskwave._portfolio_report import PortfolioReport, decode_report
from riskwave._risk_results import (
    Backtest,
    Covariance,
    Optimization,
    RollingRisk,
    Scenario,
    StressReport,
    decode_backtest,
    decode_covariance,
    decode_optimization,
    decode_rolling,
    decode_stress,
)
from riskwave.v1 import risk_service_pb2 as pb
from riskwave.v1.codec import encode_params

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from riskwave._indicators import Param


class BacktestOptions(PortfolioOptions, total=False):
    """A backtest of a VaR model.

    method
        historical (default), normal, student_t, cornish_fisher, ewma, garch, filtered_historical or extreme_value.
    level
        Confidence of VaR as a fraction. None means 0.99.
    window
        Periods that each forecast looks back on. None means 250.
    params
        The method's parameters.
    """

    method: str | None
    level: float | None
    window: int | None
    params: Mapping[str, Param]


def backtest_request(
    *,
    method: str | None = None,
    level: float | None = None,
    window: int | None = None,
    params: Mapping[str, Param] | None = None,
    **data: Unpack[PortfolioOptions],
) -> pb.BacktestRiskRequest:
    """Return the request of a backtest. See `BacktestOptions`."""
    return pb.BacktestRiskRequest(
        data=portfolio_data(**data),
        method=method or "",
        level=level or 0.0,
        window_bars=integer(pb.BacktestRiskRequest, "window_bars", window or 0, "window"),
        params=encode_params(params or {}),
    )


class Risk(Api[F]):
    """How much a portfolio can lose. Returns are fractions; VaR, shortfall and drawdown are returns, so negative.

    Every call takes the portfolio in one of three ways: ``weights={"WTI": 0.6, "BRENT": 0.4}`` over stored prices, with
    ``source``, ``start`` and ``end``; ``portfolio="oil"``, a stored one; or ``returns=`` an array or a frame of simple
    returns with ``weights``.
    """

    @method
    def analyze(
        self,
        *,
        periods_per_year: float | None = None,
        risk_free_rate: float = 0.0,
        confidence: float | None = None,
        shortfall_estimator: str | None = None,
        timeout_s: float | None = None,
        **data: Unpack[PortfolioOptions],
    ) -> Plan[PortfolioReport]:
        """Return, volatility, ratios, VaR, drawdown, correlation and risk contributions of a portfolio.

        Parameters
        ----------
        periods_per_year
            Periods a year by which return and volatility are annualised. None takes what the dates of stored prices
            have, 252 for daily and 12 for monthly ones, which a warning tells; and 252 for `returns`.
        risk_free_rate
            A year, as a fraction.
        confidence
            Confidence of the intervals. None means 0.95.
        shortfall_estimator
            tail_mean (default) or rockafellar_uryasev.
        timeout_s
            Seconds to wait for the answer.
        **data
            The portfolio and its history: `weights`, `portfolio` or `returns`; `source`, `start`, `end`.

        Raises
        ------
        InvalidRequestError
            For weights that sum to zero or do not match, fewer than 10 common returns, missing values, wrong dates.
        NotFoundError
            For an unknown symbol or portfolio; it has near names.

        Examples
        --------
        >>> report = client.risk.analyze(weights={"WTI": 0.6, "BRENT": 0.4}, start="2015-01-01", end="2019-12-31")
        >>> report.portfolio_volatility > 0, report.var_95 < 0, report.assets
        (True, True, ('WTI', 'BRENT'))
        """
        request = pb.AnalyzePortfolioRequest(
            data=portfolio_data(**data),
            periods_per_year=periods_per_year or 0.0,
            risk_free_rate=risk_free_rate,
            confidence=confidence or 0.0,
            shortfall_estimator=enum_value(pb.ShortfallEstimator, shortfall_estimator, "shortfall_estimator"),
        )
        answer = yield from ask(ANALYZE_PORTFOLIO, request, timeout_s)
        return decode_report(answer.report, answer.meta)

    @method
    def rolling(
        self,
        *,
        window: int,
        measures: Sequence[str] = (),
        periods_per_year: float | None = None,
        risk_free_rate: float = 0.0,
        timeout_s: float | None = None,
        **data: Unpack[PortfolioOptions],
    ) -> Plan[RollingRisk]:
        """Measures over a rolling window.

        Parameters
        ----------
        window
            Length of the window in periods; at least 2.
        measures
            Names of measures. Empty means return, volatility and Sharpe ratio.
        periods_per_year, risk_free_rate, timeout_s, **data
            As in `analyze`.
        """
        request = pb.ComputeRollingRiskRequest(
            data=portfolio_data(**data),
            window_bars=integer(pb.ComputeRollingRiskRequest, "window_bars", window, "window"),
            measures=measures,
            periods_per_year=periods_per_year or 0.0,
            risk_free_rate=risk_free_rate,
        )
        answer = yield from ask(COMPUTE_ROLLING_RISK, request, timeout_s)
        return decode_rolling(answer)

    @method
    def covariance(
        self,
        *,
        estimator: str | None = None,
        params: Mapping[str, Param] | None = None,
        periods_per_year: float | None = None,
        timeout_s: float | None = None,
        **data: Unpack[PortfolioOptions],
    ) -> Plan[Covariance]:
        """Covariance and correlation by a named estimator.

        Parameters
        ----------
        estimator
            sample (default), ewma, ledoit_wolf or oas.
        params
            The estimator's parameters, such as decay of ewma.
        periods_per_year
            Annualises the covariance. None gives a period's.
        timeout_s, **data
            As in `analyze`; ``symbols=[...]`` serves as well, for weights don't matter.
        """
        request = pb.ComputeCovarianceRequest(
            data=portfolio_data(**data),
            estimator=estimator or "",
            params=encode_params(params or {}),
            periods_per_year=periods_per_year or 0.0,
        )
        answer = yield from ask(COMPUTE_COVARIANCE, request, timeout_s)
        return decode_covariance(answer)

    @method
    def stress(
        self, scenarios: Sequence[Scenario] = (), *, timeout_s: float | None = None, **data: Unpack[PortfolioOptions]
    ) -> Plan[StressReport]:
        """Tell what a portfolio loses under shocks or in past periods.

        Parameters
        ----------
        scenarios
            The scenarios. Empty means the built-in past periods that the history covers.
        timeout_s, **data
            As in `analyze`.
        """
        messages = [scenario.to_message() for scenario in scenarios]
        request = pb.StressTestRequest(data=portfolio_data(**data), scenarios=messages)
        answer = yield from ask(STRESS_TEST, request, timeout_s)
        return decode_stress(answer)

    @method
    def backtest(self, *, timeout_s: float | None = None, **options: Unpack[BacktestOptions]) -> Plan[Backtest]:
        """Compare a VaR model's forecasts with what came.

        Parameters
        ----------
        timeout_s
            Seconds to wait for the answer.
        **options
            `method` (historical, normal, student_t, ...), `level` (0.99), `window` (250), `params`, and the portfolio
            as in `analyze`.
        """
        answer = yield from ask(BACKTEST_RISK, backtest_request(**options), timeout_s)
        return decode_backtest(answer)

    @method
    def optimize(
        self,
        *,
        objective: str | None = None,
        weight_low: float = 0.0,
        weight_high: float | None = None,
        bounds: Mapping[str, tuple[float, float]] | None = None,
        covariance_estimator: str | None = None,
        risk_free_rate: float = 0.0,
        params: Mapping[str, Param] | None = None,
        timeout_s: float | None = None,
        **data: Unpack[PortfolioOptions],
    ) -> Plan[Optimization]:
        """Weights that are best by a named objective.

        Parameters
        ----------
        objective
            min_variance (default), max_sharpe, risk_parity, hierarchical_risk_parity or min_cvar.
        weight_low, weight_high
            Smallest and largest weight of each asset. None means 1.
        bounds
            Smallest and largest weight of single assets, by name, which replace the common ones.
        covariance_estimator
            As in `covariance`. None means ledoit_wolf.
        risk_free_rate
            A year, as a fraction.
        params
            The objective's parameters.
        timeout_s, **data
            As in `analyze`; the weights are the starting point.

        Raises
        ------
        PreconditionError
            When no weights satisfy the bounds.
        """
        request = pb.OptimizePortfolioRequest(
            data=portfolio_data(**data),
            objective=objective or "",
            weight_low=weight_low,
            weight_high=weight_high or 0.0,
            bounds={name: pb.WeightBounds(low=low, high=high) for name, (low, high) in (bounds or {}).items()},
            covariance_estimator=covariance_estimator or "",
            risk_free_rate=risk_free_rate,
            params=encode_params(params or {}),
        )
        answer = yield from ask(OPTIMIZE_PORTFOLIO, request, timeout_s)
        return decode_optimization(answer)

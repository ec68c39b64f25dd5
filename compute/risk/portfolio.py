"""Everything that a history says about a portfolio, in one report."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.result_warning import ResultWarning
from riskwave.compute.risk.decomposition import RiskDecomposition, correlation_matrix, decompose_risk
from riskwave.compute.risk.inputs import check_assets, check_returns, normalise_weights
from riskwave.compute.risk.measure import MEASURES
from riskwave.compute.risk.sample import PortfolioSample, RiskSettings, check_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from riskwave.compute.estimates import Estimate, ShortfallEstimator
    from riskwave.compute.risk.wealth import DrawdownPeriod


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class PortfolioReport:
    """What `analyze_portfolio` returns. Returns are fractions; value at risk, shortfall and drawdown are returns too.

    Parameters
    ----------
    portfolio_return, portfolio_volatility
        A year, as fractions.
    sharpe_ratio, sortino_ratio, calmar_ratio, diversification_ratio
        Plain numbers; NaN where undefined, with a warning.
    var_95, var_99, cvar_95
        Of one period, as returns.
    max_drawdown
        A return; never positive.
    correlation_matrix
        Shape (assets, assets); NaN in the row and column of a constant asset.
    risk_decomposition
        What each asset contributes.
    drawdowns, returns, wealth
        Loss from the running peak, simple return, and growth of 1 in each period, shape (observations,).
    max_drawdown_period
        When the largest loss happened; None if wealth never fell.
    assets
        Names of the assets, in the order of the arrays.
    weights
        Normalised weights, shape (assets,).
    observation_count
        Number of returns.
    settings
        The conventions.
    measures
        Every registered measure by name, those above included.
    warnings
        What the caller should know.
    """

    portfolio_return: Estimate
    portfolio_volatility: Estimate
    sharpe_ratio: Estimate
    var_95: Estimate
    var_99: Estimate
    cvar_95: Estimate
    max_drawdown: Estimate
    correlation_matrix: NDArray[np.float64]
    diversification_ratio: Estimate
    risk_decomposition: RiskDecomposition
    sortino_ratio: Estimate
    calmar_ratio: Estimate
    drawdowns: NDArray[np.float64]
    returns: NDArray[np.float64]
    wealth: NDArray[np.float64]
    max_drawdown_period: DrawdownPeriod | None
    assets: tuple[str, ...]
    weights: NDArray[np.float64]
    observation_count: int
    settings: RiskSettings
    measures: Mapping[str, Estimate]
    warnings: tuple[ResultWarning, ...]


def analyze_portfolio(
    returns: ArrayLike,
    weights: ArrayLike,
    *,
    assets: Sequence[str] | None = None,
    periods_per_year: float = 252.0,
    risk_free_rate: float = 0.0,
    confidence: float = 0.95,
    es_estimator: ShortfallEstimator = "tail_mean",
    quantile_method: str = "linear",
) -> PortfolioReport:
    """Analyse a portfolio that is brought back to its weights in every period.

    The portfolio's return of a period is the weighted sum of the assets' simple returns. Return is the mean times
    `periods_per_year`, volatility the standard deviation (ddof 1) times its root; value at risk and expected shortfall
    are those of one period, from the history. Errors take the periods as independent.

    Parameters
    ----------
    returns
        Simple returns as fractions, shape (observations, assets) or (observations,); at least 10 observations.
    weights
        One an asset, negative for a short position; divided by their sum, with a warning if that was not 1.
    assets
        Names for the report and its messages; ``asset_0``, ``asset_1``... if None.
    periods_per_year
        252 for trading days, 12 for months.
    risk_free_rate
        A year, as a fraction from -1 to 1.
    confidence
        Confidence of every interval, between 0 and 1.
    es_estimator
        ``tail_mean`` for the mean of the returns at or below value at risk, ``rockafellar_uryasev`` for the mean of
        exactly the worst 5 %.
    quantile_method
        How value at risk is taken from the sample: a method of `numpy.quantile`, among those of
        `riskwave.compute.risk.sample.QUANTILE_METHODS`.

    Returns
    -------
    PortfolioReport
        A constant portfolio has no Sharpe ratio (NaN with a warning), a constant asset no correlation.

    Raises
    ------
    SeriesTooShortError
        For fewer than 10 observations.
    ShapeMismatchError
        If there is not one weight, or one name, an asset.
    NotFiniteError
        If a return or a weight is NaN or infinite. Gaps are to be aligned away before.
    InputError
        For weights without a positive sum, or a parameter outside its range.

    Examples
    --------
    >>> returns = [[0.01, -0.02], [0.03, 0.01], [-0.02, 0.0], [0.0, 0.01], [0.01, 0.02]] * 2
    >>> report = analyze_portfolio(returns, [3, 1])
    >>> round(report.portfolio_return.value, 12), report.var_95.value, report.warnings[0].code
    (1.386, -0.015, 'WEIGHTS_NORMALISED')
    """
    settings = RiskSettings(periods_per_year, risk_free_rate, confidence, es_estimator, quantile_method)
    settings = check_settings(settings)
    matrix = check_returns(returns)
    normalised, warnings = normalise_weights(weights, matrix.shape[1])
    names = check_assets(assets, matrix.shape[1])
    return _report(PortfolioSample(matrix, normalised, settings), names, warnings)


def _report(sample: PortfolioSample, names: tuple[str, ...], warnings: list[ResultWarning]) -> PortfolioReport:
    measures = {measure.name: measure.compute(sample) for measure in MEASURES}
    warnings = [*warnings, *_price_warnings(sample, names), *_measure_warnings(sample, measures, names)]
    return PortfolioReport(
        portfolio_return=measures["portfolio_return"],
        portfolio_volatility=measures["portfolio_volatility"],
        sharpe_ratio=measures["sharpe_ratio"],
        var_95=measures["var_95"],
        var_99=measures["var_99"],
        cvar_95=measures["cvar_95"],
        max_drawdown=measures["max_drawdown"],
        correlation_matrix=correlation_matrix(sample),
        diversification_ratio=measures["diversification_ratio"],
        risk_decomposition=decompose_risk(sample),
        sortino_ratio=measures["sortino_ratio"],
        calmar_ratio=measures["calmar_ratio"],
        drawdowns=sample.curve.drawdowns,
        returns=sample.returns,
        wealth=sample.curve.wealth,
        max_drawdown_period=sample.curve.max_drawdown_period(),
        assets=names,
        weights=sample.weights,
        observation_count=sample.count,
        settings=sample.settings,
        measures=measures,
        warnings=tuple(warnings),
    )


def _price_warnings(sample: PortfolioSample, names: Sequence[str]) -> Iterator[ResultWarning]:
    """Report returns that only a price at or below zero gives, and the end of compounding."""
    lowest = sample.asset_returns.min(axis=0)
    for column, name in enumerate(names):
        if lowest[column] > -1.0:
            continue
        series = sample.asset_returns[:, column]
        rows = np.flatnonzero(series <= -1.0)
        yield ResultWarning(
            "RETURN_BELOW_MINUS_ONE",
            f"{name} has {len(rows)} return(s) of -1 or less, the first {series[rows[0]]:g} at observation {rows[0]}: "
            "its price was not positive, and the simple returns across it are used as they are",
            "returns",
            int(rows[0]),
        )
    ruin = sample.curve.ruin_index
    if ruin >= 0:
        yield ResultWarning(
            "WEALTH_NOT_POSITIVE",
            f"the portfolio's wealth fell to {sample.curve.wealth[ruin]:g} at observation {ruin} and stays there in "
            "wealth, drawdowns and compounded measures; the others use every return",
            "returns",
            ruin,
        )


def _measure_warnings(
    sample: PortfolioSample, measures: Mapping[str, Estimate], names: Sequence[str]
) -> Iterator[ResultWarning]:
    """Report what is undefined, and errors that the sample is too small for."""
    for name, deviation in zip(names, sample.asset_standard_deviations, strict=True):
        if deviation == 0.0:
            message = f"{name} does not move; its correlations are undefined"
            yield ResultWarning("ASSET_CONSTANT", message, "returns")
    ruined = sample.curve.ruin_index >= 0
    for measure in MEASURES:
        estimate = measures[measure.name]
        if math.isnan(estimate.value):
            message = f"{measure.name} is undefined, because {measure.why_undefined(ruined=ruined)}"
            yield ResultWarning("MEASURE_UNDEFINED", message, "returns")
        elif estimate.low == -math.inf:
            message = (
                f"{sample.count} observations cannot bound {measure.name} from below with confidence "
                f"{estimate.confidence:g}; its interval is open"
            )
            yield ResultWarning("INTERVAL_OPEN", message, "returns")

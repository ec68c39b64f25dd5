"""Which asset a portfolio's risk comes from, and how the assets move together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.risk.sample import PortfolioSample


@dataclass(frozen=True, eq=False, slots=True)
class RiskDecomposition:
    """What each asset contributes to the portfolio's volatility and losses; every array has the shape (assets,).

    Volatility, value at risk and expected shortfall grow in proportion to the position, so by Euler's theorem the
    components add up to the portfolio's own number, up to rounding.

    Parameters
    ----------
    weights
        Normalised weights.
    marginal_volatility
        Change of the annual volatility per unit of weight. NaN if the portfolio's returns do not vary.
    component_volatility
        Weight times marginal volatility: the part of the annual volatility, negative for a hedge. NaN likewise.
    share
        Component over the portfolio's volatility; the shares add up to 1. NaN likewise.
    component_var_95
        Part of the historical value at risk, a return: what the asset earned in the one or two periods that the
        quantile is made of. Exact for the history and, with so few periods behind it, noisy.
    component_cvar_95
        Part of the historical expected shortfall, a return: what the asset earned in the periods of the tail.
    """

    weights: NDArray[np.float64]
    marginal_volatility: NDArray[np.float64]
    component_volatility: NDArray[np.float64]
    share: NDArray[np.float64]
    component_var_95: NDArray[np.float64]
    component_cvar_95: NDArray[np.float64]


def decompose_risk(sample: PortfolioSample) -> RiskDecomposition:
    """Attribute volatility, value at risk and expected shortfall at 95 % to the assets."""
    weights = sample.weights
    marginal = np.full(len(weights), np.nan)
    if sample.standard_deviation > 0.0:
        # The covariance with the portfolio, taken from its returns and not from the covariance matrix: that way the
        # components add up to the deviation of those same returns, even where positions nearly cancel.
        with_portfolio = (sample.centred @ sample.centred_assets) / (sample.count - 1)
        marginal = with_portfolio / sample.standard_deviation * np.sqrt(sample.settings.periods_per_year)
    component = weights * marginal
    return RiskDecomposition(
        weights=weights,
        marginal_volatility=marginal,
        component_volatility=component,
        share=component / component.sum(),
        component_var_95=weights * _asset_returns_at_quantile(sample, 0.05),
        component_cvar_95=weights * _asset_returns_in_tail(sample, 0.05),
    )


def correlation_matrix(sample: PortfolioSample) -> NDArray[np.float64]:
    """Return the assets' correlations, shape (assets, assets); NaN in the row and column of a constant asset."""
    deviations = sample.asset_standard_deviations
    moves = deviations > 0.0
    among_moving = sample.covariance[np.ix_(moves, moves)] / np.outer(deviations[moves], deviations[moves])
    # Rounding only: by Cauchy and Schwarz none exceeds 1, and by definition the diagonal is 1.
    np.clip(among_moving, -1.0, 1.0, out=among_moving)
    np.fill_diagonal(among_moving, 1.0)
    matrix = np.full((len(deviations), len(deviations)), np.nan)
    matrix[np.ix_(moves, moves)] = among_moving
    return matrix


def _asset_returns_at_quantile(sample: PortfolioSample, probability: float) -> NDArray[np.float64]:
    """Return each asset's return at the portfolio's quantile, interpolated like the quantile itself."""
    ordered = sample.ordered
    quantile = sample.value_at_risk(probability).value
    above = min(int(np.searchsorted(ordered, quantile, side="right")), len(ordered) - 1)
    below = max(above - 1, 0)
    gap = ordered[above] - ordered[below]
    part = (quantile - ordered[below]) / gap if gap > 0.0 else 0.0
    lower, upper = sample.asset_returns[sample.order[[below, above]]]
    result: NDArray[np.float64] = (1.0 - part) * lower + part * upper
    return result


def _asset_returns_in_tail(sample: PortfolioSample, probability: float) -> NDArray[np.float64]:
    """Return each asset's mean return in the tail, weighted like the expected shortfall itself."""
    if sample.settings.shortfall_estimator == "tail_mean":
        quantile = sample.value_at_risk(probability).value
        size = int(np.searchsorted(sample.ordered, quantile, side="right"))
        tail_weights = np.full(size, 1.0 / size)
    else:
        inside = sample.count * probability
        tail_weights = np.full(int(np.ceil(inside)), 1.0 / inside)
        tail_weights[-1] = 1.0 - (len(tail_weights) - 1) / inside
    result: NDArray[np.float64] = tail_weights @ sample.asset_returns[sample.order[: len(tail_weights)]]
    return result

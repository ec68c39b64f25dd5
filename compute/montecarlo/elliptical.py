"""The drivers of the models whose days are independent: normal, multivariate Student t, geometric Brownian motion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.assets import ASSET_LANES, advance_portfolio, draw_assets, start_holdings
from riskwave.compute.montecarlo.exponential import exp64
from riskwave.compute.montecarlo.factor import pivoted_cholesky
from riskwave.compute.montecarlo.mixing import fill_mixing
from riskwave.compute.montecarlo.normals import fill_normals
from riskwave.compute.montecarlo.path_state import LANES, STATE_ROWS, advance, advance_four, finish, record, reset
from riskwave.compute.montecarlo.philox import (
    INDEPENDENT,
    MIRRORED,
    PORTFOLIO_DRAW,
    WORDS,
    fill_words,
    split_seed,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.law import PortfolioLaw
    from riskwave.compute.montecarlo.model import PathBlock
    from riskwave.compute.montecarlo.spec import SimulationSpec


@kernel()
def multiply_rows(values: NDArray[np.float64], factors: NDArray[np.float64], rows: int, width: int) -> None:
    """Multiply the first `rows` rows by the same factors."""
    for row in range(rows):
        for j in range(width):
            values[row, j] *= factors[j]


@kernel()
def exponentiate_rows(
    values: NDArray[np.float64], log_means: NDArray[np.float64], means: NDArray[np.float64], width: int
) -> None:
    """Turn deviations of log returns from `log_means` into deviations of simple returns from `means`."""
    for row in range(len(means)):
        for j in range(width):
            values[row, j] = exp64(log_means[row] + values[row, j]) - 1.0 - means[row]


@kernel()
def simulate_collapsed(
    first_path: int,
    horizon: int,
    growth: float,
    deviation: float,
    k0: np.uint32,
    k1: np.uint32,
    pairing: int,
    degrees: float,
    results: NDArray[np.float64],
    fan_days: NDArray[np.int64],
    fan: NDArray[np.float64],
) -> None:
    """Simulate the portfolio as one factor, whose daily return is growth - 1 + deviation * z.

    z is a standard normal, or Student's t with unit variance when `degrees` is positive. Step group g of the normals
    holds the days 4g to 4g + 3.
    """
    words = np.empty((WORDS, LANES), dtype=np.uint32)
    normals = np.empty((WORDS, LANES), dtype=np.float32)
    mixing_words = np.empty((WORDS, LANES), dtype=np.uint32)
    mixing = np.empty(LANES)
    state = np.empty((STATE_ROWS, LANES))
    for start in range(0, results.shape[1], LANES):
        width = min(LANES, results.shape[1] - start)
        reset(state, width)
        fan_row = 0
        watched = start < fan.shape[1]
        for day in range(0, horizon, WORDS):
            fill_words(words, first_path + start, day // WORDS, PORTFOLIO_DRAW, k0, k1, pairing, width)
            fill_normals(words, normals, width)
            days = min(WORDS, horizon - day)
            if degrees > 0.0:
                for row in range(days):
                    fill_mixing(mixing, mixing_words, first_path + start, day + row, degrees, k0, k1, pairing, width)
                    for j in range(width):
                        normals[row, j] *= np.float32(mixing[j])
            if days == WORDS and not watched:
                advance_four(state, normals, deviation, growth, width)
                continue
            for row in range(days):
                advance(state, normals[row], deviation, growth, width)
                if watched and fan_days[fan_row] == day + row + 1:
                    record(state, fan, fan_row, start, width)
                    fan_row += 1
        finish(state, horizon, deviation, growth, results, start, width)


@kernel()
def simulate_full(
    first_path: int,
    horizon: int,
    means: NDArray[np.float64],
    weights: NDArray[np.float64],
    factor: NDArray[np.float64],
    growth: float,
    drifting: bool,
    log_means: NDArray[np.float64],
    degrees: float,
    k0: np.uint32,
    k1: np.uint32,
    pairing: int,
    results: NDArray[np.float64],
    fan_days: NDArray[np.int64],
    fan: NDArray[np.float64],
) -> None:
    """Simulate every asset.

    The assets' returns are mean + factor @ z with z normal; all multiplied by the same mixing variable when `degrees`
    is positive (multivariate Student t); or their logarithms are, with `log_means`, when that is not empty (geometric
    Brownian motion). `growth` is 1 plus the mean return of the rebalanced portfolio, and 1 when drifting.
    """
    assets = len(means)
    words = np.empty((WORDS, ASSET_LANES), dtype=np.uint32)
    normals = np.empty((WORDS, ASSET_LANES), dtype=np.float32)
    independent = np.empty((factor.shape[1], ASSET_LANES))
    deviations = np.empty((factor.shape[0], ASSET_LANES))
    holdings = np.empty((assets if drifting else 0, ASSET_LANES))
    portfolio = np.empty((2, ASSET_LANES))
    mixing_words = np.empty((WORDS, ASSET_LANES), dtype=np.uint32)
    mixing = np.empty(ASSET_LANES)
    state = np.empty((STATE_ROWS, ASSET_LANES))
    for start in range(0, results.shape[1], ASSET_LANES):
        width = min(ASSET_LANES, results.shape[1] - start)
        reset(state, width)
        start_holdings(holdings, weights, portfolio)
        fan_row = 0
        for day in range(horizon):
            path = first_path + start
            draw_assets(path, day, factor, k0, k1, pairing, words, normals, independent, deviations, width)
            if degrees > 0.0:
                fill_mixing(mixing, mixing_words, path, day, degrees, k0, k1, pairing, width)
                multiply_rows(deviations, mixing, assets, width)
            if len(log_means) > 0:
                exponentiate_rows(deviations, log_means, means, width)
            advance_portfolio(state, deviations, means, weights, holdings, portfolio, growth, width)
            if fan_row < len(fan_days) and fan_days[fan_row] == day + 1:
                record(state, fan, fan_row, start, width)
                fan_row += 1
        finish(state, horizon, 1.0, growth, results, start, width)


def simulate_independent_days(
    spec: SimulationSpec,
    law: PortfolioLaw,
    block: PathBlock,
    *,
    degrees: float = 0.0,
    log_covariance: NDArray[np.float64] | None = None,
) -> None:
    """Fill `block` with paths of independent days.

    Parameters
    ----------
    spec, law, block
        The simulation and the paths wanted of it.
    degrees
        Degrees of freedom of the multivariate Student t; 0 means normal.
    log_covariance
        Covariance of the daily log returns, shape (assets, assets), when they are the normal ones.
    """
    k0, k1 = split_seed(spec.seed)
    pairing = MIRRORED if spec.sampling == "antithetic" else INDEPENDENT
    growth = 1.0 + law.portfolio_mean
    path, days, sinks = block.first_path, spec.horizon_days, (block.results, block.fan_days, block.fan)
    if law.mode == "collapsed":
        simulate_collapsed(path, days, growth, law.portfolio_deviation, k0, k1, pairing, degrees, *sinks)
        return
    factor, order = pivoted_cholesky(law.covariance if log_covariance is None else log_covariance)
    padded = np.zeros((-(-factor.shape[0] // 4) * 4, -(-factor.shape[1] // WORDS) * WORDS))
    padded[: factor.shape[0], : factor.shape[1]] = factor
    means, weights = law.mean[order], law.weights[order]
    log_means = np.empty(0)
    if log_covariance is not None:
        log_means = np.log1p(means) - 0.5 * np.diagonal(log_covariance)[order]
    drifting = spec.rebalancing == "none"
    growth = 1.0 if drifting else growth
    simulate_full(path, days, means, weights, padded, growth, drifting, log_means, degrees, k0, k1, pairing, *sinks)

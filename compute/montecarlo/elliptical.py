"""The drivers of the models whose days are independent: normal, multivariate Student t, geometric Brownian motion."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.assets import (
    ASSET_LANES,
    advance_portfolio,
    draw_assets,
    keep_assets,
    start_holdings,
)
from riskwave.compute.montecarlo.exponential import exp64
from riskwave.compute.montecarlo.factor import pivoted_cholesky
from riskwave.compute.montecarlo.mixing import fill_mixing
from riskwave.compute.montecarlo.normals import fill_normals
from riskwave.compute.montecarlo.path_state import (
    LANES,
    STATE_ROWS,
    PathSink,
    advance,
    advance_four,
    end_day,
    finish,
    nothing_due,
    reset,
)
from riskwave.compute.montecarlo.philox import (
    ASSET_DRAW,
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

_CANCELLED: Final = 1e-3
"""A portfolio's volatility below this part of its assets' is what is left of numbers that cancel each other."""


@kernel()
def multiply_rows(values: NDArray[np.floating], factors: NDArray[np.float64], rows: int, width: int) -> None:
    """Multiply the first `rows` rows by the same factors."""
    for row in range(rows):
        for j in range(width):
            values[row, j] *= factors[j]


@kernel()
def exponentiate_rows(
    values: NDArray[np.floating], log_means: NDArray[np.float64], means: NDArray[np.float64], width: int
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
    sink: PathSink,
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
    results = sink.results
    for start in range(0, results.shape[1], LANES):
        width = min(LANES, results.shape[1] - start)
        reset(state, width)
        fan_row, flow_row = 0, 0
        for day in range(0, horizon, WORDS):
            fill_words(words, first_path + start, day // WORDS, PORTFOLIO_DRAW, k0, k1, pairing, width)
            fill_normals(words, normals, width)
            days = min(WORDS, horizon - day)
            if degrees > 0.0:
                for row in range(days):
                    fill_mixing(mixing, mixing_words, first_path + start, day + row, degrees, k0, k1, pairing, width)
                    for j in range(width):
                        normals[row, j] *= np.float32(mixing[j])
            if days == WORDS and nothing_due(sink, day + WORDS, flow_row, start):
                advance_four(state, normals, deviation, growth, width)
                continue
            for row in range(days):
                advance(state, normals[row], deviation, growth, width)
                fan_row, flow_row = end_day(state, sink, day + row + 1, fan_row, flow_row, start, width)
        finish(state, horizon, deviation, growth, results, start, width)


@kernel()
def simulate_full(
    first_path: int,
    horizon: int,
    means: NDArray[np.float64],
    weights: NDArray[np.float64],
    factor: NDArray[np.floating],
    growth: float,
    drifting: bool,
    log_means: NDArray[np.float64],
    degrees: float,
    k0: np.uint32,
    k1: np.uint32,
    pairing: int,
    sink: PathSink,
) -> None:
    """Simulate every asset.

    The assets' returns are mean + factor @ z with z normal; all multiplied by the same mixing variable when `degrees`
    is positive (multivariate Student t); or their logarithms are, with `log_means`, when that is not empty (geometric
    Brownian motion). `growth` is 1 plus the mean return of the rebalanced portfolio, and 1 when drifting.
    """
    assets = len(means)
    words = np.empty((WORDS, ASSET_LANES), dtype=np.uint32)
    independent = np.empty((factor.shape[1], ASSET_LANES), dtype=factor.dtype)
    deviations = np.empty((factor.shape[0], ASSET_LANES), dtype=factor.dtype)
    holdings = np.empty((assets if drifting else 0, ASSET_LANES))
    portfolio = np.empty((2, ASSET_LANES))
    mixing_words = np.empty((WORDS, ASSET_LANES), dtype=np.uint32)
    mixing = np.empty(ASSET_LANES)
    state = np.empty((STATE_ROWS, ASSET_LANES))
    results = sink.results
    for start in range(0, results.shape[1], ASSET_LANES):
        width = min(ASSET_LANES, results.shape[1] - start)
        reset(state, width)
        start_holdings(holdings, weights, portfolio)
        fan_row, flow_row = 0, 0
        for day in range(horizon):
            path = first_path + start
            draw_assets(path, day, factor, k0, k1, pairing, ASSET_DRAW, words, independent, deviations, width)
            if degrees > 0.0:
                fill_mixing(mixing, mixing_words, path, day, degrees, k0, k1, pairing, width)
                multiply_rows(deviations, mixing, assets, width)
            if len(log_means) > 0:
                exponentiate_rows(deviations, log_means, means, width)
            advance_portfolio(state, deviations, means, weights, holdings, portfolio, growth, width)
            if start < sink.asset_paths.shape[0]:
                keep_assets(sink.asset_paths, deviations, means, day + 1, start, width)
            fan_row, flow_row = end_day(state, sink, day + 1, fan_row, flow_row, start, width)
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
    path, steps, length, sink = block.first_path, block.step_count, block.step_days, block.sink
    if law.mode == "collapsed":
        growth, deviation = 1.0 + law.portfolio_mean, law.portfolio_deviation
        simulate_collapsed(path, steps, growth, deviation, k0, k1, pairing, degrees, sink)
        return
    factor, order = padded_factor(law, law.covariance if log_covariance is None else log_covariance * length)
    means, weights = np.expm1(length * np.log1p(law.mean[order])) if length > 1 else law.mean[order], law.weights[order]
    log_means = np.empty(0)
    if log_covariance is not None:
        log_means = length * (np.log1p(law.mean[order]) - 0.5 * np.diagonal(log_covariance)[order])
    # A step of several days is that of a portfolio which nobody rebalances within it.
    drifting = spec.rebalancing == "none" or length > 1
    growth = 1.0 if drifting else 1.0 + law.portfolio_mean
    simulate_full(path, steps, means, weights, factor, growth, drifting, log_means, degrees, k0, k1, pairing, sink)
    restore_order(sink, order)


def padded_factor(law: PortfolioLaw, covariance: NDArray[np.float64]) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
    """Return a root of `covariance` with multiples of four rows and columns, and the order of its rows.

    It is in float32, as the normals are that it multiplies, unless the assets cancel each other in the portfolio so
    far that their rounding would be seen in what is left.
    """
    factor, order = pivoted_cholesky(covariance)
    gross = float(np.abs(law.weights) @ np.sqrt(np.diagonal(covariance)))
    left = math.sqrt(max(float(law.weights @ covariance @ law.weights), 0.0))
    precision = np.float64 if left <= _CANCELLED * gross and gross > 0.0 else np.float32
    padded = np.zeros((-(-factor.shape[0] // 4) * 4, -(-factor.shape[1] // WORDS) * WORDS), dtype=precision)
    padded[: factor.shape[0], : factor.shape[1]] = factor
    return padded, order


def restore_order(sink: PathSink, order: NDArray[np.int64]) -> None:
    """Put the kept paths of the assets, written in the order of a factor's rows, into the assets' own order."""
    if sink.asset_paths.size:
        sink.asset_paths[:, :, order] = sink.asset_paths.copy()

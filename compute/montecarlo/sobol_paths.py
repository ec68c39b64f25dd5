"""Portfolios on scrambled Sobol points: the drivers of the models whose days are made of normals alone.

Path p is point p // 32 of scramble p % 32, so that whatever part of the paths is there has the same points of every
scramble, and their differences show the error. A Brownian bridge spends the coordinates: the first of a point says
where a path ends, the next where its middle is, and so on; with several assets each of these is one coordinate an
asset, in the order of the factor's columns, largest variance first.

A model whose days need more than normals (a mixing variable that is drawn by rejection, observations drawn with
replacement, a variance that depends on the days before) gains little or nothing from even points and offers none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.errors import TooLargeError
from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo import sobol
from riskwave.compute.montecarlo.assets import advance_portfolio, keep_assets, start_holdings
from riskwave.compute.montecarlo.exponential import exp64
from riskwave.compute.montecarlo.factor import pivoted_cholesky
from riskwave.compute.montecarlo.intrinsics import fused_multiply_add
from riskwave.compute.montecarlo.path_state import (
    LANES,
    PERIODS_PER_YEAR,
    STATE_ROWS,
    PathSink,
    advance,
    end_day,
    finish,
    reset,
)
from riskwave.compute.montecarlo.sobol import DIMENSIONS_MAX, SCRAMBLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.law import PortfolioLaw
    from riskwave.compute.montecarlo.model import PathBlock
    from riskwave.compute.montecarlo.spec import SimulationSpec

SOBOL_PATHS_UNIT: Final = 16 * SCRAMBLES
"""A chunk has a multiple of so many paths: with fewer points of a scramble the vectors would be empty."""

_TILE: Final = 1 << 17
"""Coordinates that are made at once: half a megabyte each of words, normals, and twice that of the bridge."""

_LANES_MIN: Final = 16


@dataclass(frozen=True, eq=False, slots=True)
class _Steps:
    """What moves the assets, whose rows are in the order of a factor.

    Parameters
    ----------
    factor
        Shape (assets, rank): a root of the covariance of a step.
    order
        Which asset each row is.
    means
        Mean simple return of a step.
    drifts
        Shape (steps, assets), of the log prices; without a row when the simple returns are normal.
    decay, short_scale, long_scale
        What is left of a deviation after a step, and the parts of a shock that revert and that stay.
    """

    factor: NDArray[np.float64]
    order: NDArray[np.int64]
    means: NDArray[np.float64]
    drifts: NDArray[np.float64]
    decay: float = 1.0
    short_scale: float = 1.0
    long_scale: float = 0.0

    @property
    def shocks(self) -> int:
        """Coordinates of a step."""
        rank: int = self.factor.shape[1]
        return 2 * rank if self.long_scale > 0.0 else rank


@kernel()
def walk_portfolio(normals: NDArray[np.float32], growth: float, deviation: float, start: int, sink: PathSink) -> None:
    """Move a portfolio that is one factor by `normals`, shape (days, lanes); `start` is the first path's column."""
    days, lanes = normals.shape
    state = np.empty((STATE_ROWS, lanes))
    reset(state, lanes)
    fan_row, flow_row = 0, 0
    for day in range(days):
        advance(state, normals[day], deviation, growth, lanes)
        fan_row, flow_row = end_day(state, sink, day + 1, fan_row, flow_row, start, lanes)
    finish(state, days, deviation, growth, sink.results, start, lanes)


@kernel()
def _multiply(factor: NDArray[np.float64], normals: NDArray[np.float32], product: NDArray[np.float64]) -> None:
    """Set `product`, shape (assets, lanes), to ``factor @ normals``; right of its diagonal the factor has zeros."""
    assets, rank = factor.shape
    for row in range(assets):
        target = product[row]
        target[:] = 0.0
        for column in range(min(row + 1, rank)):
            loading, source = factor[row, column], normals[column]
            for j in range(len(target)):
                target[j] = fused_multiply_add(loading, np.float64(source[j]), target[j])


@kernel()
def walk_assets(
    normals: NDArray[np.float32],
    steps: int,
    factor: NDArray[np.float64],
    means: NDArray[np.float64],
    weights: NDArray[np.float64],
    drifts: NDArray[np.float64],
    decay: float,
    short_scale: float,
    long_scale: float,
    growth: float,
    drifting: bool,
    start: int,
    sink: PathSink,
) -> None:
    """Move every asset by `normals`, shape (steps * shocks, lanes); see `_Steps` for the others."""
    assets, rank = factor.shape
    shocks = 2 * rank if long_scale > 0.0 else rank
    lanes = normals.shape[1]
    deviations, long = np.empty((assets, lanes)), np.zeros((assets, lanes))
    chi = np.zeros((assets, lanes))
    holdings = np.empty((assets if drifting else 0, lanes))
    portfolio = np.empty((2, lanes))
    state = np.empty((STATE_ROWS, lanes))
    reset(state, lanes)
    start_holdings(holdings, weights, portfolio)
    fan_row, flow_row = 0, 0
    for step in range(steps):
        _multiply(factor, normals[step * shocks : step * shocks + rank], deviations)
        if long_scale > 0.0:
            _multiply(factor, normals[step * shocks + rank : (step + 1) * shocks], long)
        if len(drifts) > 0:
            for asset in range(assets):
                for j in range(lanes):
                    before = chi[asset, j]
                    after = decay * before + short_scale * deviations[asset, j]
                    chi[asset, j] = after
                    moved = drifts[step, asset] + (after - before) + long_scale * long[asset, j]
                    deviations[asset, j] = exp64(moved) - 1.0 - means[asset]
        advance_portfolio(state, deviations, means, weights, holdings, portfolio, growth, lanes)
        if start < sink.asset_paths.shape[0]:
            keep_assets(sink.asset_paths, deviations, means, step + 1, start, lanes)
        fan_row, flow_row = end_day(state, sink, step + 1, fan_row, flow_row, start, lanes)
    finish(state, steps, 1.0, growth, sink.results, start, lanes)


def check_coordinates(spec: SimulationSpec, steps: int, shocks: int) -> None:
    """Refuse more coordinates than there are direction numbers; `shocks` is their number a step."""
    if steps * shocks > DIMENSIONS_MAX:
        fit = f"at most {DIMENSIONS_MAX // shocks} days with {shocks} normals a day"
        raise TooLargeError(
            "horizon_days", spec.horizon_days, f"{fit} and Sobol points, which have {DIMENSIONS_MAX} coordinates"
        )


def normals_a_day(law: PortfolioLaw) -> int:
    """Return how many normals a day takes: one, or one an asset."""
    return 1 if law.mode == "collapsed" else len(law.weights)


@dataclass(frozen=True, slots=True)
class SobolDriver:
    """How a model draws its paths from Sobol points.

    Parameters
    ----------
    simulate
        Fills a `PathBlock`.
    shocks
        Normals that a day takes at most.
    """

    simulate: Callable[[SimulationSpec, PortfolioLaw, PathBlock], None]
    shocks: Callable[[PortfolioLaw], int] = normals_a_day


def simulate_on_sobol_points(
    spec: SimulationSpec,
    law: PortfolioLaw,
    block: PathBlock,
    *,
    log_covariance: NDArray[np.float64] | None = None,
    variance_ratio: Callable[[int], float] = float,
    kappa: float = 0.0,
    share: float = 1.0,
) -> None:
    """Fill `block` with paths on scrambled Sobol points.

    Parameters
    ----------
    spec, law, block
        The simulation and the paths wanted of it.
    log_covariance
        Covariance of the daily log returns, shape (assets, assets), when they are the normal ones.
    variance_ratio
        Variance of a log price after a number of days as a multiple of the first day's.
    kappa, share
        Rate a year at which a deviation of a log price reverts, and the part of the variance that does.
    """
    steps = None if law.mode == "collapsed" else _steps(law, block, log_covariance, variance_ratio, kappa, share)
    shocks = 1 if steps is None else steps.shocks
    rows = block.step_count * shocks
    numbers, plan = sobol.directions(rows), sobol.bridge_plan(block.step_count)
    lanes = min(max(_TILE // max(rows, 1) // _LANES_MIN, 1) * _LANES_MIN, LANES)
    paths = block.sink.results.shape[1]
    for scramble in range(SCRAMBLES):
        first = (scramble - block.first_path) % SCRAMBLES
        if first >= paths:
            continue
        sink = _part(block.sink, first)
        point = (block.first_path + first) // SCRAMBLES
        keys = sobol.scramble_keys(spec.seed, scramble, rows)
        for start in range(0, sink.results.shape[1], lanes):
            width = min(lanes, sink.results.shape[1] - start)
            words = np.empty((rows, width), dtype=np.uint32)
            normals = np.empty((rows, width), dtype=np.float32)
            sobol.sobol_words(point + start, numbers, keys, True, words)
            sobol.normals_of(words, normals)
            sobol.bridge(*plan, shocks, shocks, normals)
            if steps is None:
                walk_portfolio(normals, 1.0 + law.portfolio_mean, law.portfolio_deviation, start, sink)
            else:
                _walk(spec, law, block, steps, normals, start, sink)
        _merge(sink, block.sink, first, None if steps is None else steps.order)


def _steps(
    law: PortfolioLaw,
    block: PathBlock,
    log_covariance: NDArray[np.float64] | None,
    variance_ratio: Callable[[int], float],
    kappa: float,
    share: float,
) -> _Steps:
    """Return what moves the assets: a day at a time, or once over the whole horizon where only the end is wanted."""
    if log_covariance is None:
        factor, order = pivoted_cholesky(law.covariance)
        return _Steps(factor, order, law.mean[order], np.empty((0, len(order))))
    days = block.step_days
    growth = days * np.log1p(law.mean)
    if days > 1:
        log_covariance, kappa, share = log_covariance * variance_ratio(days), 0.0, 1.0
    ratios = np.array([variance_ratio(day) for day in range(block.step_count + 1)]) if days == 1 else np.arange(2.0)
    factor, order = pivoted_cholesky(log_covariance)
    drifts = growth[order] - 0.5 * np.diff(ratios)[:, None] * np.diagonal(log_covariance)[order]
    decay, scales = math.exp(-kappa / PERIODS_PER_YEAR), (math.sqrt(share), math.sqrt(1.0 - share))
    return _Steps(factor, order, np.expm1(growth[order]), np.ascontiguousarray(drifts), decay, *scales)


def _walk(
    spec: SimulationSpec,
    law: PortfolioLaw,
    block: PathBlock,
    steps: _Steps,
    normals: NDArray[np.float32],
    start: int,
    sink: PathSink,
) -> None:
    # A step of several days is that of a portfolio which nobody rebalances within it.
    drifting = spec.rebalancing == "none" or block.step_days > 1
    growth = 1.0 if drifting else 1.0 + law.portfolio_mean
    scales = steps.decay, steps.short_scale, steps.long_scale
    weights = law.weights[steps.order]
    walk_assets(
        normals,
        block.step_count,
        steps.factor,
        steps.means,
        weights,
        steps.drifts,
        *scales,
        growth,
        drifting,
        start,
        sink,
    )


def _part(sink: PathSink, first: int) -> PathSink:
    """Return a sink for every 32nd path from `first`."""
    results, fan, kept = (
        len(range(first, count, SCRAMBLES))
        for count in (sink.results.shape[1], sink.fan.shape[1], sink.asset_paths.shape[0])
    )
    return sink._replace(
        results=np.empty((len(sink.results), results)),
        fan=np.empty((len(sink.fan), fan)),
        asset_paths=np.empty((kept, *sink.asset_paths.shape[1:])),
    )


def _merge(part: PathSink, sink: PathSink, first: int, order: NDArray[np.int64] | None) -> None:
    """Put the paths of one scramble where they belong, and the assets into their own order."""
    sink.results[:, first::SCRAMBLES] = part.results
    sink.fan[:, first::SCRAMBLES] = part.fan
    if order is not None and part.asset_paths.size:
        own = np.empty_like(part.asset_paths)
        own[:, :, order] = part.asset_paths
        sink.asset_paths[first::SCRAMBLES] = own

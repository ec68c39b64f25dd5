"""Multivariate normal daily returns.

The assets' simple returns of a day are N(mean, covariance), independent from day to day. Rebalanced to fixed weights
w every day, the portfolio's return is N(w'mean, w'covariance w): the collapsed mode draws that one number a day,
identical in law to the full mode, which draws every asset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.factor import pivoted_cholesky
from riskwave.compute.montecarlo.intrinsics import fused_multiply_add
from riskwave.compute.montecarlo.model import MODELS, PathBlock, PortfolioModel
from riskwave.compute.montecarlo.normals import fill_normals
from riskwave.compute.montecarlo.path_state import LANES, STATE_ROWS, advance, advance_four, finish, record, reset
from riskwave.compute.montecarlo.philox import STREAM_BITS, WORDS, fill_words, split_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.spec import PortfolioLaw, SimulationSpec

COLLAPSED_DRAW: Final = 0
FULL_DRAW: Final = 1 << STREAM_BITS
FULL_LANES: Final = 128
"""Fewer paths side by side when every asset has its own normals, so that they stay near; measured."""


@kernel()
def simulate_collapsed(
    first_path: int,
    horizon: int,
    growth: float,
    deviation: float,
    k0: np.uint32,
    k1: np.uint32,
    antithetic: int,
    results: NDArray[np.float64],
    fan_days: NDArray[np.int64],
    fan: NDArray[np.float64],
) -> None:
    """Simulate paths whose daily return is growth - 1 + deviation * z; step group g holds the days 4g to 4g + 3."""
    words = np.empty((WORDS, LANES), dtype=np.uint32)
    normals = np.empty((WORDS, LANES), dtype=np.float32)
    state = np.empty((STATE_ROWS, LANES))
    for start in range(0, results.shape[1], LANES):
        width = min(LANES, results.shape[1] - start)
        reset(state, width)
        fan_row = 0
        watched = start < fan.shape[1]
        for day in range(0, horizon, WORDS):
            fill_words(words, first_path + start, day // WORDS, COLLAPSED_DRAW, k0, k1, antithetic, width)
            fill_normals(words, normals, width)
            days = min(WORDS, horizon - day)
            if days == WORDS and not watched:
                advance_four(state, normals, deviation, growth, width)
                continue
            for row in range(days):
                advance(state, normals[row], deviation, growth, width)
                if watched and fan_days[fan_row] == day + row + 1:
                    record(state, fan, fan_row, start, width)
                    fan_row += 1
        finish(state, horizon, deviation, growth, results, start, width)


@kernel(inline=True)
def _add_four(
    total: float, f0: float, f1: float, f2: float, f3: float, z0: float, z1: float, z2: float, z3: float
) -> float:
    total = fused_multiply_add(f0, z0, total)
    total = fused_multiply_add(f1, z1, total)
    total = fused_multiply_add(f2, z2, total)
    return float(fused_multiply_add(f3, z3, total))


@kernel()
def multiply_trapezoidal(
    factor: NDArray[np.float64], independent: NDArray[np.float64], product: NDArray[np.float64], width: int
) -> None:
    """Set the first `width` columns of `product` to ``factor @ independent``.

    `factor` has zeros right of its diagonal, and multiples of four rows and columns. Tiles of four by four let every
    number that is loaded serve four times. The sums run in the order of the columns.
    """
    rows, columns = factor.shape
    for r in range(0, rows, 4):
        for j in range(width):
            product[r, j], product[r + 1, j], product[r + 2, j], product[r + 3, j] = 0.0, 0.0, 0.0, 0.0
        for c in range(0, min(r + 4, columns), 4):
            a0, a1, a2, a3 = factor[r, c], factor[r, c + 1], factor[r, c + 2], factor[r, c + 3]
            b0, b1, b2, b3 = factor[r + 1, c], factor[r + 1, c + 1], factor[r + 1, c + 2], factor[r + 1, c + 3]
            d0, d1, d2, d3 = factor[r + 2, c], factor[r + 2, c + 1], factor[r + 2, c + 2], factor[r + 2, c + 3]
            e0, e1, e2, e3 = factor[r + 3, c], factor[r + 3, c + 1], factor[r + 3, c + 2], factor[r + 3, c + 3]
            for j in range(width):
                z0, z1, z2, z3 = independent[c, j], independent[c + 1, j], independent[c + 2, j], independent[c + 3, j]
                product[r, j] = _add_four(product[r, j], a0, a1, a2, a3, z0, z1, z2, z3)
                product[r + 1, j] = _add_four(product[r + 1, j], b0, b1, b2, b3, z0, z1, z2, z3)
                product[r + 2, j] = _add_four(product[r + 2, j], d0, d1, d2, d3, z0, z1, z2, z3)
                product[r + 3, j] = _add_four(product[r + 3, j], e0, e1, e2, e3, z0, z1, z2, z3)


@kernel()
def draw_assets(
    path: int,
    day: int,
    factor: NDArray[np.float64],
    k0: np.uint32,
    k1: np.uint32,
    antithetic: int,
    words: NDArray[np.uint32],
    normals: NDArray[np.float32],
    independent: NDArray[np.float64],
    deviations: NDArray[np.float64],
    width: int,
) -> None:
    """Fill `deviations`, shape (assets, lanes), with the assets' returns of one day less their means."""
    for group in range(factor.shape[1] // WORDS):
        fill_words(words, path, day, FULL_DRAW + group, k0, k1, antithetic, width)
        fill_normals(words, normals, width)
        for row in range(WORDS):
            for j in range(width):
                independent[WORDS * group + row, j] = normals[row, j]
    multiply_trapezoidal(factor, independent, deviations, width)


@kernel()
def weigh_rebalanced(
    deviations: NDArray[np.float64], weights: NDArray[np.float64], portfolio: NDArray[np.float64], width: int
) -> None:
    """Set `portfolio` to the weighted sum of the assets' deviations."""
    for j in range(width):
        portfolio[j] = 0.0
    for asset in range(len(weights)):
        weight = weights[asset]
        for j in range(width):
            portfolio[j] = fused_multiply_add(weight, deviations[asset, j], portfolio[j])


@kernel()
def weigh_drifting(
    deviations: NDArray[np.float64],
    means: NDArray[np.float64],
    holdings: NDArray[np.float64],
    wealth: NDArray[np.float64],
    portfolio: NDArray[np.float64],
    width: int,
) -> None:
    """Move the holdings, shape (assets, lanes), by one day, and set `portfolio` to the return of their sum."""
    for j in range(width):
        portfolio[j] = 0.0
    for asset in range(len(means)):
        growth = 1.0 + means[asset]
        for j in range(width):
            held = holdings[asset, j] * (growth + deviations[asset, j])
            holdings[asset, j] = held
            portfolio[j] += held
    for j in range(width):
        total = portfolio[j]
        portfolio[j] = total / wealth[j] - 1.0
        wealth[j] = total


@kernel()
def simulate_full(
    first_path: int,
    horizon: int,
    means: NDArray[np.float64],
    weights: NDArray[np.float64],
    factor: NDArray[np.float64],
    growth: float,
    drifting: bool,
    k0: np.uint32,
    k1: np.uint32,
    antithetic: int,
    results: NDArray[np.float64],
    fan_days: NDArray[np.int64],
    fan: NDArray[np.float64],
) -> None:
    """Simulate every asset; `growth` is 1 plus the mean return of the rebalanced portfolio, and 1 when drifting."""
    assets = len(means)
    words = np.empty((WORDS, FULL_LANES), dtype=np.uint32)
    normals = np.empty((WORDS, FULL_LANES), dtype=np.float32)
    independent = np.empty((factor.shape[1], FULL_LANES))
    deviations = np.empty((factor.shape[0], FULL_LANES))
    holdings = np.empty((assets if drifting else 0, FULL_LANES))
    wealth = np.empty(FULL_LANES)
    portfolio = np.empty(FULL_LANES)
    state = np.empty((STATE_ROWS, FULL_LANES))
    for start in range(0, results.shape[1], FULL_LANES):
        width = min(FULL_LANES, results.shape[1] - start)
        reset(state, width)
        wealth[:] = 1.0
        for asset in range(holdings.shape[0]):
            holdings[asset, :] = weights[asset]
        fan_row = 0
        for day in range(horizon):
            draw_assets(
                first_path + start, day, factor, k0, k1, antithetic, words, normals, independent, deviations, width
            )
            if drifting:
                weigh_drifting(deviations, means, holdings, wealth, portfolio, width)
            else:
                weigh_rebalanced(deviations, weights, portfolio, width)
            advance(state, portfolio, 1.0, growth, width)
            if fan_row < len(fan_days) and fan_days[fan_row] == day + 1:
                record(state, fan, fan_row, start, width)
                fan_row += 1
        finish(state, horizon, 1.0, growth, results, start, width)


def simulate(spec: SimulationSpec, law: PortfolioLaw, block: PathBlock) -> None:
    """Fill `block` in the mode that `spec` asks for."""
    k0, k1 = split_seed(spec.seed)
    antithetic = int(spec.sampling == "antithetic")
    growth = 1.0 + law.portfolio_mean
    sinks = (block.results, block.fan_days, block.fan)
    if spec.mode == "collapsed":
        deviation = law.portfolio_deviation
        simulate_collapsed(block.first_path, spec.horizon_days, growth, deviation, k0, k1, antithetic, *sinks)
        return
    factor, order = pivoted_cholesky(law.covariance)
    padded = np.zeros((-(-factor.shape[0] // 4) * 4, -(-factor.shape[1] // WORDS) * WORDS))
    padded[: factor.shape[0], : factor.shape[1]] = factor
    means, weights = law.mean[order], law.weights[order]
    drifting = spec.rebalancing == "none"
    growth = 1.0 if drifting else growth
    simulate_full(
        block.first_path, spec.horizon_days, means, weights, padded, growth, drifting, k0, k1, antithetic, *sinks
    )


def path_step_ns(spec: SimulationSpec) -> float:
    """Return the time of one path and day on one core, as measured with 1 to 200 assets."""
    if spec.mode == "collapsed":
        return 1.9
    assets = len(spec.mean)
    return 6.0 + 1.2 * assets + 0.0275 * assets * assets


MODELS.add(
    PortfolioModel(
        name="normal",
        title="Multivariate normal",
        doc="Simple daily returns are N(mean, covariance), independent from day to day.",
        reference="Glasserman (2004), Monte Carlo Methods in Financial Engineering, section 2.3",
        params=(),
        modes=("collapsed", "full"),
        rebalancings=("daily", "none"),
        simulate=simulate,
        path_step_ns=path_step_ns,
    )
)

"""What every driver of many assets does around a day's draw: blocks of paths, weights, wealth, and what is kept.

    for start in range(0, walk.sink.results.shape[1], ASSET_LANES):
        width, due = begin_paths(walk, start), (0, 0)
        for day in range(steps):
            ...                                        the model's own: deviations of the assets' returns
            due = end_of_day(walk, deviations, day + 1, due, start, width)
        end_paths(walk, steps, start, width)

Arrays that come in a bundle cost a path one or two nanoseconds a day; drivers whose days take less than about 20 write
these lines out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.assets import ASSET_LANES, advance_portfolio, keep_assets, start_holdings
from riskwave.compute.montecarlo.exponential import exp64
from riskwave.compute.montecarlo.path_state import STATE_ROWS, PathSink, end_day, finish, reset
from riskwave.compute.montecarlo.philox import INDEPENDENT, MIRRORED, split_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.law import PortfolioLaw
    from riskwave.compute.montecarlo.model import PathBlock
    from riskwave.compute.montecarlo.spec import SimulationSpec

_EXPONENT_MAX = 690.0


class AssetWalk(NamedTuple):
    """A portfolio of many assets on its way.

    Parameters
    ----------
    means, weights
        Of the assets, in the order of the model's rows.
    growth
        1 plus the mean return of the rebalanced portfolio; 1 when the weights drift.
    holdings
        Shape (assets, lanes) when the weights drift, else without a row.
    portfolio
        Shape (2, lanes): the portfolio's return of the day, and the wealth when the weights drift.
    state
        See `path_state`.
    sink
        Where results go.
    """

    means: NDArray[np.float64]
    weights: NDArray[np.float64]
    growth: float
    holdings: NDArray[np.float64]
    portfolio: NDArray[np.float64]
    state: NDArray[np.float64]
    sink: PathSink


class DrawKey(NamedTuple):
    """Which numbers are drawn: the first path of all, the seed's halves, and what antithetic pairs do."""

    first_path: int
    k0: np.uint32
    k1: np.uint32
    pairing: int


def start_walk(
    spec: SimulationSpec, law: PortfolioLaw, block: PathBlock, order: NDArray[np.int64] | None = None
) -> tuple[DrawKey, AssetWalk]:
    """Return what the kernels need to draw and to move the paths of `block`.

    `order` tells which asset each row of the model is; None that they are in their own order.
    """
    k0, k1 = split_seed(spec.seed)
    pairing = MIRRORED if spec.sampling == "antithetic" else INDEPENDENT
    own = np.arange(len(law.weights)) if order is None else order
    means, weights = law.mean[own], law.weights[own]
    if block.step_days > 1:
        means = np.expm1(block.step_days * np.log1p(means))
    # A step of several days is that of a portfolio which nobody rebalances within it.
    drifting = spec.rebalancing == "none" or block.step_days > 1
    walk = AssetWalk(
        means=means,
        weights=weights,
        growth=1.0 if drifting else 1.0 + law.portfolio_mean,
        holdings=np.empty((len(means) if drifting else 0, ASSET_LANES)),
        portfolio=np.empty((2, ASSET_LANES)),
        state=np.empty((STATE_ROWS, ASSET_LANES)),
        sink=block.sink,
    )
    return DrawKey(block.first_path, k0, k1, pairing), walk


@kernel(inline=True)
def begin_paths(walk: AssetWalk, start: int) -> int:
    """Put the paths of the block whose first column is `start` at their beginning; return how many they are."""
    width: int = min(ASSET_LANES, walk.sink.results.shape[1] - start)
    reset(walk.state, width)
    start_holdings(walk.holdings, walk.weights, walk.portfolio)
    return width


@kernel(inline=True)
def simple_deviation(moved: float, mean: float) -> float:
    """Return what a move of the logarithm is as a simple return, less the mean one.

    Beyond e^-690 nothing is left of a price that a number could tell from nothing.
    """
    moved = moved if moved > -_EXPONENT_MAX else -_EXPONENT_MAX  # noqa: FURB136 - max() keeps vectors out
    moved = moved if moved < _EXPONENT_MAX else _EXPONENT_MAX  # noqa: FURB136
    return float(exp64(moved) - 1.0 - mean)


@kernel(inline=True)
def end_of_day(
    walk: AssetWalk, deviations: NDArray[np.floating], day: int, due: tuple[int, int], start: int, width: int
) -> tuple[int, int]:
    """Move the portfolio by the deviations of the assets' returns, shape (assets, lanes), and keep what is wanted.

    `day` is counted from 1; `due` has the next row of the fan and of what is paid, and those after this day come back:
    numbers and not an array, which the compiler would look into again after every store.
    """
    advance_portfolio(
        walk.state, deviations, walk.means, walk.weights, walk.holdings, walk.portfolio, walk.growth, width
    )
    if start < walk.sink.asset_paths.shape[0]:
        keep_assets(walk.sink.asset_paths, deviations, walk.means, day, start, width)
    return end_day(walk.state, walk.sink, day, due[0], due[1], start, width)


@kernel(inline=True)
def end_paths(walk: AssetWalk, steps: int, start: int, width: int) -> None:
    """Write the results of the block's paths."""
    finish(walk.state, steps, 1.0, walk.growth, walk.sink.results, start, width)

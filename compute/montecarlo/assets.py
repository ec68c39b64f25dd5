"""Portfolios of many assets, day by day: their draws, their weights, and the return that they add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.intrinsics import fused_multiply_add
from riskwave.compute.montecarlo.normals import fill_normals
from riskwave.compute.montecarlo.path_state import advance
from riskwave.compute.montecarlo.philox import WORDS, fill_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

ASSET_LANES: Final = 128
"""Fewer paths side by side when every asset has its own normals, so that they stay near; measured."""


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
    factor: NDArray[np.floating], independent: NDArray[np.floating], product: NDArray[np.floating], width: int
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
    factor: NDArray[np.floating],
    k0: np.uint32,
    k1: np.uint32,
    pairing: int,
    draw: int,
    words: NDArray[np.uint32],
    independent: NDArray[np.floating],
    deviations: NDArray[np.floating],
    width: int,
) -> None:
    """Fill `deviations`, shape (assets, lanes), with correlated normals of one day: ``factor @ z``.

    `draw` is `ASSET_DRAW`, or another first draw for a second set of normals of the same day.
    """
    for group in range(factor.shape[1] // WORDS):
        fill_words(words, path, day, draw + group, k0, k1, pairing, width)
        fill_normals(words, independent[WORDS * group : WORDS * group + WORDS], width)
    multiply_trapezoidal(factor, independent, deviations, width)


@kernel()
def weigh_rebalanced(
    deviations: NDArray[np.floating], weights: NDArray[np.float64], portfolio: NDArray[np.float64], width: int
) -> None:
    """Set `portfolio` to the weighted sum of the assets' deviations."""
    for j in range(width):
        portfolio[j] = 0.0
    for asset in range(len(weights)):
        weight = weights[asset]
        for j in range(width):
            portfolio[j] = fused_multiply_add(weight, np.float64(deviations[asset, j]), portfolio[j])


@kernel()
def weigh_drifting(
    deviations: NDArray[np.floating],
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
def advance_portfolio(
    state: NDArray[np.float64],
    deviations: NDArray[np.floating],
    means: NDArray[np.float64],
    weights: NDArray[np.float64],
    holdings: NDArray[np.float64],
    portfolio: NDArray[np.float64],
    growth: float,
    width: int,
) -> None:
    """Move `width` paths by one day, given the deviations of the assets' returns from their means.

    `holdings`, shape (assets, lanes), is empty for a portfolio that is rebalanced every day. `portfolio`, shape (2,
    lanes), is scratch, but its second row holds the wealth of a drifting one. `growth` is 1 plus the mean return of the
    rebalanced portfolio, and 1 for a drifting one.
    """
    if holdings.shape[0] > 0:
        weigh_drifting(deviations, means, holdings, portfolio[1], portfolio[0], width)
    else:
        weigh_rebalanced(deviations, weights, portfolio[0], width)
    advance(state, portfolio[0], 1.0, growth, width)


@kernel()
def start_holdings(holdings: NDArray[np.float64], weights: NDArray[np.float64], portfolio: NDArray[np.float64]) -> None:
    """Put the weights into the holdings of a drifting portfolio of wealth 1."""
    portfolio[1, :] = 1.0
    for asset in range(holdings.shape[0]):
        holdings[asset, :] = weights[asset]


@kernel()
def keep_assets(
    asset_paths: NDArray[np.float64],
    deviations: NDArray[np.floating],
    means: NDArray[np.float64],
    day: int,
    start: int,
    width: int,
) -> None:
    """Write each asset's value at the end of `day`, counted from 1, for those paths of a block that are kept whole.

    `asset_paths` is that of a `PathSink`; `start` is the block's first path.
    """
    for j in range(min(width, asset_paths.shape[0] - start)):
        for asset in range(len(means)):
            if day == 1:
                asset_paths[start + j, 0, asset] = 1.0
            moved = 1.0 + means[asset] + deviations[asset, j]
            asset_paths[start + j, day, asset] = asset_paths[start + j, day - 1, asset] * moved

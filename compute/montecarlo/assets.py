"""Portfolios of many assets, day by day: their draws, their weights, and the return that they add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.intrinsics import fused_multiply_add
from riskwave.compute.montecarlo.lanes import VECTOR_LANES, load_lanes, multiply_add_lanes, store_lanes, zero_lanes
from riskwave.compute.montecarlo.normals import fill_normals
from riskwave.compute.montecarlo.path_state import advance
from riskwave.compute.montecarlo.philox import WORDS, fill_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

ASSET_LANES: Final = 128
"""Fewer paths side by side when every asset has its own normals, so that they stay near; measured."""


_TILE: Final = 2 * VECTOR_LANES
"""Paths whose sums are in registers at a time: with four rows they hide how long a multiplication takes."""


@kernel()
def multiply_trapezoidal(
    factor: NDArray[np.floating], independent: NDArray[np.floating], product: NDArray[np.floating], width: int
) -> None:
    """Set the first `width` columns of `product` to ``factor @ independent``.

    `factor` has zeros right of its diagonal, and multiples of four rows and columns; `independent` and `product` have a
    multiple of 32 columns, and those from `width` to the next of them are overwritten, too. Four rows by 32 columns are
    summed in registers, in the order of the columns of `factor`.
    """
    rows, columns = factor.shape
    for r in range(0, rows, 4):
        last = min(r + 4, columns)
        for j in range(0, width, _TILE):
            a0, a1, a2, a3 = zero_lanes(product), zero_lanes(product), zero_lanes(product), zero_lanes(product)
            b0, b1, b2, b3 = zero_lanes(product), zero_lanes(product), zero_lanes(product), zero_lanes(product)
            for c in range(last):
                f0, f1, f2, f3 = factor[r, c], factor[r + 1, c], factor[r + 2, c], factor[r + 3, c]
                left, right = load_lanes(independent, c, j), load_lanes(independent, c, j + VECTOR_LANES)
                a0, b0 = multiply_add_lanes(f0, left, a0), multiply_add_lanes(f0, right, b0)
                a1, b1 = multiply_add_lanes(f1, left, a1), multiply_add_lanes(f1, right, b1)
                a2, b2 = multiply_add_lanes(f2, left, a2), multiply_add_lanes(f2, right, b2)
                a3, b3 = multiply_add_lanes(f3, left, a3), multiply_add_lanes(f3, right, b3)
            store_lanes(product, r, j, a0)
            store_lanes(product, r + 1, j, a1)
            store_lanes(product, r + 2, j, a2)
            store_lanes(product, r + 3, j, a3)
            store_lanes(product, r, j + VECTOR_LANES, b0)
            store_lanes(product, r + 1, j + VECTOR_LANES, b1)
            store_lanes(product, r + 2, j + VECTOR_LANES, b2)
            store_lanes(product, r + 3, j + VECTOR_LANES, b3)


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

    `draw` is `ASSET_DRAW`, or another first draw for a second set of normals of the same day. The arrays have
    `ASSET_LANES` columns; those from `width` to the next multiple of 32 are overwritten, too.
    """
    whole = -(-width // _TILE) * _TILE
    for group in range(factor.shape[1] // WORDS):
        fill_words(words, path, day, draw + group, k0, k1, pairing, whole)
        fill_normals(words, independent[WORDS * group : WORDS * group + WORDS], whole)
    multiply_trapezoidal(factor, independent, deviations, width)


@kernel()
def weigh_rebalanced(
    deviations: NDArray[np.floating], weights: NDArray[np.float64], portfolio: NDArray[np.float64], width: int
) -> None:
    """Set `portfolio` to the weighted sum of the assets' deviations."""
    for j in range(width):
        portfolio[j] = 0.0
    assets = len(weights)
    for asset in range(0, assets - 3, 4):
        w0, w1, w2, w3 = weights[asset], weights[asset + 1], weights[asset + 2], weights[asset + 3]
        d0, d1, d2, d3 = deviations[asset], deviations[asset + 1], deviations[asset + 2], deviations[asset + 3]
        for j in range(width):
            total = fused_multiply_add(w0, np.float64(d0[j]), portfolio[j])
            total = fused_multiply_add(w1, np.float64(d1[j]), total)
            total = fused_multiply_add(w2, np.float64(d2[j]), total)
            portfolio[j] = fused_multiply_add(w3, np.float64(d3[j]), total)
    for asset in range(assets - assets % 4, assets):
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

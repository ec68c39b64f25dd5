"""The driver of Heston's and Bates' models: every asset has a variance of its own that moves.

The variance of asset i reverts to theta_i, 252 times the variance that the given covariance has for its log returns,
and starts at `initial_ratio` times it; `kappa`, `vol_of_vol` and `rho` are the same for all. The Brownian motions of
the prices have the given correlations, those of the variances the same ones among each other, and `rho` times them
with those of the prices, which is positive semi-definite for every `rho`. The expected simple return of every day is
exactly the mean. Steps are days; see `variance` for the scheme. Jumps come on top, as in `jump_diffusion`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.asset_walk import (
    AssetWalk,
    DrawKey,
    begin_paths,
    end_of_day,
    end_paths,
    simple_deviation,
    start_walk,
)
from riskwave.compute.montecarlo.assets import ASSET_LANES, draw_assets
from riskwave.compute.montecarlo.elliptical import padded_factor, restore_order
from riskwave.compute.montecarlo.jump_diffusion import JumpLaw, draw_jumps, jump_growth, jump_law
from riskwave.compute.montecarlo.models.gbm import log_covariance, prepare_lognormal
from riskwave.compute.montecarlo.normal_tail import normal_tail
from riskwave.compute.montecarlo.path_state import PERIODS_PER_YEAR
from riskwave.compute.montecarlo.philox import ASSET_DRAW, VARIANCE_DRAW, WORDS
from riskwave.compute.montecarlo.reversion import correlation_of
from riskwave.compute.montecarlo.variance import KAPPA, RHO, VOL_OF_VOL, advance, coefficients, feller_warning
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.law import PortfolioLaw
    from riskwave.compute.montecarlo.model import PathBlock
    from riskwave.compute.montecarlo.spec import SimulationSpec

PORTFOLIO_VARIANCE: Final = (
    KAPPA,
    VOL_OF_VOL,
    RHO,
    Param("initial_ratio", 1.0, "Variances at the start, as parts of the means to which they revert.", 0.0, 100.0),
)

_NO_JUMPS: Final = {"intensity": 0.0, "jump_mean": 0.0, "jump_deviation": 0.0, "common_jumps": False}


@kernel()
def move_prices(
    shocks: NDArray[np.floating],
    variance_shocks: NDArray[np.floating],
    variances: NDArray[np.float64],
    c: NDArray[np.float64],
    mean: float,
    moves: NDArray[np.float64],
    width: int,
) -> None:
    """Move an asset's variances by a day, and turn `moves`, its jumps, into deviations of its simple returns."""
    for j in range(width):
        zv = np.float64(variance_shocks[j])
        left = np.float32(normal_tail(zv))
        moved, variances[j] = advance(moves[j], variances[j], np.float64(shocks[j]), zv, left, c)
        moves[j] = simple_deviation(moved, mean)


@kernel()
def simulate_variances(
    key: DrawKey,
    walk: AssetWalk,
    days: int,
    factor: NDArray[np.floating],
    steps: NDArray[np.float64],
    first: NDArray[np.float64],
    jumps: JumpLaw,
) -> None:
    """Simulate every asset.

    `factor` is a root of the correlation, `steps`, shape (assets, `variance.COEFFICIENTS`), has what moves an asset by
    a day, and `first`, shape (assets,), the variances at the start.
    """
    assets = len(first)
    words = np.empty((WORDS, ASSET_LANES), dtype=np.uint32)
    independent = np.empty((factor.shape[1], ASSET_LANES), dtype=factor.dtype)
    shocks = np.empty((factor.shape[0], ASSET_LANES), dtype=factor.dtype)
    variance_shocks = np.empty((factor.shape[0], ASSET_LANES), dtype=factor.dtype)
    variances, moves = np.empty((assets, ASSET_LANES)), np.empty((assets, ASSET_LANES))
    k0, k1, pairing = key.k0, key.k1, key.pairing
    for start in range(0, walk.sink.results.shape[1], ASSET_LANES):
        width, due = begin_paths(walk, start), (0, 0)
        path = key.first_path + start
        for asset in range(assets):
            variances[asset, :] = first[asset]
        for day in range(days):
            draw_assets(path, day, factor, k0, k1, pairing, ASSET_DRAW, words, independent, shocks, width)
            draw_assets(path, day, factor, k0, k1, pairing, VARIANCE_DRAW, words, independent, variance_shocks, width)
            draw_jumps(jumps, start, day, key, words, moves, width)
            for asset in range(assets):
                mean = walk.means[asset]
                move_prices(
                    shocks[asset], variance_shocks[asset], variances[asset], steps[asset], mean, moves[asset], width
                )
            due = end_of_day(walk, moves, day + 1, due, start, width)
        end_paths(walk, days, start, width)


def simulate_stochastic_variance(spec: SimulationSpec, law: PortfolioLaw, block: PathBlock) -> None:
    """Fill `block`; the law's parameters may have jumps among them."""
    dt = 1.0 / PERIODS_PER_YEAR
    covariance = log_covariance(law)
    factor, order = padded_factor(law, correlation_of(covariance))
    key, walk = start_walk(spec, law, block, order)
    theta = np.diagonal(covariance)[order] * PERIODS_PER_YEAR
    kappa, epsilon, rho, ratio = (
        float(law.params[name]) for name in ("kappa", "vol_of_vol", "rho", "initial_ratio")
    )  # fmt: skip
    jumps = {**_NO_JUMPS, **law.params}
    drifts = np.log1p(walk.means) - jump_growth(jumps) * dt
    steps = np.array(
        [coefficients(dt, kappa, mean, epsilon, rho, drift) for mean, drift in zip(theta, drifts, strict=True)]
    )
    simulate_variances(key, walk, block.step_count, factor, steps, ratio * theta, jump_law(jumps))
    restore_order(block.sink, order)


def prepare_variance(law: PortfolioLaw) -> PortfolioLaw:
    """Refuse what lognormal prices cannot have, and report a variance that reaches zero."""
    law = prepare_lognormal(law)
    moving = np.diagonal(log_covariance(law))
    if not moving.any():
        return law
    theta = float(moving[moving > 0.0].min()) * PERIODS_PER_YEAR
    found = feller_warning(float(law.params["kappa"]), theta, float(law.params["vol_of_vol"]), "params.vol_of_vol")
    return replace(law, warnings=(*law.warnings, *found)) if found else law

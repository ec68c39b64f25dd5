"""The driver of Gibson and Schwartz's model: every asset has a convenience yield of its own that reverts.

The given covariance is that of the prices' Brownian motions; the yields' have the same correlations among each other,
and `rho` times them with the prices'. A yield above its mean makes a price grow less: the expected growth to the end of
day t is (1 + mean)^t e^(-(delta0 - alpha) (1 - e^(-kappa t / 252)) / kappa). Prices are lognormal, the transitions of a
day are exact, and the end has a law.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

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
from riskwave.compute.montecarlo.elliptical import padded_factor, simulate_independent_days
from riskwave.compute.montecarlo.law import check_log_range
from riskwave.compute.montecarlo.models.gbm import log_covariance, prepare_lognormal
from riskwave.compute.montecarlo.path_state import PERIODS_PER_YEAR
from riskwave.compute.montecarlo.philox import ASSET_DRAW, WORDS
from riskwave.compute.montecarlo.reversion import integral, price_covariance, shock_covariance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.law import PortfolioLaw
    from riskwave.compute.montecarlo.model import PathBlock
    from riskwave.compute.montecarlo.spec import SimulationSpec


@kernel()
def simulate_yields(
    key: DrawKey,
    walk: AssetWalk,
    factor: NDArray[np.floating],
    rows: NDArray[np.int64],
    drifts: NDArray[np.float64],
    excess: float,
    gone: float,
    decay: float,
) -> None:
    """Simulate every asset.

    `factor` gives the shocks of the log prices and of the yields, in the rows that `rows`, shape (2, assets), names;
    `drifts`, shape (days, assets), are those of the log prices; `excess` is how far the yields start above their mean,
    `gone` the growth that a unit of it takes away in a day, and `decay` what is left of it.
    """
    days, assets = drifts.shape
    words = np.empty((WORDS, ASSET_LANES), dtype=np.uint32)
    independent = np.empty((factor.shape[1], ASSET_LANES), dtype=factor.dtype)
    shocks = np.empty((factor.shape[0], ASSET_LANES), dtype=factor.dtype)
    yields, deviations = np.empty((assets, ASSET_LANES)), np.empty((assets, ASSET_LANES))
    for start in range(0, walk.sink.results.shape[1], ASSET_LANES):
        width, due = begin_paths(walk, start), (0, 0)
        path = key.first_path + start
        yields[:, :] = excess
        for day in range(days):
            draw_assets(path, day, factor, key.k0, key.k1, key.pairing, ASSET_DRAW, words, independent, shocks, width)
            for asset in range(assets):
                drift, mean = drifts[day, asset], walk.means[asset]
                price_shocks, yield_shocks = shocks[rows[0, asset]], shocks[rows[1, asset]]
                for j in range(width):
                    before = yields[asset, j]
                    moved = drift - gone * before + np.float64(price_shocks[j])
                    yields[asset, j] = decay * before + np.float64(yield_shocks[j])
                    deviations[asset, j] = simple_deviation(moved, mean)
            due = end_of_day(walk, deviations, day + 1, due, start, width)
        end_paths(walk, days, start, width)


def _of_yields(law: PortfolioLaw) -> tuple[float, float, float]:
    return float(law.params["kappa"]), float(law.params["sigma_delta"]), float(law.params["rho"])


def _shocks(law: PortfolioLaw, days: int) -> NDArray[np.float64]:
    """Return the covariance of the shocks of a step, of the log prices and then of the yields."""
    return shock_covariance(days / PERIODS_PER_YEAR, log_covariance(law) * PERIODS_PER_YEAR, *_of_yields(law))


def _price_variances(law: PortfolioLaw, years: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the variances of the log prices after some years, shape (years, assets)."""
    sigma = np.sqrt(np.diagonal(log_covariance(law)) * PERIODS_PER_YEAR)
    return price_covariance(years[:, None], sigma, sigma, *_of_yields(law))


def _excess(law: PortfolioLaw) -> float:
    return float(law.params["delta0"]) - float(law.params["alpha"])


def simulate_convenience_yield(spec: SimulationSpec, law: PortfolioLaw, block: PathBlock) -> None:
    """Fill `block`; see the module."""
    kappa, assets = float(law.params["kappa"]), len(law.weights)
    if block.step_days > 1:
        lost = _excess(law) * integral(kappa, block.step_days / PERIODS_PER_YEAR) / block.step_days
        grown = replace(law, mean=np.expm1(np.log1p(law.mean) - lost))
        at_end = _shocks(law, block.step_days)[:assets, :assets] / block.step_days
        simulate_independent_days(spec, grown, block, log_covariance=at_end)
        return
    day = 1.0 / PERIODS_PER_YEAR
    unheld = replace(law, weights=np.concatenate([law.weights, np.zeros(assets)]))  # nobody holds a yield
    factor, order = padded_factor(unheld, _shocks(law, 1))
    rows = np.argsort(order).reshape(2, assets)
    variances = _price_variances(law, np.arange(block.step_count + 1) / PERIODS_PER_YEAR)
    drifts = np.log1p(law.mean) - 0.5 * np.diff(variances, axis=0)
    key, walk = start_walk(spec, law, block)
    decay = math.exp(-kappa * day)
    simulate_yields(key, walk, factor, rows, drifts, _excess(law), integral(kappa, day), decay)


def prepare_convenience_yield(law: PortfolioLaw) -> PortfolioLaw:
    """Refuse what lognormal prices cannot have, and yields that take prices out of the range of numbers."""
    law = prepare_lognormal(law)
    years = law.horizon_days / PERIODS_PER_YEAR
    growth = float(np.abs(np.log1p(law.mean)).max()) * law.horizon_days
    growth += abs(_excess(law)) * integral(float(law.params["kappa"]), years)
    check_log_range(law, growth, float(_price_variances(law, np.array([years])).max()))
    return law

"""The driver of the models whose prices jump: correlated geometric Brownian motion, and jumps of the logarithm.

A day's log return is a normal shock, as in geometric Brownian motion, and the sum of a Poisson number of jumps; the
drift is such that the expected simple return is the mean, whatever the jumps are. The given covariance is that of the
shocks: the jumps come on top. Either each asset jumps on its own, or all at once and by the same amount. Steps of any
length are exact.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

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
from riskwave.compute.montecarlo.jumps import (
    EXPONENTIAL_JUMPS,
    NORMAL_JUMPS,
    exponential_growth,
    exponential_jump,
    exponential_variance,
    normal_growth,
    normal_jumps,
    normal_variance,
    thresholds,
)
from riskwave.compute.montecarlo.law import ASSETS_MAX, PortfolioLaw, check_log_range
from riskwave.compute.montecarlo.models.gbm import log_covariance, prepare_lognormal
from riskwave.compute.montecarlo.normals import normal32
from riskwave.compute.montecarlo.path_state import PERIODS_PER_YEAR
from riskwave.compute.montecarlo.philox import (
    ASSET_DRAW,
    INDEPENDENT,
    JUMP_COUNT_DRAW,
    JUMP_SIZE_DRAW,
    MIRRORED,
    WORDS,
    fill_words,
    philox,
)
from riskwave.compute.registry import Param
from riskwave.compute.result_warning import ResultWarning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.model import PathBlock
    from riskwave.compute.montecarlo.spec import SimulationSpec
    from riskwave.compute.registry import Value

COMMON_JUMPS: Final = Param(
    "common_jumps", False, "Whether all assets jump at once and by the same amount; else each on its own."
)

PORTFOLIO_NORMAL_JUMPS: Final = (*NORMAL_JUMPS, COMMON_JUMPS)
PORTFOLIO_EXPONENTIAL_JUMPS: Final = (*EXPONENTIAL_JUMPS, COMMON_JUMPS)

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


class JumpLaw(NamedTuple):
    """The jumps of a step.

    Parameters
    ----------
    limits
        See `jumps.thresholds`; empty when nothing jumps.
    common
        Whether all assets jump together.
    exponential
        Kou's jumps, given by `share`, and the mean sizes `up` and `down`; else Merton's, by `mean` and `deviation`.
    """

    limits: NDArray[np.uint32]
    common: bool
    exponential: bool
    mean: float
    deviation: float
    share: float
    up: float
    down: float


def jump_law(params: Mapping[str, Value], days: int = 1) -> JumpLaw:
    """Return the jumps of a step of `days` from a model's parameters, Merton's or Kou's."""
    limits = thresholds(float(params["intensity"]) * days / PERIODS_PER_YEAR)
    common, exponential = bool(params["common_jumps"]), "up_rate" in params
    if exponential:
        share, up, down = (float(params[name]) for name in ("up_probability", "up_rate", "down_rate"))
        return JumpLaw(limits, common, exponential, 0.0, 0.0, share, 1.0 / up, 1.0 / down)
    return JumpLaw(
        limits, common, exponential, float(params["jump_mean"]), float(params["jump_deviation"]), 0.0, 0.0, 0.0
    )


def jump_growth(params: Mapping[str, Value]) -> float:
    """Return the growth rate a year that jumps add to the expected price."""
    return exponential_growth(params) if "up_rate" in params else normal_growth(params)


@kernel()
def _jump(word: np.uint32, index: np.uint64, flip: np.uint64, group: int, jumps: JumpLaw, key: DrawKey) -> float:
    """Return the sum of an asset's jumps in a step, at least one; the word gives their number."""
    count = 1
    while count < len(jumps.limits) and word >= jumps.limits[count]:
        count += 1
    if not jumps.exponential:
        w0, _, _, _ = philox(index & _LOW, index >> _HALF, np.uint64(group), np.uint64(JUMP_SIZE_DRAW), key.k0, key.k1)
        z = np.float64(normal32(np.uint32((w0 ^ flip) & _LOW)))
        return float(normal_jumps(float(count), jumps.mean, jumps.deviation, z))
    total = 0.0
    for number in range(count):
        total += exponential_jump(
            index, flip, group, JUMP_SIZE_DRAW, number, jumps.share, jumps.up, jumps.down, key.k0, key.k1
        )
    return total


@kernel()
def draw_jumps(
    jumps: JumpLaw,
    start: int,
    day: int,
    key: DrawKey,
    words: NDArray[np.uint32],
    sizes: NDArray[np.float64],
    width: int,
) -> None:
    """Fill `sizes`, shape (assets, lanes), with the assets' jumps of a step."""
    assets = sizes.shape[0]
    if len(jumps.limits) == 0:
        sizes[:, :] = 0.0
        return
    first = jumps.limits[0]
    path = key.first_path + start
    shift = np.uint64(1 if key.pairing != INDEPENDENT else 0)
    mirror = np.uint64(1 if key.pairing == MIRRORED else 0)
    for asset in range(1 if jumps.common else assets):
        if asset % WORDS == 0:
            draw = JUMP_COUNT_DRAW + asset // WORDS
            fill_words(words, path, day, draw, key.k0, key.k1, key.pairing, width)
        row, group = words[asset % WORDS], day * ASSETS_MAX + asset
        for j in range(width):
            size = 0.0
            if row[j] >= first:
                lane = np.uint64(path + j)
                size = _jump(row[j], lane >> shift, np.uint64(0) - (lane & mirror), group, jumps, key)
            sizes[asset, j] = size
    if jumps.common:
        for asset in range(1, assets):
            sizes[asset, :width] = sizes[0, :width]


@kernel()
def simulate_jumping(
    key: DrawKey, walk: AssetWalk, steps: int, factor: NDArray[np.floating], drifts: NDArray[np.float64], jumps: JumpLaw
) -> None:
    """Simulate every asset; `drifts`, shape (assets,), are those of a step's log returns without the jumps."""
    assets = len(drifts)
    words = np.empty((WORDS, ASSET_LANES), dtype=np.uint32)
    independent = np.empty((factor.shape[1], ASSET_LANES), dtype=factor.dtype)
    shocks = np.empty((factor.shape[0], ASSET_LANES), dtype=factor.dtype)
    sizes = np.empty((assets, ASSET_LANES))
    for start in range(0, walk.sink.results.shape[1], ASSET_LANES):
        width, due = begin_paths(walk, start), (0, 0)
        for day in range(steps):
            path = key.first_path + start
            draw_assets(path, day, factor, key.k0, key.k1, key.pairing, ASSET_DRAW, words, independent, shocks, width)
            draw_jumps(jumps, start, day, key, words, sizes, width)
            for asset in range(assets):
                drift, mean = drifts[asset], walk.means[asset]
                for j in range(width):
                    moved = drift + np.float64(shocks[asset, j]) + sizes[asset, j]
                    sizes[asset, j] = simple_deviation(moved, mean)
            due = end_of_day(walk, sizes, day + 1, due, start, width)
        end_paths(walk, steps, start, width)


def simulate_jump_diffusion(spec: SimulationSpec, law: PortfolioLaw, block: PathBlock) -> None:
    """Fill `block`; see the module."""
    days = block.step_days
    covariance = log_covariance(law) * days
    factor, order = padded_factor(law, covariance)
    key, walk = start_walk(spec, law, block, order)
    compensation = jump_growth(law.params) * days / PERIODS_PER_YEAR
    drifts = days * np.log1p(law.mean[order]) - 0.5 * np.diagonal(covariance)[order] - compensation
    simulate_jumping(key, walk, block.step_count, factor, drifts, jump_law(law.params, days))
    restore_order(block.sink, order)


def prepare_jumps(law: PortfolioLaw) -> PortfolioLaw:
    """Refuse what lognormal prices cannot have, and jumps that leave the range of numbers; say what jumps add."""
    law = prepare_lognormal(law)
    exponential = "up_rate" in law.params
    yearly = exponential_variance(law.params) if exponential else normal_variance(law.params)
    if yearly == 0.0:
        return law
    years = law.horizon_days / PERIODS_PER_YEAR
    diffusion = law.horizon_days * float(np.diagonal(log_covariance(law)).max())
    check_log_range(law, float(np.abs(np.log1p(law.mean)).max()) * law.horizon_days, diffusion + yearly * years)
    spread = float((law.weights @ law.weights) if not law.params["common_jumps"] else law.weights.sum() ** 2)
    whole = math.sqrt(law.portfolio_deviation**2 + spread * yearly / PERIODS_PER_YEAR)
    message = (
        f"the covariance is that of the days without jumps; with them the portfolio's daily volatility is about "
        f"{whole:.4g} instead of {law.portfolio_deviation:.4g}"
    )
    return replace(law, warnings=(*law.warnings, ResultWarning("JUMPS_ADDED", message, "params.intensity")))

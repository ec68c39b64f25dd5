"""The t copula with empirical margins: each asset's own observed returns, with the dependence of Student's t.

The assets' returns of a day are F_i^-1(T(x_i)), where x has the multivariate Student t distribution of the copula, T is
its distribution function in one dimension, and F_i that of the asset's observed returns: every simulated return was
observed, in its own frequency. The copula's extremes come together, as a normal one's do not. Days are independent.

References
----------
Demarta and McNeil (2005), The t copula and related copulas. International Statistical Review 73(1).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import special

from riskwave.compute.errors import InputError, UnfitHistoryError
from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.assets import (
    ASSET_LANES,
    advance_portfolio,
    draw_assets,
    keep_assets,
    start_holdings,
)
from riskwave.compute.montecarlo.calibration import fit_t_copula
from riskwave.compute.montecarlo.calibration.elliptical import DEGREES_MAX, DEGREES_MIN
from riskwave.compute.montecarlo.elliptical import multiply_rows, padded_factor, restore_order
from riskwave.compute.montecarlo.mixing import fill_mixing
from riskwave.compute.montecarlo.model import MODELS, PathBlock, PortfolioModel
from riskwave.compute.montecarlo.path_state import STATE_ROWS, PathSink, end_day, finish, reset
from riskwave.compute.montecarlo.philox import ASSET_DRAW, INDEPENDENT, MIRRORED, WORDS, split_seed
from riskwave.compute.registry import Param

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.law import PortfolioLaw
    from riskwave.compute.montecarlo.spec import SimulationSpec

_CELLS: Final = 4096
_ONE, _HALF_CELLS = np.float32(1.0), np.float32(_CELLS // 2)


@kernel(inline=True)
def _cell(x: np.float32) -> np.int64:
    """Return the cell of a number: a never falling function onto 0 .. _CELLS - 1."""
    place = np.int64((x / (_ONE + abs(x)) + _ONE) * _HALF_CELLS)
    return place if place < _CELLS else np.int64(_CELLS - 1)


@kernel()
def _guide(thresholds: NDArray[np.float64], guide: NDArray[np.int32]) -> int:
    """Set each cell of `guide` to the number of thresholds in the cells before it; return the most in one cell."""
    guide[:] = 0
    for threshold in thresholds[:-1]:
        guide[_cell(np.float32(threshold))] += 1
    before, most = 0, 0
    for cell in range(_CELLS):
        count = guide[cell]
        guide[cell] = before
        before += count
        most = max(most, count)
    return most


@kernel()
def to_margins(
    values: NDArray[np.floating],
    thresholds: NDArray[np.float64],
    guide: NDArray[np.int32],
    most: int,
    ranks: NDArray[np.int64],
    margins: NDArray[np.float64],
    deviations: NDArray[np.float64],
    width: int,
) -> None:
    """Turn t variables into the returns of the same rank, less their means.

    `margins`, shape (assets, observations), has each asset's deviations in ascending order; the k-th is drawn between
    the thresholds k - 1 and k, which have the probabilities (k - 1) / n and k / n. The last threshold is infinite. A
    number's cell tells its rank up to `most`; halving the rest, without a branch, tells the rank. `ranks` is scratch.
    """
    last = len(thresholds) - 1
    for asset in range(margins.shape[0]):
        drawn, margin, found = values[asset], margins[asset], deviations[asset]
        for j in range(width):
            ranks[j] = guide[np.uint64(_cell(np.float32(drawn[j])))]
        step = 1
        while 2 * step <= most:
            step *= 2
        while step > 0:
            for j in range(width):
                place = ranks[j] + step - 1
                place = place if place < last else last  # noqa: FURB136 - min() costs the vectors
                ranks[j] += step if thresholds[np.uint64(place)] <= np.float64(drawn[j]) else 0
            step //= 2
        for j in range(width):
            found[j] = margin[np.uint64(ranks[j])]


@kernel()
def simulate_copula(
    first_path: int,
    horizon: int,
    margins: NDArray[np.float64],
    thresholds: NDArray[np.float64],
    factor: NDArray[np.floating],
    means: NDArray[np.float64],
    weights: NDArray[np.float64],
    growth: float,
    drifting: bool,
    degrees: float,
    k0: np.uint32,
    k1: np.uint32,
    pairing: int,
    sink: PathSink,
) -> None:
    """Simulate every asset; `thresholds` are quantiles of Student's t with unit variance, and infinity."""
    assets = len(means)
    guide = np.empty(_CELLS, dtype=np.int32)
    most = _guide(thresholds, guide)
    ranks = np.empty(ASSET_LANES, dtype=np.int64)
    words = np.empty((WORDS, ASSET_LANES), dtype=np.uint32)
    independent = np.empty((factor.shape[1], ASSET_LANES), dtype=factor.dtype)
    values = np.empty((factor.shape[0], ASSET_LANES), dtype=factor.dtype)
    deviations = np.empty((assets, ASSET_LANES))
    mixing_words = np.empty((WORDS, ASSET_LANES), dtype=np.uint32)
    mixing = np.empty(ASSET_LANES)
    holdings = np.empty((assets if drifting else 0, ASSET_LANES))
    portfolio = np.empty((2, ASSET_LANES))
    state = np.empty((STATE_ROWS, ASSET_LANES))
    results = sink.results
    for start in range(0, results.shape[1], ASSET_LANES):
        width = min(ASSET_LANES, results.shape[1] - start)
        reset(state, width)
        start_holdings(holdings, weights, portfolio)
        fan_row, flow_row = 0, 0
        for day in range(horizon):
            path = first_path + start
            draw_assets(path, day, factor, k0, k1, pairing, ASSET_DRAW, words, independent, values, width)
            fill_mixing(mixing, mixing_words, path, day, degrees, k0, k1, pairing, width)
            multiply_rows(values, mixing, assets, width)
            to_margins(values, thresholds, guide, most, ranks, margins, deviations, width)
            advance_portfolio(state, deviations, means, weights, holdings, portfolio, growth, width)
            if start < sink.asset_paths.shape[0]:
                keep_assets(sink.asset_paths, deviations, means, day + 1, start, width)
            fan_row, flow_row = end_day(state, sink, day + 1, fan_row, flow_row, start, width)
        finish(state, horizon, 1.0, growth, results, start, width)


def _prepare(law: PortfolioLaw) -> PortfolioLaw:
    degrees = float(law.params["degrees"])
    if degrees != 0.0 and degrees < DEGREES_MIN:
        raise InputError("params.degrees", degrees, f"0, to have it estimated, or a number from {DEGREES_MIN:g}")
    still = np.ptp(law.history, axis=0) == 0.0
    if still.any():
        raise UnfitHistoryError("history", "{asset} never moves", "returns that have ranks", int(np.argmax(still)))
    return law


def _calibrate(law: PortfolioLaw) -> dict[str, NDArray[np.float64]]:
    fit = fit_t_copula(law.history, float(law.params["degrees"]))
    return {"correlation": fit.correlation, "degrees": np.array([fit.degrees])}


def _told(law: PortfolioLaw) -> str:
    if float(law.params["degrees"]) > 0.0 or len(law.weights) == 1:
        return ""
    return f"degrees = {float(law.calibration['degrees'][0]):.4g}, of the highest likelihood for the returns' ranks"


def _simulate(spec: SimulationSpec, law: PortfolioLaw, block: PathBlock) -> None:
    k0, k1 = split_seed(spec.seed)
    pairing = MIRRORED if spec.sampling == "antithetic" else INDEPENDENT
    degrees = float(law.calibration["degrees"][0])
    factor, order = padded_factor(law, law.calibration["correlation"])
    count = len(law.history)
    levels = np.arange(1, count) / count
    unit = math.sqrt((degrees - 2.0) / degrees)
    thresholds = np.append(special.stdtrit(degrees, levels) * unit, np.inf)
    margins = np.ascontiguousarray(np.sort(law.history - law.mean, axis=0).T[order])
    drifting = spec.rebalancing == "none"
    growth = 1.0 if drifting else 1.0 + law.portfolio_mean
    weights, means, sink = law.weights[order], law.mean[order], block.sink
    path, days = block.first_path, block.step_count
    simulate_copula(
        path, days, margins, thresholds, factor, means, weights, growth, drifting, degrees, k0, k1, pairing, sink
    )
    restore_order(sink, order)


def path_step_ns(law: PortfolioLaw) -> float:
    """Return the time of one path and day on one core, as measured."""
    assets = len(law.weights)
    return 10.0 + 3.8 * assets + 0.0125 * assets * assets


MODELS.add(
    PortfolioModel(
        name="t_copula",
        title="t copula with empirical margins",
        doc="Each asset draws from its own observed returns; their dependence is that of Student's t.",
        reference="Demarta and McNeil (2005), The t copula and related copulas. Int. Statistical Review 73(1)",
        params=(
            Param(
                "degrees",
                0.0,
                "Degrees of freedom of the dependence; 0 estimates them by maximum likelihood.",
                low=0.0,
                high=DEGREES_MAX,
            ),
        ),
        modes=("full",),
        rebalancings=("daily", "none"),
        takes_history=True,
        simulate=_simulate,
        path_step_ns=path_step_ns,
        prepare=_prepare,
        calibrate=_calibrate,
        told=_told,
    )
)

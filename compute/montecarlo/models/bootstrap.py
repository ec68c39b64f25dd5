"""The stationary bootstrap: days drawn from the history in blocks, with the assets' returns of a day kept together.

A path starts on a random day of the history and goes on to the next one, round its end to its beginning; with
probability 1 / block_length it jumps to another random day instead. Block lengths are geometric, and what was simulated
is stationary. A block length of 1 draws every day anew.

References
----------
Politis and Romano (1994), The stationary bootstrap. JASA 89(428).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.errors import InputError
from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.assets import ASSET_LANES, advance_portfolio, keep_assets, start_holdings
from riskwave.compute.montecarlo.block_length import politis_white_block_length
from riskwave.compute.montecarlo.model import MODELS, PathBlock, PortfolioModel
from riskwave.compute.montecarlo.path_state import LANES, STATE_ROWS, PathSink, advance, end_day, finish, reset
from riskwave.compute.montecarlo.philox import INDEPENDENT, RESAMPLING_DRAW, WORDS, fill_words, split_seed
from riskwave.compute.registry import Param
from riskwave.compute.result_warning import ResultWarning

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.law import PortfolioLaw
    from riskwave.compute.montecarlo.spec import SimulationSpec


@kernel()
def move_positions(
    positions: NDArray[np.int64],
    words: NDArray[np.uint32],
    first_path: int,
    day: int,
    observations: int,
    jump_below: int,
    k0: np.uint32,
    k1: np.uint32,
    width: int,
) -> None:
    """Choose the day of the history that comes next; `words` carries over from an even day to the odd one after it.

    A path jumps when its word is below `jump_below`, which is 2^32 / block_length.
    """
    if day % 2 == 0:
        fill_words(words, first_path, day // 2, RESAMPLING_DRAW, k0, k1, INDEPENDENT, width)
    row = 2 * (day % 2)
    for j in range(width):
        anywhere = np.int64((np.uint64(words[row + 1, j]) * np.uint64(observations)) >> np.uint64(32))
        following = positions[j] + 1
        following = 0 if following >= observations else following
        jump = (np.int64(words[row, j]) < jump_below) | (day == 0)
        positions[j] = anywhere if jump else following


@kernel()
def simulate_series(
    first_path: int,
    horizon: int,
    deviations: NDArray[np.float64],
    growth: float,
    jump_below: int,
    k0: np.uint32,
    k1: np.uint32,
    sink: PathSink,
) -> None:
    """Simulate the rebalanced portfolio from the history of its own returns less their mean."""
    words = np.empty((WORDS, LANES), dtype=np.uint32)
    positions = np.zeros(LANES, dtype=np.int64)
    drawn = np.empty(LANES)
    state = np.empty((STATE_ROWS, LANES))
    results = sink.results
    for start in range(0, results.shape[1], LANES):
        width = min(LANES, results.shape[1] - start)
        reset(state, width)
        fan_row, flow_row = 0, 0
        for day in range(horizon):
            move_positions(positions, words, first_path + start, day, len(deviations), jump_below, k0, k1, width)
            for j in range(width):
                drawn[j] = deviations[np.uint64(positions[j])]
            advance(state, drawn, 1.0, growth, width)
            fan_row, flow_row = end_day(state, sink, day + 1, fan_row, flow_row, start, width)
        finish(state, horizon, 1.0, growth, results, start, width)


@kernel()
def simulate_history(
    first_path: int,
    horizon: int,
    history: NDArray[np.float64],
    means: NDArray[np.float64],
    weights: NDArray[np.float64],
    growth: float,
    drifting: bool,
    jump_below: int,
    k0: np.uint32,
    k1: np.uint32,
    sink: PathSink,
) -> None:
    """Simulate every asset from `history`, shape (assets, observations), the returns less their means."""
    assets, observations = history.shape
    words = np.empty((WORDS, ASSET_LANES), dtype=np.uint32)
    positions = np.zeros(ASSET_LANES, dtype=np.int64)
    drawn = np.empty((assets, ASSET_LANES))
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
            move_positions(positions, words, first_path + start, day, observations, jump_below, k0, k1, width)
            for asset in range(assets):
                observed = history[asset]
                for j in range(width):
                    drawn[asset, j] = observed[np.uint64(positions[j])]  # unsigned: nothing counts from the end
            advance_portfolio(state, drawn, means, weights, holdings, portfolio, growth, width)
            if start < sink.asset_paths.shape[0]:
                keep_assets(sink.asset_paths, drawn, means, day + 1, start, width)
            fan_row, flow_row = end_day(state, sink, day + 1, fan_row, flow_row, start, width)
        finish(state, horizon, 1.0, growth, results, start, width)


def _prepare(law: PortfolioLaw) -> PortfolioLaw:
    length = float(law.params["block_length"])
    if length >= 1.0:
        return law
    if length > 0.0:
        raise InputError("params.block_length", length, "0, to have it chosen, or a number of days from 1")
    length = politis_white_block_length((law.history * law.weights).sum(axis=1))
    message = f"the mean block length is {length:g} days, by Politis and White"
    chosen = ResultWarning("BLOCK_LENGTH_CHOSEN", message, "params.block_length")
    return replace(law, params={**law.params, "block_length": length}, warnings=(*law.warnings, chosen))


def _simulate(spec: SimulationSpec, law: PortfolioLaw, block: PathBlock) -> None:
    k0, k1 = split_seed(spec.seed)
    jump_below = int(2.0**32 / float(law.params["block_length"]))
    path, days, sink = block.first_path, block.step_count, block.sink
    deviations = law.history - law.mean
    growth = 1.0 + law.portfolio_mean
    if law.mode == "collapsed":
        series = np.ascontiguousarray((deviations * law.weights).sum(axis=1))
        simulate_series(path, days, series, growth, jump_below, k0, k1, sink)
        return
    drifting = spec.rebalancing == "none"
    growth = 1.0 if drifting else growth
    history = np.ascontiguousarray(deviations.T)
    simulate_history(path, days, history, law.mean, law.weights, growth, drifting, jump_below, k0, k1, sink)


def path_step_ns(law: PortfolioLaw) -> float:
    """Return the time of one path and day on one core, as measured."""
    return 2.1 if law.mode == "collapsed" else 2.5 + 0.55 * len(law.weights)


MODELS.add(
    PortfolioModel(
        name="bootstrap",
        title="Stationary bootstrap",
        doc="Days are drawn from the history in blocks of random length, the assets' returns of a day together.",
        reference="Politis and Romano (1994), The stationary bootstrap. JASA 89(428)",
        params=(
            Param(
                "block_length",
                0.0,
                "Mean length of a block; 0 chooses it by Politis and White, 1 draws every day anew.",
                low=0.0,
                high=10_000.0,
                unit="days",
            ),
        ),
        modes=("collapsed", "full"),
        rebalancings=("daily", "none"),
        samplings=("independent",),
        takes_history=True,
        simulate=_simulate,
        path_step_ns=path_step_ns,
        prepare=_prepare,
    )
)

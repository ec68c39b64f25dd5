"""Filtered historical simulation: GARCH(1,1) volatilities, driven by days drawn from the observed residuals.

Each asset's returns are filtered by a GARCH(1,1) fitted to them. A simulated day draws one day of the history; every
asset takes its residual of that day, which keeps their dependence, tails and skewness, times its own volatility, which
then moves by its own recursion. Paths start from today's volatilities, so that a calm or nervous market shows.

The residuals are centred and scaled to variance 1, so each asset's mean return a day is exactly that of the history.

References
----------
Barone-Adesi, Giannopoulos and Vosper (1999), VaR without correlations for portfolios of derivative securities. Journal
of Futures Markets 19(5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.errors import InputError
from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.assets import ASSET_LANES, advance_portfolio, keep_assets, start_holdings
from riskwave.compute.montecarlo.calibration.garch import OBSERVATIONS_MIN, fit_garch
from riskwave.compute.montecarlo.model import MODELS, PathBlock, PortfolioModel
from riskwave.compute.montecarlo.models.bootstrap import move_positions
from riskwave.compute.montecarlo.path_state import STATE_ROWS, PathSink, end_day, finish, reset
from riskwave.compute.montecarlo.philox import WORDS, split_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.law import PortfolioLaw
    from riskwave.compute.montecarlo.spec import SimulationSpec

_SHOWN = 5
"""Assets whose parameters are told."""

_EVERY_DAY = 1 << 32
"""A word is always below it: every day jumps to another one of the history."""


@kernel()
def simulate_filtered(
    first_path: int,
    horizon: int,
    residuals: NDArray[np.float64],
    garch: NDArray[np.float64],
    means: NDArray[np.float64],
    weights: NDArray[np.float64],
    growth: float,
    drifting: bool,
    k0: np.uint32,
    k1: np.uint32,
    sink: PathSink,
) -> None:
    """Simulate every asset from `residuals`, shape (assets, observations).

    `garch`, shape (4, assets), has omega, alpha, beta and the first day's variance.
    """
    assets, observations = residuals.shape
    words = np.empty((WORDS, ASSET_LANES), dtype=np.uint32)
    positions = np.zeros(ASSET_LANES, dtype=np.int64)
    variances = np.empty((assets, ASSET_LANES))
    deviations = np.empty((assets, ASSET_LANES))
    holdings = np.empty((assets if drifting else 0, ASSET_LANES))
    portfolio = np.empty((2, ASSET_LANES))
    state = np.empty((STATE_ROWS, ASSET_LANES))
    results = sink.results
    for start in range(0, results.shape[1], ASSET_LANES):
        width = min(ASSET_LANES, results.shape[1] - start)
        reset(state, width)
        start_holdings(holdings, weights, portfolio)
        for asset in range(assets):
            variances[asset, :] = garch[3, asset]
        fan_row, flow_row = 0, 0
        for day in range(horizon):
            move_positions(positions, words, first_path + start, day, observations, _EVERY_DAY, k0, k1, width)
            for asset in range(assets):
                omega, alpha, beta = garch[0, asset], garch[1, asset], garch[2, asset]
                observed, drawn, moving = residuals[asset], deviations[asset], variances[asset]
                for j in range(width):
                    drawn[j] = observed[np.uint64(positions[j])]  # unsigned: nothing counts from the end
                for j in range(width):
                    deviation = np.sqrt(moving[j]) * drawn[j]
                    drawn[j] = deviation
                    moving[j] = omega + alpha * (deviation * deviation) + beta * moving[j]
            advance_portfolio(state, deviations, means, weights, holdings, portfolio, growth, width)
            if start < sink.asset_paths.shape[0]:
                keep_assets(sink.asset_paths, deviations, means, day + 1, start, width)
            fan_row, flow_row = end_day(state, sink, day + 1, fan_row, flow_row, start, width)
        finish(state, horizon, 1.0, growth, results, start, width)


def _calibrate(law: PortfolioLaw) -> dict[str, NDArray[np.float64]]:
    if len(law.history) < OBSERVATIONS_MIN:
        given = f"{len(law.history)} observations"
        raise InputError("history", given, f"at least {OBSERVATIONS_MIN} observations for the model garch_fhs")
    garch = np.empty((4, len(law.weights)))
    residuals = np.empty((len(law.weights), len(law.history)))
    for asset, series in enumerate(law.history.T):
        fit = fit_garch(series)
        garch[:, asset] = fit.omega, fit.alpha, fit.beta, fit.next_variance
        centred = fit.residuals - fit.residuals.mean()
        residuals[asset] = centred / np.sqrt(np.mean(centred * centred))
    return {"garch": garch, "residuals": residuals}


def _told(law: PortfolioLaw) -> str:
    garch = law.calibration["garch"]
    shown = [f"{omega:.3g}, {alpha:.3g}, {beta:.3g}" for omega, alpha, beta in garch[:3].T[:_SHOWN]]
    rest = f" and those of {garch.shape[1] - _SHOWN} more" if garch.shape[1] > _SHOWN else ""
    return f"omega, alpha and beta of the highest likelihood, asset by asset: {'; '.join(shown)}{rest}"


def _simulate(spec: SimulationSpec, law: PortfolioLaw, block: PathBlock) -> None:
    k0, k1 = split_seed(spec.seed)
    drifting = spec.rebalancing == "none"
    growth = 1.0 if drifting else 1.0 + law.portfolio_mean
    residuals, garch = law.calibration["residuals"], law.calibration["garch"]
    path, days = block.first_path, block.step_count
    simulate_filtered(
        path, days, residuals, garch, law.mean, law.weights, growth, drifting, k0, k1, block.sink
    )  # fmt: skip


def path_step_ns(law: PortfolioLaw) -> float:
    """Return the time of one path and day on one core, as measured."""
    return 3.0 + 1.25 * len(law.weights)


MODELS.add(
    PortfolioModel(
        name="garch_fhs",
        title="Filtered historical simulation",
        doc="GARCH(1,1) volatilities from today's on, driven by days drawn from the observed residuals.",
        reference="Barone-Adesi, Giannopoulos and Vosper (1999), VaR without correlations. J. Futures Markets 19(5)",
        params=(),
        modes=("full",),
        rebalancings=("daily", "none"),
        samplings=("independent",),
        takes_history=True,
        simulate=_simulate,
        path_step_ns=path_step_ns,
        calibrate=_calibrate,
        told=_told,
    )
)

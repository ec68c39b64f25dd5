"""The driver of the commodity models: log prices that are partly drawn back to their level.

log S = log S_0 + m(t) + chi + xi. The deviation chi starts at 0 and reverts, chi' = chi e^(-kappa / 252) + e; the level
xi moves for good, xi' = xi + f. The shocks e and f of a day are independent normals with the covariances share * C and
(1 - share) * C, where C is that of the daily log returns; so the first day is that of geometric Brownian motion, and
the share that reverts is missing from the variance of a long horizon. m(t) gives each asset the mean growth (1 +
mean)^t exactly. The transitions of a day are exact: there is no error of discretisation, and the end has a law.

A share of 1 is Schwartz' one-factor model, one below 1 is that of Schwartz and Smith with uncorrelated factors; see
`convenience_yield` for correlated ones.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.assets import (
    ASSET_LANES,
    advance_portfolio,
    draw_assets,
    keep_assets,
    start_holdings,
)
from riskwave.compute.montecarlo.calibration import fit_reversion
from riskwave.compute.montecarlo.elliptical import padded_factor, restore_order, simulate_independent_days
from riskwave.compute.montecarlo.exponential import exp64
from riskwave.compute.montecarlo.model import Estimation
from riskwave.compute.montecarlo.path_state import PERIODS_PER_YEAR, STATE_ROWS, PathSink, end_day, finish, reset
from riskwave.compute.montecarlo.philox import (
    ASSET_DRAW,
    INDEPENDENT,
    LONG_TERM_DRAW,
    MIRRORED,
    WORDS,
    split_seed,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.law import PortfolioLaw
    from riskwave.compute.montecarlo.model import PathBlock
    from riskwave.compute.montecarlo.spec import SimulationSpec
    from riskwave.compute.registry import Value


def variance_ratio(days: float, kappa: float, share: float) -> float:
    """Return the variance of a log price after `days` as a multiple of the first day's.

    Examples
    --------
    >>> variance_ratio(1, 1.5, 0.7)
    1.0
    >>> 100 < variance_ratio(252, 1.5, 0.7) < 252
    True
    """
    reverted = days if kappa == 0.0 else math.expm1(-2.0 * kappa * days / 252) / math.expm1(-2.0 * kappa / 252)
    return share * reverted + (1.0 - share) * days


@kernel()
def simulate_reverting(
    first_path: int,
    horizon: int,
    factor: NDArray[np.floating],
    drifts: NDArray[np.float64],
    decay: float,
    short_scale: float,
    long_scale: float,
    means: NDArray[np.float64],
    weights: NDArray[np.float64],
    growth: float,
    drifting: bool,
    k0: np.uint32,
    k1: np.uint32,
    pairing: int,
    sink: PathSink,
) -> None:
    """Simulate every asset; `drifts`, shape (days, assets), are those of the log prices, day by day."""
    assets = len(means)
    words = np.empty((WORDS, ASSET_LANES), dtype=np.uint32)
    independent = np.empty((factor.shape[1], ASSET_LANES), dtype=factor.dtype)
    short = np.empty((factor.shape[0], ASSET_LANES), dtype=factor.dtype)
    long = np.zeros((factor.shape[0], ASSET_LANES), dtype=factor.dtype)
    chi = np.empty((assets, ASSET_LANES))
    deviations = np.empty((assets, ASSET_LANES))
    holdings = np.empty((assets if drifting else 0, ASSET_LANES))
    portfolio = np.empty((2, ASSET_LANES))
    state = np.empty((STATE_ROWS, ASSET_LANES))
    results = sink.results
    for start in range(0, results.shape[1], ASSET_LANES):
        width = min(ASSET_LANES, results.shape[1] - start)
        reset(state, width)
        start_holdings(holdings, weights, portfolio)
        chi[:, :] = 0.0
        fan_row, flow_row = 0, 0
        for day in range(horizon):
            path = first_path + start
            draw_assets(path, day, factor, k0, k1, pairing, ASSET_DRAW, words, independent, short, width)
            if long_scale > 0.0:
                draw_assets(path, day, factor, k0, k1, pairing, LONG_TERM_DRAW, words, independent, long, width)
            for asset in range(assets):
                for j in range(width):
                    before = chi[asset, j]
                    after = decay * before + short_scale * np.float64(short[asset, j])
                    chi[asset, j] = after
                    moved = drifts[day, asset] + (after - before) + long_scale * np.float64(long[asset, j])
                    deviations[asset, j] = exp64(moved) - 1.0 - means[asset]
            advance_portfolio(state, deviations, means, weights, holdings, portfolio, growth, width)
            if start < sink.asset_paths.shape[0]:
                keep_assets(sink.asset_paths, deviations, means, day + 1, start, width)
            fan_row, flow_row = end_day(state, sink, day + 1, fan_row, flow_row, start, width)
        finish(state, horizon, 1.0, growth, results, start, width)


def simulate_mean_reversion(
    spec: SimulationSpec,
    law: PortfolioLaw,
    block: PathBlock,
    log_covariance: NDArray[np.float64],
    *,
    kappa: float,
    share: float,
) -> None:
    """Fill `block`; `log_covariance` is that of the daily log returns, `kappa` a rate a year, `share` from 0 to 1."""
    if block.step_days > 1:
        at_end = log_covariance * (variance_ratio(block.step_days, kappa, share) / block.step_days)
        simulate_independent_days(spec, law, block, log_covariance=at_end)
        return
    k0, k1 = split_seed(spec.seed)
    pairing = MIRRORED if spec.sampling == "antithetic" else INDEPENDENT
    factor, order = padded_factor(law, log_covariance)
    ratios = np.array([variance_ratio(day, kappa, share) for day in range(block.step_count + 1)])
    variances = np.diagonal(log_covariance)[order]
    drifts = np.log1p(law.mean[order]) - 0.5 * np.diff(ratios)[:, None] * variances
    drifting = spec.rebalancing == "none"
    growth = 1.0 if drifting else 1.0 + law.portfolio_mean
    decay = math.exp(-kappa / PERIODS_PER_YEAR)
    scales = math.sqrt(share), math.sqrt(1.0 - share)
    means, weights, sink = law.mean[order], law.weights[order], block.sink
    path, days = block.first_path, block.step_count
    simulate_reverting(
        path, days, factor, drifts, decay, *scales, means, weights, growth, drifting, k0, k1, pairing, sink
    )
    restore_order(sink, order)


def estimate_reversion(
    returns: NDArray[np.float64], period_days: float, given: Mapping[str, Value]
) -> Estimation | None:
    """Estimate those of `kappa` and `transient_share` that are not given, by Kalman filter."""
    known = {name: float(given[name]) for name in ("kappa", "transient_share") if name in given}
    if len(known) == 2 or known.get("kappa") == 0.0:
        return None
    fit = fit_reversion(
        returns, period_days=period_days, kappa=known.get("kappa"), transient_share=known.get("transient_share")
    )
    found = {name: float(getattr(fit, name)) for name in ("kappa", "transient_share") if name not in known}
    shown = (f"{name} = {value:.4g}{_error_text(fit.standard_errors[name])}" for name, value in found.items())
    text = f"{' and '.join(shown)}, of the highest likelihood by Kalman filter for {len(returns)} returns"
    return Estimation(found, text)


def _error_text(error: float) -> str:
    return (
        f" (standard error {error:.2g})"
        if math.isfinite(error)
        else " (without a standard error: at an end of its range)"
    )

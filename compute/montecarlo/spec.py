"""What a portfolio simulation is asked to do, and whether it can be done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from riskwave.compute.errors import InputError, TooLargeError
from riskwave.compute.montecarlo.philox import SEED_MAX
from riskwave.compute.montecarlo.sobol import check_point_count
from riskwave.compute.risk.inputs import check_choice, check_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

Mode = Literal["auto", "collapsed", "full"]
Rebalancing = Literal["daily", "none"]
Sampling = Literal["independent", "antithetic", "sobol"]

PATHS_MIN: Final = 2
PATHS_MAX: Final = 1_000_000_000

EXACT_PATHS_MAX: Final = 10_000_000
"""Up to here every path keeps four numbers, 32 bytes, and quantiles are exact; above, paths are counted in cells."""

HORIZON_DAYS_MAX: Final = 10_000
"""About forty years of trading days."""

TAIL_PROBABILITIES_MAX: Final = 100
RETURN_THRESHOLDS_MAX: Final = 100
RETURN_THRESHOLD_MAX: Final = 1e6
CASH_FLOWS_MAX: Final = 10_000
CASH_FLOW_MAX: Final = 1e6


TARGET_STATISTICS: Final = (
    "mean_return",
    "median_return",
    "std_return",
    "var_5",
    "var_1",
    "cvar_5",
    "cvar_1",
    "probability_of_loss",
)
"""The statistics whose standard error can end a simulation."""


@dataclass(frozen=True, slots=True)
class PrecisionTarget:
    """Stop when the standard error of a statistic is small enough.

    It is looked at when certain numbers of paths are done, which are fixed in advance (see `chunk.boundaries`), so that
    stopping early depends on the request alone.

    Parameters
    ----------
    statistic
        One of `TARGET_STATISTICS`.
    standard_error
        To reach, in the statistic's unit; positive.
    """

    statistic: str
    standard_error: float


@dataclass(frozen=True, slots=True)
class CashFlow:
    """Money that leaves (positive amount) or enters (negative) the portfolio at the end of a day, counted from 1.

    The amount is a fraction of the starting wealth. What is not there cannot leave: the wealth ends at zero, and so
    does the path unless money comes in later.
    """

    day: int
    amount: float


@dataclass(frozen=True, eq=False, kw_only=True)
class SimulationSpec:
    """A portfolio simulation. Two equal specifications give the same bits, wherever and however they run.

    Parameters
    ----------
    mean
        Mean simple return a day of each asset, shape (assets,), as a fraction.
    covariance
        Covariance of the daily returns, shape (assets, assets), symmetric and positive semi-definite.
    history
        Observed simple daily returns, shape (observations, assets), for models that draw from them instead of being
        given by mean and covariance.
    weights
        One weight an asset, shape (assets,). They are divided by their sum, which must be positive.
    paths
        Number of paths, from `PATHS_MIN` to `PATHS_MAX`.
    horizon_days
        Days of each path, from 1 to `HORIZON_DAYS_MAX`.
    seed
        From 0 to 2^64 - 1.
    model
        Name of a registered model.
    params
        The model's own parameters.
    mode
        ``collapsed`` simulates the portfolio as one factor, identical in law to ``full``, which simulates every asset;
        ``auto`` collapses where model and rebalancing allow it.
    rebalancing
        ``daily`` back to the given weights, or ``none``: the weights drift. Drifting weights need ``full``.
    sampling
        ``independent``; ``antithetic``: paths 2i and 2i + 1 have opposite normals; or ``sobol``: path p is point
        p // 32 of the scramble p % 32 of a Sobol sequence, for 32 times a power of two of paths.
    distributions
        Whether the result carries every path's four numbers.
    tail_probabilities
        Probabilities for which quantile and expected shortfall are wanted besides 0.05 and 0.01.
    return_thresholds
        Returns for which the probability to end at or below them is wanted.
    confidence
        Confidence of the intervals, as a fraction.
    target
        When to stop early; None runs all paths.
    cash_flows
        Money that leaves or comes on the way. The final return is that of the wealth which is left; volatility,
        drawdown and Sharpe ratio are those of the investment, as if nothing had been paid.
    terminal_only
        Keep the end of each path only: volatilities, drawdowns, Sharpe ratios and the days of the fan are left out.
        Where the model has a law of the end (`PortfolioModel.ends_alone`) the days before are not drawn.
    sample_paths
        Number of first paths whose assets' values are kept day by day; they need the mode ``full``.
    fan_day_count
        Days for which the fan gives quantiles, evenly spread over the horizon and the last one included; 0 means 64.
    fan_days
        Those days themselves, ascending, instead of their number.
    calibration
        What `model.calibrated` estimated for this specification; None, for callers, has it done.
    """

    weights: NDArray[np.float64]
    paths: int
    mean: NDArray[np.float64] | None = None
    covariance: NDArray[np.float64] | None = None
    history: NDArray[np.float64] | None = None
    horizon_days: int = 252
    seed: int = 0
    model: str = "normal"
    params: Mapping[str, object] = field(default_factory=dict)
    mode: Mode = "auto"
    rebalancing: Rebalancing = "daily"
    sampling: Sampling = "independent"
    distributions: bool = False
    tail_probabilities: tuple[float, ...] = ()
    return_thresholds: tuple[float, ...] = ()
    confidence: float = 0.95
    target: PrecisionTarget | None = None
    cash_flows: tuple[CashFlow, ...] = ()
    terminal_only: bool = False
    sample_paths: int = 0
    fan_day_count: int = 0
    fan_days: tuple[int, ...] = ()
    calibration: Mapping[str, NDArray[np.float64]] | None = None


def check_run(spec: SimulationSpec) -> None:
    """Check how much is asked for, and how: everything that needs no look at the assets."""
    _check_integer("paths", spec.paths, PATHS_MIN, PATHS_MAX)
    _check_integer("horizon_days", spec.horizon_days, 1, HORIZON_DAYS_MAX)
    _check_integer("seed", spec.seed, 0, SEED_MAX)
    check_number(spec.confidence, "confidence", low=0.0, high=1.0, closed=False)
    if spec.sampling == "antithetic" and spec.paths % 2:
        raise InputError("paths", spec.paths, "an even number, because antithetic paths come in pairs")
    if spec.sampling == "sobol":
        check_point_count(spec.paths, EXACT_PATHS_MAX)
    _check_count("tail_probabilities", spec.tail_probabilities, TAIL_PROBABILITIES_MAX)
    for index, probability in enumerate(spec.tail_probabilities):
        check_number(probability, f"tail_probabilities[{index}]", low=0.0, high=1.0, closed=False)
    _check_count("return_thresholds", spec.return_thresholds, RETURN_THRESHOLDS_MAX)
    for index, threshold in enumerate(spec.return_thresholds):
        check_number(threshold, f"return_thresholds[{index}]", low=-RETURN_THRESHOLD_MAX, high=RETURN_THRESHOLD_MAX)

    _check_cash_flows(spec)
    if spec.paths > EXACT_PATHS_MAX:
        _check_counted(spec)
    _check_integer("sample_path_count", spec.sample_paths, 0, spec.paths)
    if spec.sample_paths and spec.terminal_only:
        raise InputError("sample_path_count", spec.sample_paths, "0 with terminal_only, which keeps no path")
    if spec.target is not None:
        check_choice(spec.target.statistic, "target.statistic", TARGET_STATISTICS)
        check_number(spec.target.standard_error, "target.standard_error", low=0.0, high=1e6, closed=False)


def _check_counted(spec: SimulationSpec) -> None:
    """Refuse what needs every path's numbers at once where they are counted and forgotten."""
    few = f"at most {EXACT_PATHS_MAX} paths"
    if spec.distributions:
        raise TooLargeError("paths", spec.paths, f"{few} with distributions")
    if spec.sampling == "antithetic":
        raise TooLargeError("paths", spec.paths, f"{few} with antithetic pairs")
    if spec.target is not None:
        raise TooLargeError("paths", spec.paths, f"{few} with a precision target")


def _check_cash_flows(spec: SimulationSpec) -> None:
    if len(spec.cash_flows) > CASH_FLOWS_MAX:
        raise TooLargeError("cash_flows", f"{len(spec.cash_flows)} flows", f"at most {CASH_FLOWS_MAX} flows")
    for index, flow in enumerate(spec.cash_flows):
        _check_integer(f"cash_flows[{index}].day", flow.day, 1, spec.horizon_days)
        check_number(flow.amount, f"cash_flows[{index}].amount", low=-CASH_FLOW_MAX, high=CASH_FLOW_MAX)


def _check_integer(name: str, value: object, low: int, high: int) -> None:
    allowed = f"an integer from {low} to {high}"
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
        raise InputError(name, value, allowed)
    if value > high:
        kind = TooLargeError if name in {"paths", "horizon_days"} else InputError
        raise kind(name, value, allowed)


def _check_count(name: str, values: tuple[float, ...], count_max: int) -> None:
    if len(values) > count_max:
        raise TooLargeError(name, f"{len(values)} values", f"at most {count_max} values")

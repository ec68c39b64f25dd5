"""What a portfolio loses when something happens: shocks, past periods, and broken volatilities and correlations."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.errors import InputError, UnknownNameError
from riskwave.compute.result_warning import ResultWarning
from riskwave.compute.risk.covariance import nearest_correlation
from riskwave.compute.risk.inputs import (
    PERIODS_PER_YEAR_MAX,
    RETURN_ABS_MAX,
    check_assets,
    check_number,
    check_returns,
    normalise_weights,
)
from riskwave.compute.risk.sample import PortfolioSample
from riskwave.compute.risk.tails import normal_tail
from riskwave.compute.risk.wealth import WealthCurve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

VOLATILITY_MULTIPLIER_MAX = 100.0

_RANGES = (
    ("volatility_multiplier", 0.0, VOLATILITY_MULTIPLIER_MAX, False),
    ("correlation_target", -1.0, 1.0, True),
    ("correlation_weight", 0.0, 1.0, True),
)
"""Field, lowest and highest value, and whether these are allowed themselves."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing that may happen: shocks, or a past period, and beside either a stress of the covariance.

    Parameters
    ----------
    name
        The caller's name for it.
    shocks
        Return of each shocked asset as a fraction, by name.
    window
        First and last observation of a past period to replay, both included; excludes shocks.
    propagate
        Whether the other assets follow the shocked ones by regression, under the stressed covariance and without its
        intercept, so that no shock moves nothing. Otherwise they stay where they are.
    volatility_multiplier
        Multiplies every volatility; above 0, at most 100.
    correlation_target, correlation_weight
        Every correlation moves this far, from 0 to 1, towards the target, from -1 to 1.
    """

    name: str
    shocks: Mapping[str, float] = field(default_factory=dict)
    window: tuple[int, int] | None = None
    propagate: bool = False
    volatility_multiplier: float = 1.0
    correlation_target: float = 0.0
    correlation_weight: float = 0.0


@dataclass(frozen=True, eq=False, slots=True)
class ScenarioResult:
    """What a scenario does.

    Parameters
    ----------
    name
        The scenario's.
    portfolio_return
        As a fraction; negative is a loss. Over a past period it is compounded, with daily rebalancing.
    asset_returns
        Shape (assets,); compounded over a past period.
    contributions
        Each asset's part of the portfolio's return, shape (assets,); they add up to it.
    portfolio_volatility
        A year, after the stress of volatilities and correlations.
    var_95
        5 % quantile of a normal return of one period, with the sample's mean and that volatility.
    max_drawdown
        In a past period, as a return; 0 for a shock.
    """

    name: str
    portfolio_return: float
    asset_returns: NDArray[np.float64]
    contributions: NDArray[np.float64]
    portfolio_volatility: float
    var_95: float
    max_drawdown: float


@dataclass(frozen=True, eq=False, slots=True)
class StressReport:
    """What `stress_portfolio` returns.

    Parameters
    ----------
    results
        In the order of the scenarios.
    assets
        Names, in the order of the arrays.
    weights
        Normalised weights, shape (assets,).
    warnings
        What the caller should know.
    """

    results: tuple[ScenarioResult, ...]
    assets: tuple[str, ...]
    weights: NDArray[np.float64]
    warnings: tuple[ResultWarning, ...]


def stress_portfolio(
    returns: ArrayLike,
    weights: ArrayLike,
    scenarios: Sequence[Scenario],
    *,
    assets: Sequence[str] | None = None,
    periods_per_year: float = 252.0,
) -> StressReport:
    """Compute what each scenario does to a portfolio.

    Parameters
    ----------
    returns, weights, assets, periods_per_year
        As in `riskwave.compute.risk.analyze_portfolio`.
    scenarios
        At least one.

    Raises
    ------
    UnknownNameError
        If a shock names an asset that is not in the portfolio.
    InputError
        For a scenario that does nothing, has both shocks and a past period, or a value outside its range; see
        `analyze_portfolio` for returns and weights.

    Examples
    --------
    >>> returns = np.random.default_rng(1).normal(scale=0.01, size=(250, 2))
    >>> crash = Scenario("crash", shocks={"WTI": -0.3})
    >>> report = stress_portfolio(returns, [0.6, 0.4], [crash], assets=["WTI", "GOLD"])
    >>> report.results[0].portfolio_return, report.results[0].contributions.tolist()
    (-0.18, [-0.18, 0.0])
    """
    scale = check_number(periods_per_year, "periods_per_year", low=0.0, high=PERIODS_PER_YEAR_MAX, closed=False)
    matrix = check_returns(returns)
    normalised, warnings = normalise_weights(weights, matrix.shape[1])
    names = check_assets(assets, matrix.shape[1])
    if not scenarios:
        raise InputError("scenarios", "an empty list", "at least one scenario")
    for position, scenario in enumerate(scenarios):
        _check_scenario(scenario, f"scenarios[{position}]", names, len(matrix))
    sample = PortfolioSample(matrix, normalised)
    results = []
    for position, scenario in enumerate(scenarios):
        covariance, smallest = stressed_covariance(sample, scenario, f"scenarios[{position}].correlation_target")
        if smallest is not None:
            message = (
                f"no assets can have the correlations of {scenario.name} (smallest eigenvalue {smallest:g}); "
                "the nearest possible ones were used"
            )
            warnings.append(ResultWarning("CORRELATION_REPAIRED", message, f"scenarios[{position}]"))
        results.append(_run(sample, scenario, covariance, names, scale))
    return StressReport(tuple(results), names, normalised, tuple(warnings))


def stressed_covariance(
    sample: PortfolioSample, scenario: Scenario, field_name: str
) -> tuple[NDArray[np.float64], float | None]:
    """Return the covariance of one period after the stress, and the smallest eigenvalue if correlations were repaired.

    An asset that does not move keeps doing so.
    """
    deviations = sample.asset_standard_deviations
    if scenario.correlation_weight == 0.0:
        return sample.covariance * scenario.volatility_multiplier**2, None
    moves = np.flatnonzero(deviations > 0.0)
    among = np.ix_(moves, moves)
    correlation = sample.covariance[among] / np.outer(deviations[moves], deviations[moves])
    correlation += scenario.correlation_weight * (scenario.correlation_target - correlation)
    np.fill_diagonal(correlation, 1.0)
    correlation, smallest, repaired = nearest_correlation(correlation, field_name)
    covariance = np.zeros_like(sample.covariance)
    stressed = scenario.volatility_multiplier * deviations[moves]
    covariance[among] = correlation * np.outer(stressed, stressed)
    return covariance, smallest if repaired else None


def _run(
    sample: PortfolioSample,
    scenario: Scenario,
    covariance: NDArray[np.float64],
    names: Sequence[str],
    periods_per_year: float,
) -> ScenarioResult:
    if scenario.window is not None:
        asset_returns, contributions, max_drawdown = _replay(sample, scenario.window)
    else:
        asset_returns = _shocked(scenario, covariance, names)
        contributions = sample.weights * asset_returns
        max_drawdown = 0.0
    deviation = math.sqrt(max(float(sample.weights @ covariance @ sample.weights), 0.0))
    return ScenarioResult(
        name=scenario.name,
        portfolio_return=math.fsum(contributions),
        asset_returns=asset_returns,
        contributions=contributions,
        portfolio_volatility=deviation * math.sqrt(periods_per_year),
        var_95=sample.mean + normal_tail(0.05)[0] * deviation,
        max_drawdown=max_drawdown,
    )


def _replay(sample: PortfolioSample, window: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return the assets' compounded returns, their parts of the portfolio's, and its maximum drawdown."""
    period = slice(window[0], window[1] + 1)
    curve = WealthCurve.from_returns(sample.returns[period])
    # What an asset adds in a period is earned on the wealth at its start; after a ruin nothing is held.
    held = np.concatenate(([1.0], curve.wealth[:-1]))
    if curve.ruin_index >= 0:
        held[curve.ruin_index + 1 :] = 0.0
    contributions: NDArray[np.float64] = sample.weights * (held @ sample.asset_returns[period])
    columns = sample.asset_returns[period].T
    asset_returns = np.array([WealthCurve.from_returns(column).wealth[-1] - 1.0 for column in columns])
    return asset_returns, contributions, float(curve.drawdowns.min())


def _shocked(scenario: Scenario, covariance: NDArray[np.float64], names: Sequence[str]) -> NDArray[np.float64]:
    """Return every asset's return under the shocks."""
    result = np.zeros(len(names))
    shocked = np.array([name in scenario.shocks for name in names])
    result[shocked] = [float(scenario.shocks[name]) for name in names if name in scenario.shocks]
    if scenario.propagate and shocked.any() and not shocked.all():
        # Least squares, so that shocked assets that move as one do not ask for the inverse of a singular matrix.
        solution = np.linalg.lstsq(covariance[np.ix_(shocked, shocked)], result[shocked], rcond=None)[0]
        result[~shocked] = covariance[np.ix_(~shocked, shocked)] @ solution
    return result


def _check_scenario(scenario: Scenario, field_name: str, names: Sequence[str], count: int) -> None:
    for asset, shock in scenario.shocks.items():
        if asset not in names:
            raise UnknownNameError(f"{field_name}.shocks", asset, names)
        check_number(shock, f"{field_name}.shocks.{asset}", low=-RETURN_ABS_MAX, high=RETURN_ABS_MAX)
    for name, low, high, closed in _RANGES:
        check_number(getattr(scenario, name), f"{field_name}.{name}", low=low, high=high, closed=closed)
    if scenario.window is not None:
        first, last = scenario.window
        if scenario.shocks:
            raise InputError(field_name, f"{scenario.name} with shocks and a past period", "one of the two")
        if not 0 <= first <= last < count:
            allowed = f"first and last observation, in this order, from 0 to {count - 1}"
            raise InputError(f"{field_name}.window", f"{first} to {last}", allowed)
    elif not scenario.shocks and scenario.volatility_multiplier == 1.0 and scenario.correlation_weight == 0.0:
        raise InputError(
            field_name,
            f"{scenario.name or 'a scenario'} without effect",
            "shocks, a past period, or stressed volatility",
        )

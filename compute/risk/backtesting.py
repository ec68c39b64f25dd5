"""A value at risk model's forecasts over a history, and every test of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.errors import InputError, SeriesTooShortError
from riskwave.compute.registry import Value, check_params
from riskwave.compute.risk.backtest import (
    BacktestResult,
    acerbi_szekely_z2,
    basel_traffic_light,
    christoffersen_conditional_coverage,
    christoffersen_independence,
    kupiec,
)
from riskwave.compute.risk.inputs import OBSERVATIONS_MIN, check_number, check_returns, normalise_weights
from riskwave.compute.risk.var_model import VAR_MODELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from riskwave.compute.result_warning import ResultWarning
    from riskwave.compute.risk.var_model import Forecasts


@dataclass(frozen=True, eq=False, slots=True)
class BacktestReport:
    """What `backtest_risk` returns; arrays have the shape (forecasts,), the first is for period `window_bars`.

    Parameters
    ----------
    method, level, window_bars
        As asked for.
    value_at_risk, expected_shortfall
        The forecasts, as returns.
    returns
        What came.
    exceedances
        Positions in these arrays of the returns below value at risk.
    expected_exceedance_count
        How many the level promises.
    tests
        Kupiec, Christoffersen's two, Basel and Acerbi-Szekely.
    warnings
        What the caller should know.
    """

    method: str
    level: float
    window_bars: int
    value_at_risk: NDArray[np.float64]
    expected_shortfall: NDArray[np.float64]
    returns: NDArray[np.float64]
    exceedances: NDArray[np.intp]
    expected_exceedance_count: float
    tests: tuple[BacktestResult, ...]
    warnings: tuple[ResultWarning, ...]


def backtest_risk(
    returns: ArrayLike,
    weights: ArrayLike,
    *,
    method: str = "historical",
    level: float = 0.99,
    window_bars: int = 250,
    params: Mapping[str, object] | None = None,
    significance: float = 0.05,
) -> BacktestReport:
    """Forecast value at risk and expected shortfall of each period from the ones before, and test the forecasts.

    Parameters
    ----------
    returns, weights
        As in `riskwave.compute.risk.analyze_portfolio`.
    method
        A name in `VAR_MODELS`.
    level
        Confidence of value at risk, above 0.5 and below 1.
    window_bars
        Periods that each forecast looks back on, from 10 to 10 less than there are.
    params
        The method's parameters.
    significance
        At which a test rejects, between 0 and 1.

    Returns
    -------
    BacktestReport
        The p-value of Acerbi and Szekely takes returns as normal, for the method ``student_t`` as Student's.

    Raises
    ------
    UnknownNameError
        For an unknown method or parameter.
    SeriesTooShortError
        If fewer than 10 forecasts can be made.
    InputError
        For a parameter outside its range; see `analyze_portfolio` for returns and weights.

    Examples
    --------
    >>> returns = np.random.default_rng(1).normal(scale=0.01, size=1250)
    >>> report = backtest_risk(returns, [1], method="normal", level=0.95)
    >>> len(report.exceedances), report.expected_exceedance_count, report.tests[0].outcome
    (51, 50.0, 'accepted')
    """
    model = VAR_MODELS.get(method)
    values = check_params(model.params, params or {})
    level = check_number(level, "level", low=0.5, high=1.0, closed=False)
    significance = check_number(significance, "significance", low=0.0, high=1.0, closed=False)
    matrix = check_returns(returns)
    normalised, warnings = normalise_weights(weights, matrix.shape[1])
    _check_window(window_bars, len(matrix))
    probability = round(1.0 - level, 15)
    series: NDArray[np.float64] = matrix @ normalised
    forecasts = model.forecast(series, window_bars, probability, values)
    came = series[window_bars:]
    return BacktestReport(
        method=model.name,
        level=level,
        window_bars=window_bars,
        value_at_risk=forecasts.value_at_risk,
        expected_shortfall=forecasts.expected_shortfall,
        returns=came,
        exceedances=np.flatnonzero(came < forecasts.value_at_risk),
        expected_exceedance_count=len(came) * probability,
        tests=_run_tests(came, forecasts, probability, significance, values),
        warnings=(*warnings, *forecasts.warnings),
    )


def _check_window(window_bars: int, count: int) -> None:
    if not hasattr(window_bars, "__index__") or window_bars < OBSERVATIONS_MIN:
        raise InputError("window_bars", window_bars, f"an integer of at least {OBSERVATIONS_MIN}")
    if count < window_bars + OBSERVATIONS_MIN:
        fewest = window_bars + OBSERVATIONS_MIN
        needed = f"at least {fewest}, for a window of {window_bars} and {OBSERVATIONS_MIN} forecasts"
        raise SeriesTooShortError("returns", f"{count} observations", needed)


def _run_tests(
    came: NDArray[np.float64],
    forecasts: Forecasts,
    probability: float,
    significance: float,
    params: Mapping[str, Value],
) -> tuple[BacktestResult, ...]:
    var, shortfall = forecasts.value_at_risk, forecasts.expected_shortfall
    hits: NDArray[np.bool_] = came < var
    exceedances, count = int(hits.sum()), len(came)
    degrees_of_freedom = float(params.get("degrees_of_freedom", math.inf))
    return (
        kupiec(exceedances, count, probability, significance),
        christoffersen_independence(hits, significance),
        christoffersen_conditional_coverage(hits, probability, significance),
        basel_traffic_light(exceedances, count, probability),
        acerbi_szekely_z2(came, var, shortfall, probability, significance, degrees_of_freedom),
    )

"""Risk measures over a sliding window."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.errors import InputError
from riskwave.compute.result_warning import ResultWarning
from riskwave.compute.risk._rolling_kernels import rolling_growth, rolling_moments, rolling_sum, rolling_tail
from riskwave.compute.risk.inputs import check_returns, normalise_weights
from riskwave.compute.risk.measure import MEASURES, Measure
from riskwave.compute.risk.sample import EPSILON, PortfolioSample, RiskSettings, check_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

MEASURES_DEFAULT = ("portfolio_return", "portfolio_volatility", "sharpe_ratio")
"""What is computed when no measure is named."""

SLICE_WINDOWS = 65_536
"""Windows computed between two calls of `between_slices`; fixed, so that the same request gives the same bits."""

SLICE_WINDOWS_ONE_BY_ONE = 256
"""The same for measures without a rolling form."""


@dataclass(frozen=True, eq=False)
class RollingSample:
    """Returns, weights and a window, and what several measures need of every window, computed when asked for.

    Everything has the shape (windows,), by the position of the window's first observation.

    Parameters
    ----------
    asset_returns
        Simple returns, shape (observations, assets).
    weights
        Normalised weights, shape (assets,).
    settings
        The conventions.
    window_bars
        Length of the window.
    """

    asset_returns: NDArray[np.float64]
    weights: NDArray[np.float64]
    settings: RiskSettings
    window_bars: int

    @property
    def risk_free_return(self) -> float:
        """Risk-free return of one period."""
        return self.settings.risk_free_rate / self.settings.periods_per_year

    @cached_property
    def returns(self) -> NDArray[np.float64]:
        """The portfolio's simple returns, shape (observations,)."""
        returns: NDArray[np.float64] = self.asset_returns @ self.weights
        return returns

    @cached_property
    def _moments(self) -> NDArray[np.float64]:
        return rolling_moments(self.returns, self.window_bars)

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean return of one period."""
        mean: NDArray[np.float64] = self._moments[0]
        return mean

    @cached_property
    def standard_deviation(self) -> NDArray[np.float64]:
        """Standard deviation of one period's return, ddof 1; 0 where the returns differ by rounding only."""
        deviation: NDArray[np.float64] = np.sqrt(self._moments[1] / (self.window_bars - 1))
        gross = float(np.abs(self.weights).sum()) * max(
            float(self.asset_returns.max()), -float(self.asset_returns.min())
        )
        deviation[deviation <= 2.0 * EPSILON * len(self.weights) * gross] = 0.0
        return deviation

    def standardised_moment(self, power: int) -> NDArray[np.float64]:
        """Return the third or fourth standardised moment (ddof 0); NaN where the returns do not vary."""
        variance = np.where(self.standard_deviation > 0.0, self._moments[1] / self.window_bars, np.nan)
        moment: NDArray[np.float64] = self._moments[power - 1] / self.window_bars / variance ** (0.5 * power)
        return moment

    @cached_property
    def asset_standard_deviations(self) -> NDArray[np.float64]:
        """Standard deviation of each asset's return, ddof 1, shape (assets, windows)."""
        columns = [
            rolling_moments(np.ascontiguousarray(column), self.window_bars)[1] for column in self.asset_returns.T
        ]
        deviations: NDArray[np.float64] = np.sqrt(np.array(columns) / (self.window_bars - 1))
        return deviations

    @cached_property
    def _growth(self) -> NDArray[np.float64]:
        growth = rolling_growth(self.returns, self.window_bars)
        if not np.isfinite(growth).all():
            raise InputError("returns", "more than 1.8e308 when compounded", "fractions (0.01 is one per cent)")
        return growth

    @property
    def growth(self) -> NDArray[np.float64]:
        """Final wealth of 1 at the window's start; zero or below after a ruin."""
        growth: NDArray[np.float64] = self._growth[0]
        return growth

    @property
    def max_drawdown(self) -> NDArray[np.float64]:
        """Largest loss from a peak in the window, its start included; never positive."""
        drawdown: NDArray[np.float64] = self._growth[1]
        return drawdown

    @cached_property
    def mean_square_shortfall(self) -> NDArray[np.float64]:
        """Mean square of the returns' shortfall below the risk-free return."""
        shortfall = np.minimum(self.returns - self.risk_free_return, 0.0)
        mean: NDArray[np.float64] = self.mean_of(shortfall * shortfall)
        return mean

    def mean_of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean of `values`, shape (observations,), in every window."""
        mean: NDArray[np.float64] = rolling_sum(values, self.window_bars) / self.window_bars
        return mean

    def value_at_risk(self, probability: float) -> NDArray[np.float64]:
        """Return the quantile of the returns at `probability`."""
        return self.quantile(probability, self.settings.quantile_method)

    def expected_shortfall(self, probability: float) -> NDArray[np.float64]:
        """Return the mean return of the worst `probability`."""
        shortfall: NDArray[np.float64] = self._tail(probability, self.settings.quantile_method)[1]
        return shortfall

    def quantile(self, probability: float, method: str) -> NDArray[np.float64]:
        """Return the quantile of the returns by another method than that of value at risk."""
        quantile: NDArray[np.float64] = self._tail(probability, method)[0]
        return quantile

    @cached_property
    def _order(self) -> NDArray[np.intp]:
        return np.argsort(self.returns, kind="stable")

    @cached_property
    def _tails(self) -> dict[tuple[float, str], NDArray[np.float64]]:
        return {}

    def _tail(self, probability: float, method: str) -> NDArray[np.float64]:
        key = probability, method
        if key not in self._tails:
            position = quantile_position(method, self.window_bars, probability)
            rockafellar = self.settings.shortfall_estimator == "rockafellar_uryasev"
            inside = self.window_bars * probability if rockafellar else 0.0
            self._tails[key] = rolling_tail(self.returns, self._order, self.window_bars, position, inside)
        return self._tails[key]


@dataclass(frozen=True, eq=False, slots=True)
class RollingRisk:
    """What `rolling_risk` returns.

    Parameters
    ----------
    window_bars
        Length of the window in periods.
    measures
        One array a measure by name, shape (observations,); the value at a position is that of the window which ends
        there, NaN before the first window is full and where the measure is undefined.
    weights
        Normalised weights, shape (assets,).
    warnings
        What the caller should know.
    """

    window_bars: int
    measures: Mapping[str, NDArray[np.float64]]
    weights: NDArray[np.float64]
    warnings: tuple[ResultWarning, ...]


def rolling_risk(
    returns: ArrayLike,
    weights: ArrayLike,
    *,
    window_bars: int,
    measures: Sequence[str] = MEASURES_DEFAULT,
    settings: RiskSettings | None = None,
    between_slices: Callable[[], None] | None = None,
) -> RollingRisk:
    """Compute measures over every window of a history, without the future.

    Parameters
    ----------
    returns, weights
        As in `riskwave.compute.risk.analyze_portfolio`.
    window_bars
        Length of the window, from 2 to the number of observations.
    measures
        Names in `MEASURES`; `MEASURES_DEFAULT` if empty.
    settings
        The conventions.
    between_slices
        Called between slices of the work; raises to stop it.

    Returns
    -------
    RollingRisk
        Equal to the measures of each window on its own, up to rounding.

    Raises
    ------
    UnknownNameError
        For an unknown measure.
    InputError
        For a window outside its range; see `analyze_portfolio` for returns and weights.

    Examples
    --------
    >>> returns = [0.01, -0.02, 0.03, 0.0, 0.01, -0.01, 0.02, 0.0, 0.01, -0.03]
    >>> result = rolling_risk(returns, [1], window_bars=4, measures=["max_drawdown"])
    >>> result.measures["max_drawdown"].round(4).tolist()[3:]
    [-0.02, -0.02, -0.01, -0.01, -0.01, -0.01, -0.03]
    """
    conventions = check_settings(settings or RiskSettings())
    entries = [MEASURES.get(name) for name in measures or MEASURES_DEFAULT]
    matrix = check_returns(returns)
    normalised, warnings = normalise_weights(weights, matrix.shape[1])
    count = len(matrix)
    if not hasattr(window_bars, "__index__") or not 2 <= window_bars <= count:
        raise InputError("window_bars", window_bars, f"an integer from 2 to {count}, the number of observations")
    results = {entry.name: np.full(count, np.nan) for entry in entries}
    _slice_by_slice(entries, matrix, normalised, conventions, results, window_bars, between_slices)
    for entry in entries:
        if entry.rolling is None:
            _one_by_one(entry, matrix, normalised, conventions, results[entry.name], window_bars, between_slices)
        undefined = np.isnan(results[entry.name][window_bars - 1 :])
        if undefined.any():
            ruined = rolling_sum((matrix @ normalised <= -1.0).astype(np.float64), window_bars) > 0.5
            reasons = [entry.why_undefined(ruined=bool(one)) for one in ruined[undefined]]
            ends = np.flatnonzero(undefined) + window_bars - 1
            for reason, windows in Counter(reasons).items():
                first = int(ends[reasons.index(reason)])
                message = f"{entry.name} is undefined in {windows} windows, because {reason}"
                message += f"; the first ends at observation {first}"
                warnings.append(ResultWarning("MEASURE_UNDEFINED", message, "returns", first))
    return RollingRisk(window_bars, results, normalised, tuple(warnings))


def _slice_by_slice(
    entries: Sequence[Measure],
    returns: NDArray[np.float64],
    weights: NDArray[np.float64],
    settings: RiskSettings,
    results: Mapping[str, NDArray[np.float64]],
    window_bars: int,
    between_slices: Callable[[], None] | None,
) -> None:
    """Compute the measures that have a rolling form."""
    for first in range(0, len(returns) - window_bars + 1, SLICE_WINDOWS):
        if between_slices:
            between_slices()
        part = returns[first : first + SLICE_WINDOWS + window_bars - 1]
        sample = RollingSample(part, weights, settings, window_bars)
        for entry in entries:
            if entry.rolling is not None:
                values = entry.rolling(sample)
                last = first + window_bars - 1
                results[entry.name][last : last + len(values)] = values


def _one_by_one(
    entry: Measure,
    returns: NDArray[np.float64],
    weights: NDArray[np.float64],
    settings: RiskSettings,
    result: NDArray[np.float64],
    window_bars: int,
    between_slices: Callable[[], None] | None,
) -> None:
    """Compute a measure that has no rolling form in one window after the other."""
    for last in range(window_bars - 1, len(returns)):
        if between_slices and last % SLICE_WINDOWS_ONE_BY_ONE == 0:
            between_slices()
        sample = PortfolioSample(returns[last - window_bars + 1 : last + 1], weights, settings)
        result[last] = entry.compute(sample).value


def quantile_position(method: str, count: int, probability: float) -> float:
    """Return where a quantile lies in an ordered sample, counted from 0; parts are interpolated."""
    position = {
        "linear": (count - 1) * probability,
        "inverted_cdf": math.ceil(count * probability) - 1.0,
        "weibull": (count + 1) * probability - 1.0,
        "median_unbiased": (count + 1.0 / 3.0) * probability - 2.0 / 3.0,
    }[method]
    return min(max(position, 0.0), count - 1.0)

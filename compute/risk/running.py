"""A portfolio's figures kept up to date bar by bar."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.risk.inputs import check_returns, normalise_weights
from riskwave.compute.risk.rolling import quantile_position
from riskwave.compute.risk.sample import EPSILON
from riskwave.compute.risk.wealth import WealthCurve

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_TAIL = 0.05


@dataclass(slots=True)
class _Path:
    """What depends on the order of the returns; small, so that the state before the last bar can be kept."""

    count: int
    mean: float
    squares: float
    wealth: float
    peak: float
    max_drawdown: float
    largest_return: float

    def append(self, value: float, largest_return: float) -> _Path:
        """Return the state after one more return."""
        count = self.count + 1
        change = value - self.mean
        mean = self.mean + change / count
        wealth = self.wealth if self.wealth <= 0.0 else self.wealth * (1.0 + value)
        peak = max(self.peak, wealth)
        return _Path(
            count,
            mean,
            self.squares + change * (value - mean),
            wealth,
            peak,
            min(self.max_drawdown, wealth / peak - 1.0),
            max(self.largest_return, largest_return),
        )


class RunningPortfolio:
    """The figures of `analyze_portfolio` that one more bar changes in a time that does not grow with the history.

    Parameters
    ----------
    returns
        Simple returns as fractions, shape (observations, assets); at least 10 observations.
    weights
        One an asset; divided by their sum.
    periods_per_year
        252 for trading days, 12 for months.
    risk_free_rate
        A year, as a fraction.

    Raises
    ------
    InputError
        As `analyze_portfolio`.

    Notes
    -----
    Mean and variance are updated by Welford's method (1962), so that the figures agree with those of the whole history
    to rounding, some 1e-13 of their size.

    Examples
    --------
    >>> history = [[0.01], [0.03], [-0.02], [0.0], [0.01]] * 2
    >>> running = RunningPortfolio(history, [1.0])
    >>> running.append([-0.05])
    >>> running.last_return, running.count, round(running.max_drawdown, 12)
    (-0.05, 11, -0.05969)
    >>> running.replace_last([0.02])
    >>> round(running.max_drawdown, 12)
    -0.02
    """

    def __init__(
        self, returns: ArrayLike, weights: ArrayLike, *, periods_per_year: float = 252.0, risk_free_rate: float = 0.0
    ) -> None:
        matrix = check_returns(returns)
        self.weights, self.warnings = normalise_weights(weights, matrix.shape[1])
        self._gross = float(np.abs(self.weights).sum()) * len(self.weights)
        self._periods_per_year = periods_per_year
        self._risk_free_return = risk_free_rate / periods_per_year
        values: NDArray[np.float64] = matrix @ self.weights
        # All but the last at once; that one like those to come, so that it can be replaced.
        curve = WealthCurve.from_returns(values[:-1])
        mean = float(values[:-1].mean())
        self._before = _Path(
            len(values) - 1,
            mean,
            float(np.square(values[:-1] - mean).sum()),
            float(curve.wealth[-1]),
            max(1.0, float(curve.wealth.max())),
            float(curve.drawdowns.min()),
            float(np.abs(matrix[:-1]).max()),
        )
        self._ordered: list[float] = np.sort(values[:-1]).tolist()
        self._append(float(values[-1]), float(np.abs(matrix[-1]).max()))

    def append(self, returns: ArrayLike) -> None:
        """Add the assets' returns of one more period, shape (assets,), finite."""
        self._before = self._path
        self._append(*self._portfolio(returns))

    def replace_last(self, returns: ArrayLike) -> None:
        """Take other returns of the last period, shape (assets,), finite: its prices were still moving."""
        del self._ordered[bisect_left(self._ordered, self.last_return)]
        self._append(*self._portfolio(returns))

    def _portfolio(self, returns: ArrayLike) -> tuple[float, float]:
        row = np.asarray(returns, dtype=np.float64)
        return float(row @ self.weights), float(np.abs(row).max())

    def _append(self, value: float, largest_return: float) -> None:
        self.last_return = value
        self._path = self._before.append(value, largest_return)
        insort(self._ordered, value)

    @property
    def count(self) -> int:
        """Number of observations."""
        return self._path.count

    @property
    def portfolio_return(self) -> float:
        """Mean return, annualised, as a fraction."""
        return self._path.mean * self._periods_per_year

    @property
    def _deviation(self) -> float:
        deviation = math.sqrt(max(self._path.squares, 0.0) / (self._path.count - 1))
        # As in PortfolioSample: what a hedge leaves of rounding is no volatility.
        return deviation if deviation > 2.0 * EPSILON * self._gross * self._path.largest_return else 0.0

    @property
    def portfolio_volatility(self) -> float:
        """Standard deviation of the returns (ddof 1), annualised, as a fraction."""
        return self._deviation * math.sqrt(self._periods_per_year)

    @property
    def sharpe_ratio(self) -> float:
        """Excess return over volatility, annualised; NaN when the returns do not vary."""
        if self._deviation == 0.0:
            return math.nan
        return (self._path.mean - self._risk_free_return) / self._deviation * math.sqrt(self._periods_per_year)

    @property
    def var_95(self) -> float:
        """The 5 % quantile of one period's returns; a return, so that a loss is negative."""
        position = quantile_position("linear", len(self._ordered), _TAIL)
        low = math.floor(position)
        high = min(low + 1, len(self._ordered) - 1)
        return self._ordered[low] + (position - low) * (self._ordered[high] - self._ordered[low])

    @property
    def max_drawdown(self) -> float:
        """Largest loss from a peak, the starting wealth included; a return, never positive."""
        return self._path.max_drawdown

"""What is carried along a block of paths from day to day, and what is kept of a path at its end.

A block is up to `LANES` paths side by side. The inner loops run over the paths, so that the compiler puts neighbouring
paths into the lanes of one vector register; the loop over days is outside.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.intrinsics import fused_multiply_add

if TYPE_CHECKING:
    from numpy.typing import NDArray

LANES: Final = 256
"""Paths of a block: many enough to hide the cost of a call, few enough for its state to stay in the first cache."""

STATE_ROWS: Final = 6
"""Wealth, its peak, wealth and peak at the worst drawdown, sum and sum of squares of the deviations."""

PERIODS_PER_YEAR: Final = 252
"""Days of a year in annualised figures."""

RESULTS: Final = ("returns", "volatilities", "max_drawdowns", "sharpe_ratios")
"""What is kept of every path, in the order of the rows of a chunk's results."""

_MOTIONLESS_VARIANCE: Final = 1e-28


@kernel()
def reset(state: NDArray[np.float64], width: int) -> None:
    """Start `width` paths with wealth 1."""
    for j in range(width):
        state[0, j] = 1.0
        state[1, j] = 1.0
        state[2, j] = 1.0
        state[3, j] = 1.0
        state[4, j] = 0.0
        state[5, j] = 0.0


@kernel(inline=True)
def _move(
    wealth: float,
    peak: float,
    worst_wealth: float,
    worst_peak: float,
    total: float,
    squares: float,
    deviation: float,
    scale: float,
    growth: float,
) -> tuple[float, float, float, float, float, float]:
    """Return the state of one path a day later."""
    wealth *= fused_multiply_add(scale, deviation, growth)
    # max() has rules for NaN that keep the compiler from using vectors.
    peak = wealth if wealth > peak else peak  # noqa: FURB136
    # wealth / peak < worst_wealth / worst_peak, without the divisions, which would cost more than all the rest.
    worse = wealth * worst_peak < worst_wealth * peak
    worst_wealth = wealth if worse else worst_wealth
    worst_peak = peak if worse else worst_peak
    return wealth, peak, worst_wealth, worst_peak, total + deviation, fused_multiply_add(deviation, deviation, squares)


@kernel()
def advance(
    state: NDArray[np.float64], deviations: NDArray[np.floating], scale: float, growth: float, width: int
) -> None:
    """Move `width` paths by one day whose simple return is growth - 1 + scale * deviation."""
    for j in range(width):
        a, b, c, d, e, f = state[0, j], state[1, j], state[2, j], state[3, j], state[4, j], state[5, j]
        a, b, c, d, e, f = _move(a, b, c, d, e, f, np.float64(deviations[j]), scale, growth)
        state[0, j], state[1, j], state[2, j], state[3, j], state[4, j], state[5, j] = a, b, c, d, e, f


@kernel()
def advance_four(
    state: NDArray[np.float64], deviations: NDArray[np.floating], scale: float, growth: float, width: int
) -> None:
    """Move `width` paths by four days, the rows of `deviations`, without putting the state down in between."""
    for j in range(width):
        a, b, c, d, e, f = state[0, j], state[1, j], state[2, j], state[3, j], state[4, j], state[5, j]
        a, b, c, d, e, f = _move(a, b, c, d, e, f, np.float64(deviations[0, j]), scale, growth)
        a, b, c, d, e, f = _move(a, b, c, d, e, f, np.float64(deviations[1, j]), scale, growth)
        a, b, c, d, e, f = _move(a, b, c, d, e, f, np.float64(deviations[2, j]), scale, growth)
        a, b, c, d, e, f = _move(a, b, c, d, e, f, np.float64(deviations[3, j]), scale, growth)
        state[0, j], state[1, j], state[2, j], state[3, j], state[4, j], state[5, j] = a, b, c, d, e, f


@kernel()
def record(state: NDArray[np.float64], fan: NDArray[np.float64], row: int, first: int, width: int) -> None:
    """Keep the wealth of the paths of a block for the fan, as far as it has columns for them."""
    for j in range(min(width, fan.shape[1] - first)):
        fan[row, first + j] = state[0, j]


@kernel()
def finish(
    state: NDArray[np.float64],
    horizon: int,
    scale: float,
    growth: float,
    results: NDArray[np.float64],
    first: int,
    width: int,
) -> None:
    """Write the four results of `width` paths of `horizon` days into the columns of `results` from `first`.

    The volatility of a single day is undefined (NaN), and so is the Sharpe ratio of a path that does not move.
    """
    for j in range(width):
        centre = state[4, j] / horizon
        results[0, first + j] = state[0, j] - 1.0
        results[2, first + j] = state[2, j] / state[3, j] - 1.0
        variance = math.nan
        if horizon > 1:
            spread = state[5, j] - state[4, j] * centre
            variance = scale * scale * max(spread, 0.0) / (horizon - 1)
        results[1, first + j] = math.sqrt(variance * PERIODS_PER_YEAR)
        if variance > _MOTIONLESS_VARIANCE:
            mean = growth - 1.0 + scale * centre
            results[3, first + j] = mean / math.sqrt(variance) * math.sqrt(PERIODS_PER_YEAR)
        else:
            results[3, first + j] = math.nan

"""What is carried along a block of paths from day to day, and what is kept of a path at its end.

A block is up to `LANES` paths side by side. The inner loops run over the paths, so that the compiler puts neighbouring
paths into the lanes of one vector register; the loop over days is outside.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo.intrinsics import fused_multiply_add

if TYPE_CHECKING:
    from numpy.typing import NDArray

LANES: Final = 256
"""Paths of a block: many enough to hide the cost of a call, few enough for its state to stay in the first cache."""

STATE_ROWS: Final = 7
"""Value of a unit, its peak, value and peak at the worst drawdown, sum and sum of squares of the deviations, units.

The wealth is units times value. Money that comes or goes changes the units, so that volatility, drawdown and Sharpe
ratio are those of the investment and not of the flows, as in a fund's accounts.
"""

PERIODS_PER_YEAR: Final = 252
"""Days of a year in annualised figures."""

RESULTS: Final = ("returns", "volatilities", "max_drawdowns", "sharpe_ratios")
"""What is kept of every path, in the order of the rows of a chunk's results."""

_MOTIONLESS_VARIANCE: Final = 1e-28


class PathSink(NamedTuple):
    """The arrays that receive what is kept of consecutive paths, and what is paid on the way.

    Parameters
    ----------
    results
        Shape (4, paths), the rows of `RESULTS`; or (1, paths) when only the final return is kept.
    fan_days
        Ascending days, from 1, whose wealth is kept.
    fan
        Shape (fan days, columns): the wealth of the first `columns` paths; may have no column.
    flow_days, flow_amounts
        Ascending days, from 1, on which money leaves (positive) or comes (negative), as parts of the starting wealth.
    asset_paths
        Shape (columns, days + 1, assets): each asset's value of the first `columns` paths, 1 at the start; may have no
        column.
    """

    results: NDArray[np.float64]
    fan_days: NDArray[np.int64]
    fan: NDArray[np.float64]
    flow_days: NDArray[np.int64]
    flow_amounts: NDArray[np.float64]
    asset_paths: NDArray[np.float64]


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
        state[6, j] = 1.0


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
def pay(state: NDArray[np.float64], amount: float, width: int) -> None:
    """Take `amount` out of the wealth of `width` paths, or put it in; nothing can be taken that is not there.

    A path whose unit has no value left can be paid neither from nor into.
    """
    for j in range(width):
        value = state[0, j]
        left = state[6, j] - amount / value
        left = left if left > 0.0 else 0.0  # noqa: FURB136 - max() has rules for NaN that cost the vectors
        state[6, j] = left if value > 0.0 else state[6, j]


@kernel()
def end_day(
    state: NDArray[np.float64], sink: PathSink, day: int, fan_row: int, flow_row: int, start: int, width: int
) -> tuple[int, int]:
    """Pay what is due at the end of `day`, counted from 1, and keep the wealth for the fan if it is one of its days.

    `fan_row` and `flow_row` are the next ones to come; returned are the next ones after this day. `start` is the first
    path's column.
    """
    if flow_row < len(sink.flow_days) and sink.flow_days[flow_row] == day:
        pay(state, sink.flow_amounts[flow_row], width)
        flow_row += 1
    if start < sink.fan.shape[1] and sink.fan_days[fan_row] == day:
        for j in range(min(width, sink.fan.shape[1] - start)):
            sink.fan[fan_row, start + j] = state[0, j] * state[6, j]
        fan_row += 1
    return fan_row, flow_row


@kernel()
def nothing_due(sink: PathSink, day: int, flow_row: int, start: int) -> bool:
    """Return whether nothing is paid or kept up to the end of `day`, so that the days may pass at once."""
    if start < sink.fan.shape[1]:
        return False
    return flow_row >= len(sink.flow_days) or sink.flow_days[flow_row] > day


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
    """Write the results of `width` paths of `horizon` days into the columns of `results` from `first`.

    The volatility of a single day is undefined (NaN), and so is the Sharpe ratio of a path that does not move.
    """
    for j in range(width):
        results[0, first + j] = state[0, j] * state[6, j] - 1.0
    if results.shape[0] == 1:
        return
    for j in range(width):
        centre = state[4, j] / horizon
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

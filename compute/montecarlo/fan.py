"""The fan: quantiles of the wealth along time, each with its error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.errors import InputError, TooLargeError
from riskwave.compute.estimates import quantile_standard_error
from riskwave.compute.montecarlo.summary import interval_ranks, quantile_of_sorted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.montecarlo.dependence import Dependence
    from riskwave.compute.montecarlo.spec import SimulationSpec

FAN_PROBABILITIES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
"""The quantiles of the fan."""

FAN_PATHS: Final = 16_384
"""The fan is made of the first so many paths."""

FAN_DAYS: Final = 64
"""Days, beside the start, for which the fan gives quantiles unless others are asked for; all of a shorter horizon."""

FAN_VALUES_MAX: Final = 1 << 24
"""Most numbers that are kept for the fan, paths times days: 128 MB, and as much again while they are sorted."""

FAN_DAYS_MAX: Final = FAN_VALUES_MAX // FAN_PATHS
"""Most days that can be asked for."""


@dataclass(frozen=True, eq=False, slots=True)
class WealthFan:
    """Quantiles of the wealth along time.

    Parameters
    ----------
    days
        Shape (days,), from 0, where wealth is 1, to the last one wanted.
    probabilities
        As fractions.
    wealth
        Shape (probabilities, days).
    standard_error, low, high
        Of each, same shape: its error, and the ends of its order-statistic interval, infinite where the paths are too
        few to bound that side.
    confidence
        Of the intervals, each by itself.
    path_count
        Paths of which it was made: the first ones of the simulation.
    """

    days: NDArray[np.int64]
    probabilities: tuple[float, ...]
    wealth: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    confidence: float
    path_count: int


def check_fan(spec: SimulationSpec) -> None:
    """Refuse days that there are not, days in two ways, and more of them than are kept."""
    days = spec.fan_days
    if len(days) and spec.fan_day_count:
        raise InputError("fan_day_count", spec.fan_day_count, "0 where fan_days names the days")
    if (len(days) or spec.fan_day_count) and spec.terminal_only:
        name, given = ("fan_days", list(days)) if len(days) else ("fan_day_count", spec.fan_day_count)
        raise InputError(name, given, "left out with terminal_only, which keeps no day but the last")
    if not 0 <= spec.fan_day_count <= FAN_DAYS_MAX:
        kind = InputError if spec.fan_day_count < 0 else TooLargeError
        raise kind("fan_day_count", spec.fan_day_count, f"an integer from 0 to {FAN_DAYS_MAX}")
    if len(days) > FAN_DAYS_MAX:
        raise TooLargeError("fan_days", f"{len(days)} days", f"at most {FAN_DAYS_MAX} days")
    before = 0
    for index, day in enumerate(days):
        if not before < day <= spec.horizon_days:
            raise InputError(f"fan_days[{index}]", day, f"ascending, and from 1 to {spec.horizon_days}")
        before = day


def fan_days(spec: SimulationSpec) -> NDArray[np.int64]:
    """Return the days, from 1 to the horizon, for which the fan gives quantiles.

    Those that were asked for; or as many as were asked for, `FAN_DAYS` by default, evenly spread, the last included.
    """
    if len(spec.fan_days):
        return np.array(spec.fan_days, dtype=np.int64)
    count = 1 if spec.terminal_only else min(spec.horizon_days, spec.fan_day_count or FAN_DAYS)
    return -(-np.arange(1, count + 1, dtype=np.int64) * spec.horizon_days // count)


def wealth_fan(spec: SimulationSpec, wealth: NDArray[np.float64], dependence: Dependence) -> WealthFan:
    """Return the fan of the first paths, in path order; `wealth`, shape (days, paths)."""
    count = wealth.shape[1]
    widening = dependence.rank_widening(spec.confidence)
    shape = len(FAN_PROBABILITIES), len(wealth) + 1
    value, error, low, high = np.ones(shape), np.zeros(shape), np.ones(shape), np.ones(shape)
    for day, paths in enumerate(wealth, start=1):
        ordered = np.sort(paths)
        for row, p in enumerate(FAN_PROBABILITIES):
            value[row, day] = quantile_of_sorted(ordered, p)
            factor = dependence.indicator_factor(paths <= value[row, day]) if dependence.group > 1 else 1.0
            lower, upper = interval_ranks(count, p, spec.confidence, factor * widening)
            error[row, day] = quantile_standard_error(ordered, p) * factor
            low[row, day] = ordered[lower - 1] if lower > 0 else -np.inf
            high[row, day] = ordered[upper - 1] if upper <= count else np.inf
    days = np.concatenate([[0], fan_days(spec)])
    return WealthFan(days, FAN_PROBABILITIES, value, error, low, high, spec.confidence, count)

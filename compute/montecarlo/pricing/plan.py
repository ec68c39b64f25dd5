"""Cutting the paths of a price into chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from riskwave.compute.montecarlo.chunk import CHUNK_S, cut_paths, doubling_boundaries
from riskwave.compute.montecarlo.path_state import LANES
from riskwave.compute.montecarlo.pricing.greeks import sensitivities
from riskwave.compute.montecarlo.pricing.task import task_of
from riskwave.compute.montecarlo.sobol import SOBOL_NS

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.chunk import Chunk
    from riskwave.compute.montecarlo.pricing.spec import PricingSpec
    from riskwave.compute.montecarlo.pricing.task import Task

_PATH_NS: Final = 90.0
_REDUCE_NS: Final = 1.0
_EXERCISE_NS: Final = 10.0
_FORMULA_MARKETS: Final = 0.7


def boundaries(spec: PricingSpec) -> tuple[int, ...]:
    """Return the numbers of paths at which a precision target is looked at: doubling, and the last one all paths."""
    return (spec.paths,) if spec.target_se == 0.0 else doubling_boundaries(spec.paths)


def plan_pricing(spec: PricingSpec) -> tuple[Chunk, ...]:
    """Check `spec` and return the chunks of its paths, a function of the request alone.

    A chunk ends at every boundary of a precision target. Under Sobol sampling path p is point p // 32 of scramble
    p % 32, so that every chunk has the same points of all scrambles.

    Raises
    ------
    InputError
        Or one of its kinds, naming the field.
    """
    size, unit = _chunk_paths(task_of(spec))
    return cut_paths(size, boundaries(spec), unit)


def path_ns(task: Task) -> float:
    """Return the time of one path on one core."""
    reduce_ns = _EXERCISE_NS if task.payoff.early_exercise else _REDUCE_NS
    markets = 1.0 + sum(len(item.terms) or _FORMULA_MARKETS for item in sensitivities(task))
    steps = task.market.steps
    noise = SOBOL_NS * task.model.shocks(task.market.assets).count * steps if task.replicates > 1 else 0.0
    return noise + markets * (steps * task.market.assets * (task.model.step_ns + reduce_ns) + _PATH_NS)


def _chunk_paths(task: Task) -> tuple[int, int]:
    """Return the most paths of a chunk, and the unit of which they are a multiple."""
    unit = LANES if task.replicates == 1 else LANES * 4
    return max(int(CHUNK_S / (1e-9 * path_ns(task))) // unit, 1) * unit, unit

"""What a simulation costs before it runs: time, memory, and the size of its answer."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from riskwave.compute.errors import TooLargeError
from riskwave.compute.montecarlo.chunk import Chunk, chunk_count, results_of, simulate_chunk, step_ns
from riskwave.compute.montecarlo.fan import FAN_PATHS, FAN_PROBABILITIES, fan_days
from riskwave.compute.montecarlo.model import law_of, step_count_of
from riskwave.compute.montecarlo.path_state import LANES
from riskwave.compute.montecarlo.spec import EXACT_PATHS_MAX, PATHS_MIN
from riskwave.compute.montecarlo.tally import CELLS

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.spec import SimulationSpec

SAMPLE_S: Final = 0.003
"""Time of a run that is measured to tell what a whole simulation would take."""

_PATH_NS: Final = 20.0
"""Time of a path beside its days, measured."""

_SUMMARY_NS: Final = {"independent": 25.0, "antithetic": 95.0, "sobol": 75.0}
"""Time to sort and summarise one number of one path, by the sampling, measured."""

_FAN_NS: Final = 11.0
"""Time to sort one wealth of the fan and to find the errors, measured."""

_SPARE_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class SimulationCost:
    """What a simulation costs.

    Parameters
    ----------
    path_steps
        Paths times days times simulated factors.
    core_seconds
        Time on one core.
    memory_bytes, response_bytes
        At the largest, and of the answer.
    chunk_count
        Chunks of the plan.
    """

    path_steps: int
    core_seconds: float
    memory_bytes: int
    response_bytes: int
    chunk_count: int


def estimate_cost(spec: SimulationSpec) -> SimulationCost:
    """Return what a valid simulation would cost, without running any of it.

    The time is that of one core of the machine on which the constants were measured (2.7 GHz, AVX-512); `measure_cost`
    tells that of this machine.
    """
    law = law_of(spec)
    assets = 1 if law.mode == "collapsed" else len(law.weights)
    step, steps = step_ns(spec), step_count_of(spec)
    path_bytes = 8 * len(results_of(spec)) * spec.paths if spec.distributions else 0
    fan_answer_bytes = 8 * 4 * len(FAN_PROBABILITIES) * len(fan_days(spec))
    return SimulationCost(
        path_steps=spec.paths * steps * assets,
        core_seconds=1e-9 * spec.paths * (steps * step + _PATH_NS) + _summary_s(spec),
        memory_bytes=_memory_bytes(spec, spec.paths),
        response_bytes=path_bytes + _sample_bytes(spec) + fan_answer_bytes + 50_000,
        chunk_count=chunk_count(spec),
    )


def measure_cost(spec: SimulationSpec) -> SimulationCost:
    """Return what a valid simulation would cost on this machine, from running a few milliseconds of it.

    Neither the plan nor a result depends on what is measured.
    """
    law, steps = law_of(spec), step_count_of(spec)
    cost = estimate_cost(spec)
    step = step_ns(spec)
    days = spec.horizon_days if steps == 1 else max(min(steps, int(SAMPLE_S * 1e9 / (step * LANES))), 1)
    sample = replace(
        spec, horizon_days=days, cash_flows=(), fan_days=(), sample_paths=0, calibration=law.calibration or None
    )
    paths = LANES * max(int(SAMPLE_S * 1e9 / (LANES * step_count_of(sample) * (step + _PATH_NS / days))), 1)
    simulate_chunk(sample, Chunk(0, FAN_PATHS, 2))  # compiles, or loads the kernel
    taken_s = math.inf
    for _ in range(3):
        begin_s = time.thread_time()  # of the processor: what else it does must not count
        simulate_chunk(sample, Chunk(0, FAN_PATHS, paths))
        taken_s = min(taken_s, time.thread_time() - begin_s)
    measured_s = taken_s / (paths * step_count_of(sample)) * spec.paths * steps
    return replace(cost, core_seconds=measured_s + _summary_s(spec))


def _summary_s(spec: SimulationSpec) -> float:
    """Return the time that the result takes when the chunks are there: sorting, the fan, and the intervals."""
    kept = spec.paths if spec.paths <= EXACT_PATHS_MAX else 0
    fan_values = len(fan_days(spec)) * min(spec.paths, FAN_PATHS)
    return 1e-9 * kept * len(results_of(spec)) * _SUMMARY_NS[spec.sampling] + 1e-9 * fan_values * _FAN_NS + 0.001


def check_memory(spec: SimulationSpec, memory_bytes: int) -> None:
    """Refuse a valid simulation that would take more memory than it may, before any of it is allocated.

    Raises
    ------
    TooLargeError
        With the number of paths that would fit.
    """
    needed = estimate_cost(spec).memory_bytes
    if needed <= memory_bytes:
        return
    few, many = 0, min(spec.paths, EXACT_PATHS_MAX)
    while many - few > 1:
        middle = (few + many) // 2
        fits = _memory_bytes(spec, middle) <= memory_bytes
        few, many = (middle, many) if fits else (few, middle)
    limit = f"the {memory_bytes / 2**20:.0f} MB that one simulation may take"
    if few < PATHS_MIN:
        allowed = f"a simulation of fewer fan_days and sample_paths: beside its paths this one exceeds {limit}"
    else:
        allowed = f"at most {few} with these days of the fan and paths of the assets, to stay within {limit}"
    raise TooLargeError("paths", spec.paths, allowed)


def _memory_bytes(spec: SimulationSpec, paths: int) -> int:
    """Return the memory of a simulation of so many paths at its largest."""
    path_bytes = 8 * len(results_of(spec)) * paths
    if paths > EXACT_PATHS_MAX:  # counts, dense and on their way
        path_bytes = 16 * len(results_of(spec)) * CELLS
    fan_bytes = 8 * len(fan_days(spec)) * min(paths, FAN_PATHS)
    sample_bytes = _sample_bytes(spec)
    return 3 * path_bytes + 2 * fan_bytes + 2 * sample_bytes + _SPARE_BYTES


def _sample_bytes(spec: SimulationSpec) -> int:
    return 8 * spec.sample_paths * (spec.horizon_days + 1) * int(np.size(spec.weights))

"""A whole simulation in one thread, and the compilation of every kernel ahead of the first request."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from riskwave.compute.montecarlo import pricing
from riskwave.compute.montecarlo.calibration.garch import OBSERVATIONS_MIN
from riskwave.compute.montecarlo.chunk import plan_chunks, simulate_chunk
from riskwave.compute.montecarlo.model import MODELS
from riskwave.compute.montecarlo.result import Summing, summarize
from riskwave.compute.montecarlo.spec import EXACT_PATHS_MAX, Mode, SimulationSpec
from riskwave.compute.montecarlo.stopping import StoppingRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from riskwave.compute.montecarlo.chunk import ChunkResult
    from riskwave.compute.montecarlo.model import PortfolioModel
    from riskwave.compute.montecarlo.result import SimulationResult


def run(spec: SimulationSpec) -> SimulationResult:
    """Check, simulate and summarise in the calling thread.

    Examples
    --------
    >>> result = run(SimulationSpec(mean=[0.0005], covariance=[[0.0001]], weights=[1.0], paths=100_000, seed=7))
    >>> mean = result.statistics.mean_return
    >>> abs(mean.value - 0.13424645) < 4 * mean.standard_error
    True
    """
    if spec.paths > EXACT_PATHS_MAX:
        return Summing(spec).add_all(simulate_chunk(spec, chunk) for chunk in plan_chunks(spec)).result()
    rule = StoppingRule(spec)
    done: list[ChunkResult] = []
    for chunk in plan_chunks(spec):
        done.append(simulate_chunk(spec, chunk))
        if chunk.first_path + chunk.path_count == rule.next_boundary:
            result = rule.look(done)
            if result is not None:
                return result
    return summarize(spec, done)


def warm_up_steps() -> dict[str, Callable[[], object]]:
    """Return, by what they compile or load from the cache, such as ``montecarlo.normal``, the calls that do it."""
    steps: dict[str, Callable[[], object]] = {f"montecarlo.{each.name}": partial(_warm_up_one, each) for each in MODELS}
    return steps | {"montecarlo.sobol": _warm_up_sobol} | pricing.warm_up_steps()


def _warm_up_sobol() -> None:
    law: dict[str, Any] = {"mean": np.zeros(2), "covariance": np.eye(2) * 1e-4, "weights": np.full(2, 0.5)}
    for model in ("normal", "gbm"):
        run(SimulationSpec(**law, paths=64, horizon_days=1, model=model, sampling="sobol"))


def _warm_up_one(model: PortfolioModel) -> None:
    law: dict[str, Any] = {"mean": np.zeros(2), "covariance": np.eye(2) * 1e-4}
    history = np.random.default_rng(1).normal(0.0, 0.01, (OBSERVATIONS_MIN, 2))
    observed: dict[str, Any] = {"history": history}
    if model.estimate is not None:
        model.estimate(history, 1.0, {})
    for mode in model.modes:
        given = observed if model.takes_history else law
        run(
            SimulationSpec(
                **given, weights=np.full(2, 0.5), paths=2, horizon_days=1, model=model.name, mode=cast(Mode, mode)
            )
        )


def warm_up() -> float:
    """Compile every model's kernels, or load them from the cache, and return the seconds that it took."""
    start = time.perf_counter()
    for step in warm_up_steps().values():
        step()
    return time.perf_counter() - start

"""Portfolio simulation on one core: nanoseconds a path-step, ours and what NumPy users write, from one run.

A path-step is one day of one path: draw, transform, compound, running peak, drawdown, sums. Each figure is the shortest
of several runs, interleaved so that a busy moment of the machine meets all of them.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core for NumPy's linear algebra too
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.montecarlo import Chunk, SimulationSpec, plan_chunks, simulate_chunk, warm_up
from riskwave.compute.montecarlo.normals import fill_normals
from riskwave.compute.montecarlo.philox import fill_words, split_seed
from riskwave.compute.montecarlo.pricing import PricingSpec, price_chunk

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Results = tuple[NDArray[np.float64], ...]

DAYS = 252
ROUNDS = 7
WIDTH = 2_048


def market(assets: int) -> SimulationSpec:
    """Return a simulation of `assets` assets with equal weights."""
    loadings = np.random.default_rng(1).normal(size=(assets, assets))
    covariance = loadings @ loadings.T / assets * 1e-4 + np.eye(assets) * 1e-5
    mean, weights = np.full(assets, 0.0005), np.full(assets, 1.0 / assets)
    return SimulationSpec(mean=mean, covariance=covariance, weights=weights, paths=10_000_000, horizon_days=DAYS)


def per_path_loop(spec: SimulationSpec, paths: int) -> None:
    """Simulate path by path: one `numpy.random.multivariate_normal`, then dot, prod, std and a drawdown."""
    np.random.seed(1)  # noqa: NPY002  (the generator that the baseline uses)
    for _ in range(paths):
        daily = np.random.multivariate_normal(spec.mean, spec.covariance, DAYS)  # noqa: NPY002
        portfolio = np.dot(daily, spec.weights)
        wealth = np.cumprod(1.0 + portfolio)
        peak = np.maximum.accumulate(wealth)
        np.prod(1.0 + portfolio) - 1.0, np.std(portfolio) * np.sqrt(252.0), np.min((wealth - peak) / peak)


def whole_paths(mean: float, deviation: float, paths: int) -> Results:
    """Simulate the collapsed portfolio in arrays of whole paths, small enough for the cache."""
    rng = np.random.default_rng(1)
    daily = rng.standard_normal((paths, DAYS))
    daily *= deviation
    daily += mean
    volatility = daily.std(axis=1, ddof=1) * np.sqrt(252.0)
    average = daily.mean(axis=1)
    daily += 1.0
    wealth = np.cumprod(daily, axis=1, out=daily)
    final = wealth[:, -1] - 1.0
    drawdown = (wealth / np.maximum(np.maximum.accumulate(wealth, axis=1), 1.0)).min(axis=1) - 1.0
    return final, volatility, drawdown, average / volatility * 252.0


def day_by_day(mean: float, deviation: float, paths: int) -> Results:
    """Simulate the collapsed portfolio day by day with everything in place, the fastest NumPy that we know."""
    rng = np.random.default_rng(1)
    z, ratio = np.empty(paths), np.empty(paths)
    wealth, peak, worst, total, squares = (
        np.ones(paths),
        np.ones(paths),
        np.ones(paths),
        np.zeros(paths),
        np.zeros(paths),
    )
    for _ in range(DAYS):
        rng.standard_normal(out=z)
        total += z
        np.multiply(z, z, out=ratio)
        squares += ratio
        z *= deviation
        z += 1.0 + mean
        wealth *= z
        np.maximum(peak, wealth, out=peak)
        np.divide(wealth, peak, out=ratio)
        np.minimum(worst, ratio, out=worst)
    volatility = deviation * np.sqrt((squares - total * total / DAYS) / (DAYS - 1)) * np.sqrt(252.0)
    return wealth - 1.0, volatility, worst - 1.0, (mean + deviation * total / DAYS) / volatility * 252.0


def generator_alone(blocks: int, *, transform: bool) -> None:
    """Draw words, and turn them into normals if asked to, for `blocks` blocks of paths."""
    words = np.empty((4, WIDTH), dtype=np.uint32)
    normals = np.empty((4, WIDTH), dtype=np.float32)
    k0, k1 = split_seed(1)
    for block in range(blocks):
        fill_words(words, block * WIDTH, 0, 0, k0, k1, 0, WIDTH)
        if transform:
            fill_normals(words, normals, WIDTH)


def ours(spec: SimulationSpec, paths: int) -> None:
    """Simulate some paths from the middle of `spec`, beyond those that also feed the fan."""
    simulate_chunk(spec, Chunk(0, 1_000_000, paths))


def resampled() -> SimulationSpec:
    """Return a bootstrap of 1,000 days of one asset."""
    history = np.random.default_rng(1).normal(0.0005, 0.01, 1_000)
    weights = np.ones(1)
    params = {"block_length": 5.0}
    return SimulationSpec(history=history, weights=weights, paths=10_000_000, model="bootstrap", params=params)


def underlying(payoff: str, paths: int) -> None:
    """Price a derivative over 252 steps, whole: numbers, paths, payoff, sums."""
    spec = PricingSpec(payoff=payoff, spot=100.0, volatility=0.2, maturity_years=1.0, paths=10_000_000, steps=DAYS)
    price_chunk(spec, Chunk(0, 0, paths))


def measure(cases: dict[str, tuple[Callable[[], object], int]]) -> dict[str, float]:
    """Return nanoseconds a step by name; each case is a function and the steps that it does."""
    best = dict.fromkeys(cases, float("inf"))
    for turn in range(ROUNDS + 1):
        for name, (function, steps) in cases.items():
            start = time.perf_counter()
            function()
            if turn:  # the first round warms caches
                best[name] = min(best[name], (time.perf_counter() - start) / steps * 1e9)
    return best


def threads_gain(spec: SimulationSpec) -> float:
    """Return how many times faster two threads are than one, over the same chunks."""
    chunks = plan_chunks(replace(spec, paths=1_000_000))
    seconds = {1: float("inf"), 2: float("inf")}
    for _ in range(3):
        for count in (1, 2):
            with ThreadPoolExecutor(count) as pool:
                start = time.perf_counter()
                list(pool.map(lambda chunk: simulate_chunk(spec, chunk), chunks))
                seconds[count] = min(seconds[count], time.perf_counter() - start)
    return seconds[1] / seconds[2]


def main() -> None:
    """Measure and print."""
    print(f"kernels ready in {warm_up():.1f} s")
    one, five, fifty = market(1), market(5), market(50)
    cases: dict[str, tuple[Callable[[], object], int]] = {
        "loop, 5 assets": (lambda: per_path_loop(five, 200), 200 * DAYS),
        "loop, 50 assets": (lambda: per_path_loop(fifty, 40), 40 * DAYS),
        "NumPy, whole paths": (lambda: whole_paths(0.0005, 0.01, 1_000), 1_000 * DAYS),
        "NumPy, day by day": (lambda: day_by_day(0.0005, 0.01, 4_096), 4_096 * DAYS),
        "NumPy's normals": (lambda: np.random.default_rng(1).standard_normal(500_000), 500_000),
        "our words": (lambda: generator_alone(200, transform=False), 200 * WIDTH * 4),
        "our normals": (lambda: generator_alone(200, transform=True), 200 * WIDTH * 4),
        "collapsed": (lambda: ours(one, 8_192), 8_192 * DAYS),
        "full, 5 assets": (lambda: ours(replace(five, mode="full"), 2_048), 2_048 * DAYS),
        "full, 50 assets": (lambda: ours(replace(fifty, mode="full"), 512), 512 * DAYS),
        "Student t": (lambda: ours(replace(one, model="student_t"), 4_096), 4_096 * DAYS),
        "bootstrap": (lambda: ours(resampled(), 8_192), 8_192 * DAYS),
        "derivative, GBM": (lambda: underlying("digital", 8_192), 8_192 * DAYS),
        "derivative, Asian": (lambda: underlying("asian", 8_192), 8_192 * DAYS),
        "drifting, 50 assets": (lambda: ours(replace(fifty, mode="full", rebalancing="none"), 512), 512 * DAYS),
    }
    ns = measure(cases)
    for name, value in ns.items():
        print(
            f"{name:22s} {value:10.2f} ns {'a path-step' if 'words' not in name and 'normals' not in name else 'each'}"
        )
    vectorised = min(ns["NumPy, whole paths"], ns["NumPy, day by day"])
    for text, ratio, reach in (
        ("collapsed against the loop, 5 assets", ns["loop, 5 assets"] / ns["collapsed"], 100.0),
        ("collapsed against the loop, 50 assets", ns["loop, 50 assets"] / ns["collapsed"], 600.0),
        ("collapsed against collapsed NumPy", vectorised / ns["collapsed"], 5.0),
        ("full, 50 assets, against the loop", ns["loop, 50 assets"] / ns["full, 50 assets"], 0.0),
        ("two threads against one", threads_gain(one), 1.9),
    ):
        print(f"{text:40s} {ratio:8.1f} times" + (f"  (reach {reach:g})" if reach else ""))
    print(f"share of the floor (our normals alone): {ns['our normals'] / ns['collapsed']:.2f}")


if __name__ == "__main__":
    main()

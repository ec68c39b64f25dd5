"""Simulation on one core: nanoseconds a path-step, ours and what others need, from one run.

A path-step is one day of one path: draw, transform, compound, running peak, drawdown, sums. Each figure is the shortest
of several runs, interleaved so that a busy moment of the machine meets all of them. Prices follow, beside QuantLib's;
``--install-peers`` makes the environments of the peers that must not share ours.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core for NumPy's linear algebra too
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numba
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
import _peer_env
import montecarlo_pricing

from riskwave.compute.montecarlo import (
    MODELS,
    Chunk,
    SimulationSpec,
    calibrated,
    plan_chunks,
    result,
    run,
    simulate_chunk,
    summarize,
)
from riskwave.compute.montecarlo.normals import fill_normals
from riskwave.compute.montecarlo.philox import fill_words, split_seed
from riskwave.compute.montecarlo.spec import EXACT_PATHS_MAX, Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Results = tuple[NDArray[np.float64], ...]
    Cases = dict[str, tuple[Callable[[], object], int]]

DAYS = 252
ROUNDS = 7
THREAD_ROUNDS = 15
SIDE_BY_SIDE_MIN = result.SIDE_BY_SIDE_MIN
WIDTH = 256


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
    daily = np.random.default_rng(1).standard_normal((paths, DAYS))
    daily *= deviation
    daily += mean
    return results_of_days(daily)


def results_of_days(daily: NDArray[np.float64]) -> Results:
    """Return final return, volatility, maximum drawdown and Sharpe ratio of the paths, shape (paths, days)."""
    volatility = daily.std(axis=1, ddof=1) * np.sqrt(252.0)
    average = daily.mean(axis=1)
    daily += 1.0
    wealth = np.cumprod(daily, axis=1, out=daily)
    final = wealth[:, -1] - 1.0
    drawdown = (wealth / np.maximum(np.maximum.accumulate(wealth, axis=1), 1.0)).min(axis=1) - 1.0
    return final, volatility, drawdown, average / volatility * 252.0


def whole_paths_of_all(spec: SimulationSpec, paths: int) -> Results:
    """Simulate every asset in arrays of whole paths: normals, a product with the factor, and the weighted sum."""
    rng = np.random.default_rng(1)
    factor = np.linalg.cholesky(np.asarray(spec.covariance))
    assets = rng.standard_normal((paths * DAYS, len(factor))) @ factor.T
    assets += np.asarray(spec.mean)
    daily = (assets @ np.asarray(spec.weights)).reshape(paths, DAYS)
    return results_of_days(daily)


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


@numba.njit(nogil=True)
def generator_alone(blocks: int, words: NDArray[np.uint32], normals: NDArray[np.float32], key: Any) -> None:
    """Draw words for `blocks` blocks of paths, and turn them into normals if there is room for them."""
    for block in range(blocks):
        fill_words(words, block * WIDTH, 0, 0, key[0], key[1], 0, WIDTH)
        if normals.size > 0:
            fill_normals(words, normals, WIDTH)


def ours(spec: SimulationSpec, paths: int) -> None:
    """Simulate some paths from the middle of `spec`, beyond those that also feed the fan."""
    simulate_chunk(spec, Chunk(0, 1_000_000, paths))


def of_model(name: str, mode: str, assets: int) -> SimulationSpec:
    """Return a simulation by any model: of the market above, or of 1,000 observed days of it."""
    model, spec = MODELS.get(name), market(assets)
    law: dict[str, Any] = {"mean": spec.mean, "covariance": spec.covariance}
    if model.takes_history:
        law = {"history": np.random.default_rng(2).multivariate_normal(spec.mean, spec.covariance, 1_000)}
    weights = np.full(assets, 1.0 / assets)
    found = SimulationSpec(
        **law, weights=weights, paths=10_000_000, horizon_days=DAYS, model=name, mode=cast(Mode, mode)
    )
    return calibrated(found)


def measure(cases: Cases, rounds: int = ROUNDS) -> dict[str, float]:
    """Return nanoseconds a step by name; each case is a function and the steps that it does."""
    best = dict.fromkeys(cases, float("inf"))
    for turn in range(rounds + 1):
        for name, (function, steps) in cases.items():
            start = time.thread_time()  # what else the processor does does not count
            function()
            if turn:  # the first round loads kernels and warms caches
                best[name] = min(best[name], (time.thread_time() - start) / steps * 1e9)
    return best


def report_generators() -> float:
    """Print words and normals, ours and others'; return what our normals take."""
    words, normals, key = np.empty((4, WIDTH), np.uint32), np.empty((4, WIDTH), np.float32), split_seed(1)
    cases: Cases = {
        "Philox4x32-10 words, ours": (lambda: generator_alone(800, words, normals[:0], key), 800 * WIDTH * 4),
        "normals, ours": (lambda: generator_alone(800, words, normals, key), 800 * WIDTH * 4),
        "normals, NumPy (PCG64)": (lambda: np.random.default_rng(1).standard_normal(500_000), 500_000),
    }
    name = "mkl_random 1.5.0"
    theirs: dict[str, float] = {}
    ns = dict.fromkeys(cases, float("inf"))
    for _ in range(3):
        ns = {case: min(ns[case], value) for case, value in measure(cases, 3).items()}
        for case, value in (_peer_env.peer(name, "_mkl_peer.py") or {}).items():
            theirs[case] = min(theirs.get(case, float("inf")), value)
    for case, value in ns.items():
        print(f"{case:38s} {value:8.2f} ns each")
    for case, value in theirs.items():
        print(f"normals, {name} ({case}) {value:8.2f} ns each")
    if not theirs:
        print(f"normals, {name}: not installed here; --install-peers tries to")
    return ns["normals, ours"]


def report_portfolios(normal_ns: float) -> None:
    """Print our path-steps and what NumPy users write."""
    one, five, fifty = market(1), market(5), market(50)
    cases: Cases = {
        "NumPy, a loop over paths, 5 assets": (lambda: per_path_loop(five, 100), 100 * DAYS),
        "NumPy, a loop over paths, 50 assets": (lambda: per_path_loop(fifty, 20), 20 * DAYS),
        "NumPy, whole paths, 5 assets": (lambda: whole_paths_of_all(five, 400), 400 * DAYS),
        "NumPy, whole paths, 50 assets": (lambda: whole_paths_of_all(fifty, 100), 100 * DAYS),
        "NumPy, whole paths, collapsed": (lambda: whole_paths(0.0005, 0.01, 1_000), 1_000 * DAYS),
        "NumPy, day by day, collapsed": (lambda: day_by_day(0.0005, 0.01, 4_096), 4_096 * DAYS),
        "collapsed": (lambda: ours(one, 8_192), 8_192 * DAYS),
        "full, 5 assets": (lambda: ours(replace(five, mode="full"), 2_048), 2_048 * DAYS),
        "full, 50 assets": (lambda: ours(replace(fifty, mode="full"), 512), 512 * DAYS),
        "not rebalanced, 50 assets": (
            lambda: ours(replace(fifty, mode="full", rebalancing="none"), 512),
            512 * DAYS,
        ),
    }
    reach = {"collapsed": 2.5, "full, 50 assets": 150.0}
    ns = measure(cases)
    print("\nnormal portfolio")
    for name, value in ns.items():
        print(f"{name:38s} {value:8.2f} ns a path-step" + (f"  (reach {reach[name]:g})" if name in reach else ""))
    vectorised = min(ns["NumPy, whole paths, collapsed"], ns["NumPy, day by day, collapsed"])
    loop = "NumPy, a loop over paths, {} assets"
    for text, ratio in (
        ("collapsed against the loop, 5 assets", ns[loop.format(5)] / ns["collapsed"]),
        ("collapsed against the loop, 50 assets", ns[loop.format(50)] / ns["collapsed"]),
        ("collapsed against the best of NumPy", vectorised / ns["collapsed"]),
        ("full, 5 assets, against whole paths", ns["NumPy, whole paths, 5 assets"] / ns["full, 5 assets"]),
        ("full, 50 assets, against whole paths", ns["NumPy, whole paths, 50 assets"] / ns["full, 50 assets"]),
        ("full, 50 assets, against the loop", ns[loop.format(50)] / ns["full, 50 assets"]),
    ):
        print(f"{text:38s} {ratio:8.1f} times")
    print(f"{'share of the normals in a path-step':38s} {normal_ns / ns['collapsed']:8.2f} collapsed,", end="")
    print(f" {50 * normal_ns / ns['full, 50 assets']:.2f} with 50 assets")


def report_models() -> None:
    """Print a path-step of every model that there is."""
    cases: Cases = {}
    for model in MODELS:
        for mode in model.modes:
            for assets, paths in ((5, 2_048),) if mode == "collapsed" else ((5, 1_024), (50, 256)):
                spec = of_model(model.name, mode, assets)
                label = f"{model.name}, collapsed" if mode == "collapsed" else f"{model.name}, {assets} assets"
                cases[label] = (lambda spec=spec, paths=paths: ours(spec, paths), paths * DAYS)  # type: ignore[misc]
    print("\nevery model")
    for name, value in measure(cases, 4).items():
        print(f"{name:38s} {value:8.2f} ns a path-step")


def bare(seconds_from: float, spec: SimulationSpec) -> tuple[float, float]:
    """Simulate all chunks once begun together with others; return when they began and ended."""
    simulate_chunk(spec, plan_chunks(spec)[0])
    time.sleep(max(seconds_from - time.time(), 0.0))
    begin = time.time()
    for chunk in plan_chunks(spec):
        simulate_chunk(spec, chunk)
    return begin, time.time()


def seconds_of(spec: SimulationSpec, chunks: Sequence[Chunk], threads: int) -> tuple[float, float]:
    """Return how long `threads` threads need for the chunks, and for the chunks and their summary."""
    # One thread alone must not summarise with two.
    result.SIDE_BY_SIDE_MIN = SIDE_BY_SIDE_MIN if threads > 1 else 10**12
    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        results = list(pool.map(lambda chunk: simulate_chunk(spec, chunk), chunks))
        chunks_s = time.perf_counter() - start
    summarize(spec, results)
    return chunks_s, time.perf_counter() - start


def report_threads(spec: SimulationSpec) -> None:
    """Print how many times faster two threads are than one, and two processes that share nothing.

    A processor's speed drifts by a third within seconds, so each round holds two threads to one thread right before and
    right after, and the median of the rounds counts.
    """
    chunks = plan_chunks(spec)
    gains: dict[str, list[float]] = {"chunks": [], "chunks and their summary": [], "limit: two processes": []}
    with ProcessPoolExecutor(2, get_context("spawn")) as processes:
        list(processes.map(bare, (0.0, 0.0), (spec, spec)))  # loads the kernels
        for _ in range(THREAD_ROUNDS):
            before, both, after = (seconds_of(spec, chunks, threads) for threads in (1, 2, 1))
            begin = time.time() + 0.05
            took = list(processes.map(bare, (begin, begin), (spec, spec)))
            last = seconds_of(spec, chunks, 1)
            processes_s = max(end for _, end in took) - min(begin for begin, _ in took)
            gains["chunks"].append((before[0] + after[0]) / 2 / both[0])
            gains["chunks and their summary"].append((before[1] + after[1]) / 2 / both[1])
            gains["limit: two processes"].append((after[0] + last[0]) / processes_s)
    print(f"\n{spec.paths:,} collapsed paths in {len(chunks)} chunks, two threads against one, {THREAD_ROUNDS} rounds")
    for name, found in gains.items():
        low, middle, high = np.quantile(found, (0.25, 0.5, 0.75))
        reach = "  (reach 1.9)" if name == "chunks" else ""
        print(f"{name:38s} {middle:8.2f} times, half of the rounds {low:.2f} to {high:.2f}{reach}")


def report_memory() -> None:
    """Print time and memory of 10^9 path-steps, and of a quarter of them, each in a process of its own."""
    print("\none thread, a process of its own")
    for paths, days, note in (
        (4_000_000, DAYS, "every path kept"),
        (EXACT_PATHS_MAX + 2_000_000, 21, "counted"),
        (4 * (EXACT_PATHS_MAX + 2_000_000), 21, "counted"),
    ):
        command = [sys.executable, __file__, "--memory", str(paths), str(days)]
        seconds, small, large = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        print(
            f"{paths * days:14,} path-steps, {paths:11,} paths {note:16s} {seconds} s, peak {large} MB ({small} before)"
        )


def peak_megabytes() -> float:
    """Return the most memory that this process has had since it began."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def simulate_in_memory(paths: int, days: int) -> None:
    """Print seconds, and the peak of memory after a small simulation and after a large one."""
    spec = replace(market(1), paths=paths, horizon_days=days)
    run(replace(spec, paths=20_000))
    before, start = peak_megabytes(), time.thread_time()
    run(spec)
    print(f"{time.thread_time() - start:.1f} {before:.0f} {peak_megabytes():.0f}")


def main(arguments: list[str]) -> None:
    """Measure and print."""
    if arguments[:1] == ["--memory"]:
        simulate_in_memory(int(arguments[1]), int(arguments[2]))
        return
    if "--install-peers" in arguments:
        _peer_env.install_peers()
    report_portfolios(report_generators())
    report_models()
    report_threads(replace(market(1), paths=1_000_000))
    report_memory()
    print("\nprices")
    montecarlo_pricing.main([])


if __name__ == "__main__":
    main(sys.argv[1:])

"""A result depends on the request alone, and any path can be computed alone."""

import math
import pickle
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from scipy import special

from riskwave.compute.montecarlo import Chunk, SimulationSpec, digest, plan_chunks, run, simulate_chunk, summarize
from riskwave.compute.montecarlo.chunk import cut_paths

SPEC = SimulationSpec(mean=[0.0005], covariance=[[1e-4]], weights=[1.0], paths=150_001, seed=7)
FULL = SimulationSpec(
    mean=[0.0004, 0.0006, 0.0],
    covariance=[[1e-4, 0.6e-4, 0.0], [0.6e-4, 4e-4, 0.0], [0.0, 0.0, 2e-4]],
    weights=[0.5, 0.3, 0.2],
    paths=20_001,
    seed=2**63 + 5,
    mode="full",
    horizon_days=41,
)
BOOTSTRAP = SimulationSpec(
    history=np.random.default_rng(9).normal(0.0003, 0.01, (173, 3)),
    weights=[0.5, 0.3, 0.2],
    paths=20_001,
    seed=77,
    model="bootstrap",
    horizon_days=61,
)
SPECS = pytest.mark.parametrize(
    "spec",
    [
        SPEC,
        FULL,
        replace(FULL, rebalancing="none"),
        replace(SPEC, paths=150_000, sampling="antithetic"),
        replace(SPEC, horizon_days=7),
        replace(SPEC, model="student_t", params={"degrees": 3.0}, horizon_days=21),
        replace(FULL, model="student_t", sampling="antithetic", paths=20_000),
        replace(FULL, model="gbm"),
        BOOTSTRAP,
        replace(BOOTSTRAP, rebalancing="none", params={"block_length": 3.0}),
        replace(BOOTSTRAP, model="t_copula", paths=5_001),
        replace(BOOTSTRAP, model="garch_fhs", paths=5_001),
        replace(FULL, model="schwartz_smith", mode="auto", paths=5_001),
        replace(FULL, model="schwartz1f", mode="auto", rebalancing="none", terminal_only=True),
        replace(SPEC, sampling="sobol", paths=32_768, horizon_days=21),
        replace(FULL, sampling="sobol", paths=4_096, mode="auto", model="schwartz_smith"),
    ],
    ids=[
        "collapsed",
        "full",
        "drifting",
        "antithetic",
        "short",
        "student_t",
        "student_t full antithetic",
        "gbm",
        "bootstrap",
        "bootstrap full",
        "t_copula",
        "garch_fhs",
        "schwartz_smith",
        "schwartz1f end",
        "sobol",
        "sobol full",
    ],
)


def philox(counter, key):
    c, (k0, k1) = list(counter), key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k0, p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k1, p0 & 0xFFFFFFFF]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c


def normal(word):
    signed = word - 2**32 if word >= 2**31 else word
    magnitude = signed if signed >= 0 else -1 - signed
    size = -special.ndtri((2.0**31 - magnitude - 0.5) * 2.0**-32)
    return size if signed >= 0 else -size


def path_results(daily):
    wealth = np.concatenate([[1.0], np.cumprod(1.0 + daily)])
    volatility = daily.std(ddof=1) * math.sqrt(252)
    drawdown = (wealth / np.maximum.accumulate(wealth) - 1.0).min()
    return wealth[-1] - 1.0, volatility, drawdown, daily.mean() / daily.std(ddof=1) * math.sqrt(252)


@SPECS
def test_any_order_of_any_number_of_workers_gives_the_same_digest(spec):
    chunks = list(plan_chunks(spec))
    expected = digest(run(spec))
    for workers in (1, 2, 7):
        random.Random(workers).shuffle(chunks)
        with ThreadPoolExecutor(workers) as pool:
            results = list(pool.map(lambda chunk: simulate_chunk(spec, chunk), chunks))
        random.Random(-workers).shuffle(results)
        assert digest(summarize(spec, results)) == expected


@SPECS
def test_any_size_of_chunks_gives_the_same_digest(spec):
    spec = replace(spec, paths=4_096)
    expected = digest(run(spec))
    for size in (96, 1_024, 4_096):
        chunks = cut_paths(size, (spec.paths,), 32)
        assert digest(summarize(spec, [simulate_chunk(spec, chunk) for chunk in chunks])) == expected


@SPECS
@pytest.mark.parametrize("size", [1, 97, 256, 1_000])
def test_a_path_does_not_depend_on_its_chunk(spec, size):
    whole = simulate_chunk(spec, Chunk(0, 0, 3_000))
    first = 2_000 if size == 1 else 0
    last = 2_010 if size == 1 else 3_000
    for start in range(first, last, size):
        stop = min(start + size, last)
        piece = simulate_chunk(spec, Chunk(0, start, stop - start))
        np.testing.assert_array_equal(piece.results, whole.results[:, start:stop])
        np.testing.assert_array_equal(piece.fan, whole.fan[:, start:stop])


@pytest.mark.parametrize("sampling", ["independent", "antithetic"])
@pytest.mark.parametrize("path", [0, 1, 77, 100_003])
def test_a_path_recomputed_in_plain_python(path, sampling):
    spec = replace(SPEC, sampling=sampling, paths=150_002)
    antithetic = sampling == "antithetic"
    counter = path // 2 if antithetic else path
    words = [word for group in range(63) for word in philox((counter, 0, group, 0), (7, 0))]
    z = np.array([normal(word) for word in words]) * (-1 if antithetic and path % 2 else 1)
    found = simulate_chunk(spec, Chunk(0, path, 1)).results[:, 0]
    np.testing.assert_allclose(found, path_results(0.0005 + 0.01 * z), rtol=3e-5, atol=1e-7)


@pytest.mark.parametrize("rebalancing", ["daily", "none"])
def test_a_path_of_every_asset_recomputed_in_plain_python(rebalancing):
    path, seed = 12_345, FULL.seed
    covariance, mean, weights = (np.array(value) for value in (FULL.covariance, FULL.mean, FULL.weights))
    order = [1, 2, 0]  # by what is left of the variances: 4e-4, then 2e-4 before 1e-4 - 0.36e-4 / 4
    factor = np.linalg.cholesky(covariance[np.ix_(order, order)])
    key = (seed & 0xFFFFFFFF, seed >> 32)
    days = []
    for day in range(FULL.horizon_days):
        z = np.array([normal(word) for word in philox((path, 0, day, 1 << 16), key)[:3]])
        days.append(mean[order] + factor @ z)
    days = np.array(days)
    if rebalancing == "daily":
        daily = days @ weights[order]
    else:
        wealth = np.concatenate([[1.0], np.cumprod(1.0 + days, axis=0) @ weights[order]])
        daily = wealth[1:] / wealth[:-1] - 1.0
    found = simulate_chunk(replace(FULL, rebalancing=rebalancing), Chunk(0, path, 1)).results[:, 0]
    np.testing.assert_allclose(found, path_results(daily), rtol=3e-5, atol=1e-7)


def test_seeds_give_different_paths():
    digests = {digest(run(replace(SPEC, paths=1_000, seed=seed))) for seed in (0, 1, 2**32, 2**32 + 1, 2**64 - 1)}
    assert len(digests) == 5


def test_specifications_and_chunks_survive_the_way_to_a_worker():
    spec = pickle.loads(pickle.dumps(FULL))
    chunk = plan_chunks(spec)[-1]
    found = pickle.loads(pickle.dumps(simulate_chunk(spec, chunk)))
    np.testing.assert_array_equal(found.results, simulate_chunk(FULL, chunk).results)
    assert found.chunk == chunk


@SPECS
def test_what_was_killed_goes_on_to_the_same_bits(spec, tmp_path):
    chunks = plan_chunks(spec)
    kept = random.Random(3).sample(chunks, len(chunks) // 2)
    for chunk in kept:  # what a process that died had put down, in no order
        (tmp_path / f"{chunk.index}").write_bytes(pickle.dumps(simulate_chunk(spec, chunk)))
    again = pickle.loads(pickle.dumps(spec))
    results = [pickle.loads(path.read_bytes()) for path in tmp_path.iterdir()]
    done = {result.chunk.index for result in results}
    results += [simulate_chunk(again, chunk) for chunk in plan_chunks(again) if chunk.index not in done]
    assert digest(summarize(again, results)) == digest(run(spec))


@SPECS
def test_the_plan_covers_every_path_once(spec):
    chunks = plan_chunks(spec)
    assert chunks[0].first_path == 0
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
    ends = [chunk.first_path + chunk.path_count for chunk in chunks]
    assert [chunk.first_path for chunk in chunks[1:]] == ends[:-1]
    assert ends[-1] == spec.paths


def test_the_distributions_do_not_change_the_digest():
    small = replace(SPEC, paths=5_000)
    with_paths = run(replace(small, distributions=True))
    assert digest(run(small)) == digest(with_paths)
    assert {name: values.shape for name, values in with_paths.distributions.items()} == {
        "returns": (5_000,),
        "volatilities": (5_000,),
        "max_drawdowns": (5_000,),
        "sharpe_ratios": (5_000,),
    }


def test_the_first_chunks_are_an_estimate_on_the_way():
    chunks = plan_chunks(SPEC)
    part = summarize(SPEC, [simulate_chunk(SPEC, chunk) for chunk in chunks[:2]])
    assert part.num_simulations == sum(chunk.path_count for chunk in chunks[:2])
    whole = run(replace(SPEC, paths=part.num_simulations))
    assert part.statistics == whole.statistics


def test_a_bootstrap_path_recomputed_in_plain_python():
    path, length, observations = 4_321, 3.0, 173
    spec = replace(BOOTSTRAP, params={"block_length": length})
    position, days = 0, []
    for day in range(spec.horizon_days):
        jump, where = philox((path, 0, day // 2, 4 << 16), (77, 0))[2 * (day % 2) :][:2]
        jumps = day == 0 or jump < 2**32 // 3
        position = where * observations >> 32 if jumps else (position + 1) % observations
        days.append(spec.history[position])
    expected = path_results(np.array(days) @ spec.weights)
    for mode in ("collapsed", "full"):
        found = simulate_chunk(replace(spec, mode=mode), Chunk(0, path, 1)).results[:, 0]
        np.testing.assert_allclose(found, expected, rtol=1e-11)

"""Quasi-random and antithetic sampling, precision targets, and the same bits for any order, split and thread."""

import pickle
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from riskwave.compute.montecarlo.chunk import cut_paths
from riskwave.compute.montecarlo.pricing import (
    PAYOFFS,
    PRICING_MODELS,
    PricingSpec,
    boundaries,
    merge_prices,
    plan_pricing,
    price,
    price_chunk,
    target_reached,
)
from riskwave.compute.montecarlo.pricing.cost import price_digest

BOOK = {"spot": 100.0, "risk_free_rate": 0.05, "maturity_years": 1.0, "seed": 11}
PAIRS = [(payoff.name, model) for payoff in PAYOFFS for model in payoff.models]


def spec_of(payoff, model="gbm", **changes):
    market = BOOK | {"paths": 100_000}
    if PRICING_MODELS.get(model).takes_volatility:
        market["volatility"] = 0.2
    if payoff in {"basket", "exchange", "spread"}:
        market["spot"] = [100.0, 90.0]
    params = {"monitoring": "discrete"} if payoff in {"lookback", "barrier"} else {}
    return PricingSpec(**(market | {"payoff": payoff, "payoff_params": params, "model": model} | changes))


# ---- every pair ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("payoff", "model"), PAIRS)
def test_any_order_and_number_of_threads_gives_the_same_bits(payoff, model):
    spec = spec_of(payoff, model, steps=10, paths=3_000, greeks=("delta", "rho"))
    expected = repr(price(spec))
    chunks = list(plan_pricing(replace(spec, paths=3_000)))
    # Cut finer than the plan, as the plan of a larger request would be.
    parts = [replace(chunk, first_path=first, path_count=1_000) for chunk in chunks for first in (0, 1_000, 2_000)]
    with ThreadPoolExecutor(2) as pool:
        sums = list(pool.map(lambda chunk: price_chunk(spec, chunk), parts))
    merged = merge_prices(spec, sums)
    random.Random(1).shuffle(sums)
    assert repr(merge_prices(spec, sums)) == repr(merged)
    assert merged.price.value == pytest.approx(price(spec).price.value, rel=1e-12)
    assert repr(price(spec)) == expected
    assert np.isfinite(merged.price.value)


@pytest.mark.parametrize("sampling", ["independent", "antithetic", "sobol"])
def test_workers_and_a_kill_do_not_change_the_digest(sampling, tmp_path):
    spec = spec_of("asian", "heston", steps=64, paths=1 << (15 if sampling == "sobol" else 17), sampling=sampling)
    expected, chunks = price_digest(price(spec)), list(plan_pricing(spec))
    assert len(chunks) >= 2
    for workers in (1, 2, 7):
        random.Random(workers).shuffle(chunks)
        with ThreadPoolExecutor(workers) as pool:
            assert (
                price_digest(merge_prices(spec, pool.map(lambda chunk: price_chunk(spec, chunk), chunks))) == expected
            )
    for chunk in chunks[: len(chunks) // 2]:  # what a process that died had put down
        (tmp_path / f"{chunk.index}").write_bytes(pickle.dumps(price_chunk(spec, chunk)))
    sums = [pickle.loads(path.read_bytes()) for path in tmp_path.iterdir()]
    again = pickle.loads(pickle.dumps(spec))
    done = {one.chunk.index for one in sums}
    sums += [price_chunk(again, chunk) for chunk in plan_pricing(again) if chunk.index not in done]
    assert price_digest(merge_prices(again, sums)) == expected


@pytest.mark.parametrize("sampling", ["independent", "antithetic", "sobol"])
@pytest.mark.parametrize(("payoff", "model"), [("asian", "heston"), ("american", "gbm")])
def test_any_size_of_chunks_gives_the_same_digest(sampling, payoff, model):
    paths = 1 << 14
    spec = spec_of(payoff, model, steps=8, paths=paths, sampling=sampling, greeks=("delta",))
    expected, unit = price_digest(price(spec)), 1_024 if sampling == "sobol" else 256
    for size in (unit, 3 * unit, paths):
        chunks = cut_paths(size, (paths,), unit)
        assert price_digest(merge_prices(spec, [price_chunk(spec, chunk) for chunk in chunks])) == expected


def test_every_pair_is_listed_on_both_sides():
    assert {model for _, model in PAIRS} == set(PRICING_MODELS.names())
    for model in PRICING_MODELS:
        assert model.doc.endswith(".")
        assert model.reference
        assert all(param.doc.endswith(".") for param in model.params)


@pytest.mark.parametrize("sampling", ["independent", "antithetic", "sobol"])
@pytest.mark.parametrize("model", ["gbm", "kou", "bates"])
def test_a_chunk_does_not_depend_on_how_many_paths_are_asked_for(sampling, model):
    spec = spec_of("asian", model, paths=32 * 1_024, sampling=sampling)
    chunk = replace(plan_pricing(spec)[0], path_count=8_192)
    assert price_chunk(spec, chunk).sums == price_chunk(replace(spec, paths=64 * 1_024), chunk).sums


# ---- Sobol ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payoff", "model", "changes", "expected"),
    [
        ("european", "gbm", {"steps": 50}, 10.450583572185565),
        ("european", "merton", {"model_params": {"intensity": 0.3}, "steps": 4}, 11.19146308),
        ("european", "kou", {"volatility": 0.16, "model_params": {"intensity": 1.0}}, None),
        ("asian", "gbm", {"risk_free_rate": 0.06, "dividend_yield": 0.03, "steps": 10}, 5.53274097),
        ("european", "heston", {"steps": 16}, None),
    ],
)
def test_quasi_random_prices(exact, payoff, model, changes, expected):
    if expected is None:
        phi = {
            "kou": exact.product(exact.brownian(0.16, 1.0), exact.kou_jumps(1.0, 0.4, 10.0, 5.0, 1.0)),
            "heston": exact.heston(0.04, 2.0, 0.04, 0.5, -0.7, 1.0),
        }[model]
        expected = exact.lewis(phi, 1, 100.0, 100.0, 0.05, 0.0, 1.0)
    spec = spec_of(payoff, model, **(changes | {"paths": 32 * 2_048, "sampling": "sobol"}))
    found = price(spec)
    assert abs(found.price.value - expected) <= 4 * found.price.standard_error
    chance = price(replace(spec, sampling="independent")).price
    assert found.price.standard_error < 0.9 * chance.standard_error
    assert "Sobol" in found.price.method


def test_the_error_of_scrambles_is_the_true_one():
    seeds = range(60)
    runs = [price(spec_of("european", paths=32 * 64, steps=4, sampling="sobol", seed=seed)) for seed in seeds]
    scores = np.array([(run.price.value - run.exact_price) / run.price.standard_error for run in runs])
    # Student t with 31 degrees of freedom has the variance 31 / 29.
    low, high = stats.chi2.ppf([0.0005, 0.9995], len(seeds)) * 31 / 29
    assert low < float(scores @ scores) < high


# ---- antithetic ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["gbm", "merton", "kou", "heston"])
def test_antithetic_errors_are_those_of_pairs(model):
    spec = spec_of("digital", model, sampling="antithetic", paths=512, steps=4, payoff_params={"strike": 95.0})
    runs = [price(replace(spec, seed=seed)).price for seed in range(300)]
    spread = np.std([run.value for run in runs], ddof=1)
    assert np.sqrt(np.mean([run.standard_error**2 for run in runs])) == pytest.approx(spread, rel=0.15)


# ---- precision target ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampling", ["independent", "antithetic", "sobol"])
def test_it_stops_at_the_first_boundary_that_is_precise_enough(sampling):
    spec = spec_of("digital", paths=1 << 20, sampling=sampling)
    rough = price(replace(spec, paths=8_192)).price.standard_error
    spec = replace(spec, target_se=rough / 1.8)
    found = price(spec)
    assert boundaries(spec)[:3] == (8_192, 16_384, 32_768)
    assert found.stopped_early
    assert found.path_count in boundaries(spec)[1:4]
    assert target_reached(spec, found)
    assert found.price == price(replace(spec, paths=found.path_count, target_se=0.0)).price
    ends = {chunk.first_path + chunk.path_count for chunk in plan_pricing(spec)}
    assert ends.issuperset(boundaries(spec))


def test_a_target_out_of_reach_runs_all_paths():
    spec = spec_of("digital", paths=20_000, target_se=1e-9)
    found = price(spec)
    assert (found.path_count, found.stopped_early, target_reached(spec, found)) == (20_000, False, False)

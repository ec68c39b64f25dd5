"""Simulations that keep only the ends of the paths, and paths of the assets that are kept whole."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from riskwave.compute.errors import InputError
from riskwave.compute.montecarlo import (
    CashFlow,
    SimulationSpec,
    digest,
    estimate_cost,
    plan_chunks,
    run,
    simulate_chunk,
    simulate_path,
    summarize,
    validate,
)

COVARIANCE = [[1e-4, 0.6e-4], [0.6e-4, 4e-4]]
TWO = SimulationSpec(
    mean=[0.0004, 0.0006],
    covariance=COVARIANCE,
    weights=[0.6, 0.4],
    paths=60_000,
    seed=11,
    model="gbm",
    rebalancing="none",
    terminal_only=True,
    distributions=True,
)
ONE = SimulationSpec(
    mean=[0.0005], covariance=[[1e-4]], weights=[1.0], paths=60_000, seed=5, model="gbm", terminal_only=True,
    distributions=True,
)  # fmt: skip


def test_the_end_of_one_lognormal_asset_has_its_law():
    result = run(ONE)
    variance = np.log1p(1e-4 / 1.0005**2)
    logs = np.log1p(result.distributions["returns"])
    law = stats.norm(252 * (np.log1p(0.0005) - variance / 2), np.sqrt(252 * variance))
    assert stats.kstest(logs, law.cdf).pvalue > 1e-3
    assert validate(ONE) == ()


def test_the_end_of_drifting_lognormal_assets_has_the_exact_moments():
    result = run(TWO)
    mean, covariance, weights = np.array(TWO.mean), np.array(COVARIANCE), np.array(TWO.weights)
    growth = np.outer(1 + mean, 1 + mean)
    second = weights @ ((growth + covariance) ** 252 - growth**252) @ weights
    exact = weights @ (1 + mean) ** 252 - 1
    found = result.statistics
    assert abs(found.mean_return.value - exact) < 4 * found.mean_return.standard_error
    assert abs(found.std_return.value - np.sqrt(second)) < 4 * found.std_return.standard_error


def test_only_the_end_is_drawn_and_kept():
    result, cost = run(ONE), estimate_cost(ONE)
    assert [summary.name for summary in result.summaries] == ["returns"]
    assert list(result.distributions) == ["returns"]
    assert result.fan.days.tolist() == [0, 252]
    assert cost.path_steps == ONE.paths
    assert cost.core_seconds < 0.2 * estimate_cost(replace(ONE, terminal_only=False)).core_seconds


@pytest.mark.parametrize(
    "changes",
    [{"model": "normal"}, {"cash_flows": (CashFlow(5, 0.1),)}, {"mean": [0.0] * 2, "covariance": COVARIANCE,
      "weights": [0.5, 0.5]}],
)  # fmt: skip
def test_elsewhere_the_days_are_drawn_and_it_is_said(changes):
    spec = replace(ONE, paths=1_000, **changes)
    assert [warning.code for warning in validate(spec)] == ["PATHS_SIMULATED"]
    np.testing.assert_array_equal(
        run(spec).distributions["returns"], run(replace(spec, terminal_only=False)).distributions["returns"]
    )


def test_the_ends_do_not_depend_on_the_chunks():
    whole = run(TWO)
    parts = [simulate_chunk(TWO, chunk) for chunk in plan_chunks(TWO)]
    assert digest(summarize(TWO, parts[::-1])) == digest(whole)


KEPT = replace(TWO, terminal_only=False, sample_paths=5, paths=1_000, horizon_days=21)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"model": "normal", "rebalancing": "daily"},
        {"model": "student_t", "params": {"degrees": 4.0}},
        {"model": "bootstrap", "mean": None, "covariance": None,
         "history": np.random.default_rng(1).normal(0, 0.01, (60, 2))},
    ],
    ids=["gbm", "normal", "student_t", "bootstrap"],
)  # fmt: skip
def test_kept_paths_are_those_of_the_results_and_can_be_had_alone(changes):
    spec = replace(KEPT, **changes)
    result = run(spec)
    paths = result.sample_paths
    assert paths.shape == (5, 22, 2)
    assert (paths[:, 0] == 1.0).all()
    weights = np.array(spec.weights)
    if spec.rebalancing == "none":
        ends = paths[:, -1] @ weights
    else:
        ends = np.prod(1.0 + (paths[:, 1:] / paths[:, :-1] - 1.0) @ weights, axis=1)
    np.testing.assert_allclose(ends - 1.0, result.distributions["returns"][:5], atol=1e-7)
    alone = simulate_path(spec, 3)
    np.testing.assert_array_equal(alone.asset_paths[0], paths[3])
    assert alone.results[0, 0] == result.distributions["returns"][3]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"sample_paths": -1}, "sample_path_count"),
        ({"sample_paths": 1_001}, "sample_path_count"),
        ({"sample_paths": 100_000, "paths": 200_000}, "sample_path_count"),
        ({"terminal_only": True}, "sample_path_count"),
        ({"mode": "collapsed", "model": "normal", "rebalancing": "daily"}, "mode"),
    ],
)
def test_what_cannot_be_kept_is_refused(changes, field):
    with pytest.raises(InputError) as caught:
        validate(replace(KEPT, **changes))
    assert caught.value.field == field

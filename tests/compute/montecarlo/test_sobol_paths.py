"""Portfolios on scrambled Sobol points: the same laws, smaller errors, and errors that are true."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from riskwave.compute.errors import InputError, TooLargeError
from riskwave.compute.montecarlo import (
    CashFlow,
    Chunk,
    PrecisionTarget,
    SimulationSpec,
    digest,
    plan_chunks,
    run,
    simulate_chunk,
    simulate_path,
    sobol,
    validate,
)
from riskwave.compute.montecarlo.normals import fill_normals

ONE = SimulationSpec(
    mean=[0.0005], covariance=[[1e-4]], weights=[1.0], paths=32 * 512, horizon_days=21, seed=7, sampling="sobol"
)
THREE = replace(
    ONE,
    mean=[0.0004, 0.0006, 0.0],
    covariance=[[1e-4, 0.6e-4, 0.0], [0.6e-4, 4e-4, 0.0], [0.0, 0.0, 2e-4]],
    weights=[0.5, 0.3, 0.2],
    mode="full",
    horizon_days=5,
)


def points_of(spec, scramble, count, rows):
    """Return normals of the first points of one scramble, before the bridge."""
    words = np.empty((rows, count), dtype=np.uint32)
    keys = sobol.scramble_keys(spec.seed, scramble, rows)
    sobol.sobol_words(0, sobol.directions(rows), keys, True, words)
    normals = np.empty((-(-rows // 4) * 4, count), dtype=np.float32)
    padded = np.zeros_like(normals, dtype=np.uint32)
    padded[:rows] = words
    for row in range(0, len(padded), 4):
        fill_normals(padded[row : row + 4], normals[row : row + 4], count)
    return normals[:rows].astype(np.float64)


def brownian(z):
    """Return the increments of a bridge over 5 days: the end, then day 2, then 1, 3 and 4, halving every gap."""
    path = np.zeros((6, *z.shape[1:]))
    path[5] = np.sqrt(5.0) * z[0]
    path[2] = 0.6 * path[0] + 0.4 * path[5] + np.sqrt(6.0 / 5.0) * z[1]
    path[1] = 0.5 * (path[0] + path[2]) + np.sqrt(0.5) * z[2]
    path[3] = 2.0 / 3.0 * path[2] + path[5] / 3.0 + np.sqrt(2.0 / 3.0) * z[3]
    path[4] = 0.5 * (path[3] + path[5]) + np.sqrt(0.5) * z[4]
    return np.diff(path, axis=0)


@pytest.mark.parametrize("model", ["normal", "gbm"])
def test_paths_recomputed_from_their_points(model):
    spec = replace(THREE, model=model)
    scramble, points = 11, 8
    covariance, mean, weights = (np.array(value) for value in (spec.covariance, spec.mean, spec.weights))
    order = [1, 2, 0]  # by what is left of the variances
    if model == "gbm":
        covariance = np.log1p(covariance / np.outer(1 + mean, 1 + mean))
    factor = np.linalg.cholesky(covariance[np.ix_(order, order)])
    z = brownian(points_of(spec, scramble, points, 15).reshape(5, 3, points))
    days = np.einsum("ik,tkj->tij", factor, z)
    if model == "gbm":
        centre = np.log1p(mean[order]) - 0.5 * np.diagonal(covariance)[order]
        daily = np.expm1(centre[:, None] + days)
    else:
        daily = mean[order][:, None] + days
    expected = np.prod(1.0 + np.einsum("i,tij->tj", weights[order], daily), axis=0) - 1.0
    found = simulate_chunk(spec, Chunk(0, 0, 32 * points)).results[0, scramble::32]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def test_a_path_of_every_asset_is_the_same_alone():
    spec = replace(THREE, model="schwartz_smith", mode="auto", sample_paths=70, rebalancing="none")
    whole = simulate_chunk(spec, Chunk(0, 0, 96)).asset_paths
    assert whole.shape == (70, 6, 3)
    np.testing.assert_array_equal(simulate_path(spec, 69).asset_paths[0], whole[69])
    returns = simulate_chunk(spec, Chunk(0, 0, 96)).results[0, :70]
    np.testing.assert_allclose(whole[:, -1] @ spec.weights - 1.0, returns, rtol=1e-9)


def test_a_year_of_one_factor_has_its_exact_law(case_a):
    spec = replace(ONE, horizon_days=252, paths=32 * 256)
    found, plain = run(spec), run(replace(spec, sampling="independent"))
    exact = {
        "mean_return": case_a.return_mean,
        "std_return": case_a.return_std,
        "median_return": case_a.return_quantile(0.5),
        "var_5": case_a.return_quantile(0.05),
        "cvar_5": case_a.return_shortfall(0.05),
        "probability_of_loss": case_a.return_cdf(0.0),
    }
    for name, value in exact.items():
        estimate = getattr(found.statistics, name)
        assert abs(estimate.value - value) < 4 * estimate.standard_error, name
        assert estimate.standard_error < 0.35 * getattr(plain.statistics, name).standard_error, name
    drawdown = next(each for each in found.summaries if each.name == "max_drawdowns")
    assert abs(drawdown.mean.value + case_a.drawdown_moments[0]) < 4 * drawdown.mean.standard_error
    volatility = next(each for each in found.summaries if each.name == "volatilities")
    assert abs(volatility.mean.value - case_a.volatility.mean()) < 4 * volatility.mean.standard_error


@pytest.mark.parametrize("model", ["normal", "gbm", "schwartz1f", "schwartz_smith"])
@pytest.mark.parametrize("rebalancing", ["daily", "none"])
@pytest.mark.parametrize("terminal_only", [False, True])
def test_every_model_has_the_law_of_its_independent_paths(model, rebalancing, terminal_only):
    mode = "full" if model == "normal" else "auto"
    flows = () if terminal_only else (CashFlow(2, 0.02),)
    spec = replace(
        THREE, model=model, rebalancing=rebalancing, terminal_only=terminal_only, mode=mode, cash_flows=flows
    )
    found = run(spec).statistics
    plain = run(replace(spec, sampling="independent", paths=50_000)).statistics
    for name in ("mean_return", "std_return", "var_5", "cvar_1", "probability_of_loss"):
        one, other = getattr(found, name), getattr(plain, name)
        assert abs(one.value - other.value) <= 4 * np.hypot(one.standard_error, other.standard_error), name
    assert found.mean_return.standard_error < 0.1 * plain.mean_return.standard_error


def test_intervals_cover_and_errors_are_true(oracles):
    law = oracles.NormalDays(0.0005, 0.01, 5)
    spec = replace(ONE, horizon_days=5, paths=2_048, terminal_only=True)
    exact = {
        "mean_return": law.return_mean,
        "std_return": law.return_std,
        "median_return": law.return_quantile(0.5),
        "var_5": law.return_quantile(0.05),
        "cvar_5": law.return_shortfall(0.05),
        "probability_of_loss": law.return_cdf(0.0),
    }
    rows = [run(replace(spec, seed=seed)).statistics for seed in range(1_000)]
    for name, value in exact.items():
        estimates = [getattr(row, name) for row in rows]
        covered = np.mean([each.low <= value <= each.high for each in estimates])
        # Ranks and counts are whole numbers, of which an interval has few here: it covers more than it says.
        counted = {"var_5", "median_return", "probability_of_loss"}
        assert 0.925 <= covered <= (1.0 if name in counted else 0.975), (name, covered)
        errors = np.array([each.standard_error for each in estimates])
        spread = np.std([each.value for each in estimates], ddof=1)
        assert 0.85 < np.sqrt(np.mean(errors**2)) / spread < 1.2, name


def test_a_precision_target_ends_it_at_a_boundary():
    target = PrecisionTarget("var_5", 2e-4)
    result = run(replace(ONE, target=target, paths=32 * 2048))
    assert result.stopped_early
    assert result.num_simulations in {8_192, 16_384, 32_768}
    assert result.statistics.var_5.standard_error <= 2e-4


def test_chunks_hold_the_same_points_of_every_scramble():
    for spec in (ONE, THREE, replace(THREE, model="schwartz_smith", mode="auto", horizon_days=2_000)):
        assert all(chunk.path_count % 32 == 0 == chunk.first_path % 32 for chunk in plan_chunks(spec))


def test_seeds_scramble_differently():
    pairs = itertools.combinations([run(replace(ONE, seed=seed, paths=1_024)) for seed in (0, 1, 2**63)], 2)
    assert all(digest(one) != digest(other) for one, other in pairs)


def test_nothing_moves_without_volatility():
    result = run(replace(THREE, covariance=np.zeros((3, 3)), paths=64))
    assert result.statistics.std_return.value == 0.0
    np.testing.assert_allclose(result.statistics.mean_return.value, 1.00038**5 - 1.0, rtol=1e-12)


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"model": "student_t"}, InputError, "sobol goes with gbm, normal, schwartz1f, schwartz_smith"),
        ({"paths": 1_000}, InputError, "32 times a power of two, such as 1024"),
        ({"paths": 32 << 19}, TooLargeError, "at most 8388608 with Sobol points"),
        ({"horizon_days": 22, "mean": [0.0] * 1000}, TooLargeError, "assets"),
        ({"horizon_days": 9_000, **{n: getattr(THREE, n) for n in ("mean", "weights")}, "mode": "full",
          "covariance": np.eye(3) * 1e-6}, TooLargeError, "at most 7067 days with 3 normals a day"),
    ],
)  # fmt: skip
def test_what_does_not_go_with_sobol_points_is_refused(changes, kind, words):
    with pytest.raises(kind, match=words):
        validate(replace(ONE, **changes))

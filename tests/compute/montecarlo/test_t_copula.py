"""The t copula with empirical margins, against the exact moments of its margins and its exact rank correlation."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from riskwave.compute.errors import InputError
from riskwave.compute.montecarlo import SimulationSpec, calibrated, run, simulate_chunk, validate
from riskwave.compute.montecarlo.chunk import Chunk
from riskwave.compute.montecarlo.model import law_of

RNG = np.random.default_rng(4)
DRAWS = RNG.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 700) / np.sqrt(RNG.chisquare(4, (700, 1)) / 4)
HISTORY = np.column_stack([0.0004 + 0.01 * DRAWS[:, 0], np.expm1(0.02 * DRAWS[:, 1])])
SPEC = calibrated(
    SimulationSpec(
        history=HISTORY, weights=[0.6, 0.4], paths=20_000, horizon_days=21, seed=5, model="t_copula",
        params={"degrees": 4.0}, sample_paths=20_000, distributions=True,
    )
)  # fmt: skip


def chi_square_of(z):
    return stats.chi2(len(z)).cdf(np.square(z).sum())


def test_one_asset_has_the_exact_moments_of_its_history():
    spec = replace(SPEC, history=HISTORY[:, :1], weights=[1.0], calibration=None, params={}, sample_paths=0)
    z = []
    growth = 1.0 + HISTORY[:, 0]
    mean, second = growth.mean() ** 21, np.mean(growth**2) ** 21
    for seed in range(20):
        found = run(replace(spec, seed=seed, paths=4_000)).statistics
        z.append((found.mean_return.value - (mean - 1.0)) / found.mean_return.standard_error)
        assert abs(found.std_return.value - np.sqrt(second - mean**2)) < 5 * found.std_return.standard_error
    assert np.abs(z).max() < 4
    assert 5e-4 < chi_square_of(z) < 1 - 5e-4


def test_every_return_was_observed_in_its_frequency():
    paths = simulate_chunk(SPEC, Chunk(0, 0, 5_000)).asset_paths
    daily = paths[:, 1:] / paths[:, :-1] - 1.0
    for asset in range(2):
        ordered = np.sort(HISTORY[:, asset])
        drawn = daily[:, :, asset].ravel()
        rank = np.abs(ordered[:, None] - drawn[:2_000]).argmin(axis=0)
        np.testing.assert_allclose(ordered[rank], drawn[:2_000], atol=1e-12)
        whole = np.searchsorted(ordered + 1e-9, drawn)
        counts = np.bincount(whole, minlength=700)[:700]
        assert stats.chisquare(counts).pvalue > 1e-4


def test_the_dependence_is_that_of_the_copula():
    # Kendall's tau of an elliptical copula is 2 / pi asin(rho), whatever the margins; the joint tail Student's.
    rho = law_of(SPEC).calibration["correlation"][0, 1]
    paths = simulate_chunk(SPEC, Chunk(0, 0, 4_000)).asset_paths
    x, y = (paths[:, 1:] / paths[:, :-1] - 1.0)[:, :3].reshape(-1, 2).T
    tau = stats.kendalltau(x, y).statistic
    error = np.sqrt(2 * (2 * len(x) + 5) / (9 * len(x) * (len(x) - 1)))
    assert abs(tau - 2 / np.pi * np.arcsin(rho)) < 4 * error
    edge = 35 / 700  # 5 % of the observations
    both = np.mean((x <= np.sort(HISTORY[:, 0])[34] + 1e-12) & (y <= np.sort(HISTORY[:, 1])[34] + 1e-12))
    level = stats.t.ppf(edge, 4)
    law = stats.multivariate_t(shape=[[1, rho], [rho, 1]], df=4, seed=1)
    exact = law.cdf([level, level], maxpts=200_000)
    assert abs(both - exact) < 4 * np.sqrt(exact / len(x)) + 1e-4


def test_drifting_weights_have_the_exact_mean():
    found = run(replace(SPEC, rebalancing="none", sample_paths=0)).statistics.mean_return
    exact = np.array([0.6, 0.4]) @ (1 + HISTORY.mean(axis=0)) ** 21 - 1
    assert abs(found.value - exact) < 4 * found.standard_error


def test_what_has_no_ranks_is_refused():
    with pytest.raises(InputError) as caught:
        validate(replace(SPEC, history=HISTORY * [1.0, 0.0], calibration=None))
    assert caught.value.field == "history"
    with pytest.raises(InputError) as caught:
        validate(replace(SPEC, params={"degrees": 1.0}, calibration=None))
    assert caught.value.field == "params.degrees"

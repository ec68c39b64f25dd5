"""Filtered historical simulation, against its exact mean and the exact expectation of its variance."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from riskwave.compute.errors import InputError
from riskwave.compute.montecarlo import Chunk, SimulationSpec, calibrated, run, simulate_chunk, validate
from riskwave.compute.montecarlo.model import law_of


def garch_series(seed, count=1_500):
    rng, variance, series = np.random.default_rng(seed), 1e-4, []
    for z in rng.standard_t(6, count) * np.sqrt(4 / 6):
        series.append(np.sqrt(variance) * z + 0.0003)
        variance = 3e-6 + 0.1 * (series[-1] - 0.0003) ** 2 + 0.87 * variance
    return np.array(series)


HISTORY = np.column_stack([garch_series(1), garch_series(2)])
SPEC = calibrated(
    SimulationSpec(history=HISTORY, weights=[0.7, 0.3], paths=20_000, horizon_days=30, seed=5, model="garch_fhs")
)


def test_the_mean_is_exact_over_twenty_seeds():
    # The residuals have mean 0 exactly, so wealth over the mean growth is a martingale whatever the volatilities do.
    exact = (1.0 + HISTORY.mean(axis=0) @ [0.7, 0.3]) ** 30 - 1.0
    means = [run(replace(SPEC, seed=seed, paths=4_000)).statistics.mean_return for seed in range(20)]
    z = np.array([(mean.value - exact) / mean.standard_error for mean in means])
    assert np.abs(z).max() < 4
    assert 5e-4 < stats.chi2(20).cdf(np.square(z).sum()) < 1 - 5e-4


def test_the_variance_moves_as_the_recursion_expects():
    # E s_t^2 = s^2 + (alpha + beta)^(t - 1) (s_1^2 - s^2) with s^2 = omega / (1 - alpha - beta), from today's s_1.
    paths = simulate_chunk(replace(SPEC, sample_paths=20_000), Chunk(0, 0, 20_000)).asset_paths
    daily = paths[:, 1:] / paths[:, :-1] - 1.0 - HISTORY.mean(axis=0)
    omega, alpha, beta, first = law_of(SPEC).calibration["garch"]
    long_run = omega / (1 - alpha - beta)
    for day in (1, 2, 10, 30):
        exact = long_run + (alpha + beta) ** (day - 1) * (first - long_run)
        squares = daily[:, day - 1] ** 2
        z = (squares.mean(axis=0) - exact) / (squares.std(axis=0) / np.sqrt(len(squares)))
        assert np.abs(z).max() < 4


def test_a_nervous_market_stays_nervous():
    calm, nervous = HISTORY.copy(), HISTORY.copy()
    calm[-20:] *= 0.2
    nervous[-20:] *= 3.0
    spread = [run(replace(SPEC, history=h, calibration=None, paths=2_000)).statistics.std_return.value
              for h in (calm, nervous)]  # fmt: skip
    assert spread[1] > 1.5 * spread[0]


def test_assets_move_on_the_same_day_of_the_history():
    twins = np.column_stack([HISTORY[:, 0], HISTORY[:, 0]])
    spec = calibrated(replace(SPEC, history=twins, calibration=None, sample_paths=5, paths=1_000))
    paths = run(spec).sample_paths
    np.testing.assert_array_equal(paths[:, :, 0], paths[:, :, 1])


def test_too_short_a_history_is_refused():
    with pytest.raises(InputError) as caught:
        validate(replace(SPEC, history=HISTORY[:50], calibration=None))
    assert caught.value.field == "history"

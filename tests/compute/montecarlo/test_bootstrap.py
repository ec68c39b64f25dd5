import doctest
import math

import numpy as np
import pytest

from riskwave.compute.errors import InputError, NotFiniteError, SeriesTooShortError
from riskwave.compute.montecarlo import SimulationSpec, block_length, run, validate
from riskwave.compute.montecarlo.block_length import politis_white_block_length

HISTORY = np.random.default_rng(4).standard_t(4, (200, 2)) * 0.01 + np.array([0.0004, 0.0006])
WEIGHTS = np.array([0.6, 0.4])


def bootstrap(**options):
    given = {"history": HISTORY, "weights": WEIGHTS, "model": "bootstrap", "paths": 200_000, "seed": 1} | options
    return SimulationSpec(**given)


def autoregression(coefficient, count, seed):
    noise = np.random.default_rng(seed).normal(size=count)
    series = np.empty(count)
    series[0] = noise[0]
    for i in range(1, count):
        series[i] = coefficient * series[i - 1] + noise[i]
    return series


@pytest.mark.parametrize("mode", ["collapsed", "full"])
def test_days_drawn_anew_have_the_exact_moments(mode):
    """Independent days: E W = (mean of 1 + r)^T and E W^2 = (mean of (1 + r)^2)^T; a shuffle would have no variance."""
    growth = 1.0 + HISTORY @ WEIGHTS
    mean = growth.mean() ** 252 - 1.0
    std = math.sqrt((growth**2).mean() ** 252 - growth.mean() ** 504)
    found = run(bootstrap(params={"block_length": 1.0}, mode=mode)).statistics
    assert abs(found.mean_return.value - mean) <= 4 * found.mean_return.standard_error
    assert abs(found.std_return.value - std) <= 4 * found.std_return.standard_error


def test_drifting_weights_have_the_exact_moments():
    growth = 1.0 + HISTORY
    means = growth.mean(axis=0) ** 252
    second = (growth.T @ growth / len(growth)) ** 252
    std = math.sqrt(WEIGHTS @ (second - np.outer(means, means)) @ WEIGHTS)
    found = run(bootstrap(params={"block_length": 1.0}, rebalancing="none")).statistics
    assert abs(found.mean_return.value - (WEIGHTS @ means - 1.0)) <= 4 * found.mean_return.standard_error
    assert abs(found.std_return.value - std) <= 4 * found.std_return.standard_error


@pytest.mark.parametrize("length", [1.0, 4.0, 25.0])
def test_blocks_keep_the_dependence_that_they_should(length):
    """The variance of a path's mean, exactly: circular autocovariances, each lag kept with (1 - 1 / length)^lag."""
    series = autoregression(0.5, 150, 3) * 0.001
    days = 40
    deviations = series - series.mean()
    circular = [deviations @ np.roll(deviations, lag) / len(series) for lag in range(days)]
    keep = (1.0 - 1.0 / length) ** np.arange(days)
    exact = circular[0] / days + 2 * sum((1 - k / days) * keep[k] * circular[k] for k in range(1, days)) / days
    result = run(
        bootstrap(history=series, weights=[1.0], params={"block_length": length}, horizon_days=days, distributions=True)
    ).distributions
    means = result["sharpe_ratios"] * result["volatilities"] / 252.0
    z = (means.mean() - series.mean()) / (means.std() / math.sqrt(len(means)))
    assert abs(z) <= 4.0
    squares = (means - series.mean()) ** 2
    assert abs(squares.mean() - exact) <= 4 * squares.std() / math.sqrt(len(squares))


@pytest.mark.parametrize("coefficient", [0.3, 0.5, 0.7])
def test_the_block_length_of_an_autoregression(coefficient):
    """Politis and White's optimum for it is (2 a / (1 - a^2))^(2/3) n^(1/3)."""
    count = 20_000
    found = np.mean([politis_white_block_length(autoregression(coefficient, count, seed)) for seed in range(5)])
    exact = (2 * coefficient / (1 - coefficient**2)) ** (2 / 3) * count ** (1 / 3)
    assert found == pytest.approx(exact, rel=0.2)


def test_the_block_length_is_chosen_and_reported():
    history = autoregression(0.6, 1_000, 2) * 0.001
    (warning,) = validate(bootstrap(history=history, weights=[1.0]))
    assert warning.code == "BLOCK_LENGTH_CHOSEN"
    assert f"{politis_white_block_length(history):g} days" in warning.message
    assert validate(bootstrap(history=history, weights=[1.0], params={"block_length": 7.0})) == ()


@pytest.mark.parametrize("series", [np.zeros(50), np.full(50, 0.1)])
def test_a_constant_history_has_blocks_of_one_day(series):
    assert politis_white_block_length(series) == 1.0
    result = run(bootstrap(history=series, weights=[1.0], paths=100, horizon_days=5))
    assert result.statistics.std_return.value == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("change", "kind", "field"),
    [
        ({"history": None}, InputError, "history"),
        ({"history": np.zeros((9, 2))}, SeriesTooShortError, "history"),
        ({"history": np.full((20, 2), math.nan)}, NotFiniteError, "history[0, 0]"),
        ({"mean": [0.0, 0.0]}, InputError, "mean"),
        ({"params": {"block_length": 0.5}}, InputError, "params.block_length"),
        ({"sampling": "antithetic"}, InputError, "sampling"),
    ],
)
def test_bad_input_is_refused_by_name(change, kind, field):
    with pytest.raises(InputError) as caught:
        validate(bootstrap(**change))
    assert type(caught.value) is kind
    assert caught.value.field == field


def test_other_models_refuse_a_history():
    with pytest.raises(InputError, match="history was given"):
        validate(bootstrap(model="normal", mean=[0.0, 0.0], covariance=np.eye(2) * 1e-4))
    with pytest.raises(InputError, match="mean was missing"):
        validate(bootstrap(model="normal", history=None))


def test_a_day_that_loses_everything_is_reported():
    history = np.full(20, 0.01)
    history[7] = -3.06
    codes = [warning.code for warning in validate(bootstrap(history=history, weights=[1.0], horizon_days=10))]
    assert "RETURN_BELOW_MINUS_ONE" in codes


def test_examples():
    assert doctest.testmod(block_length).failed == 0

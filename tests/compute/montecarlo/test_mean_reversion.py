"""The commodity models as portfolios, against their lognormal laws."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from riskwave.compute.montecarlo import SimulationSpec, run
from riskwave.compute.montecarlo.mean_reversion import variance_ratio

COVARIANCE = np.array([[4e-4, 1.5e-4], [1.5e-4, 2e-4]])
ONE = SimulationSpec(
    mean=[0.0004], covariance=[[4e-4]], weights=[1.0], paths=20_000, horizon_days=126, seed=9, model="schwartz_smith",
    params={"kappa": 4.0, "transient_share": 0.8}, distributions=True,
)  # fmt: skip
TWO = replace(ONE, mean=[0.0004, 0.0], covariance=COVARIANCE, weights=[0.6, 0.4])


def log_law(spec, covariance=4e-4, mean=0.0004):
    share = spec.params.get("transient_share", 1.0)
    decay = np.exp(-spec.params["kappa"] / 252)
    daily = np.log1p(covariance / (1 + mean) ** 2)
    days = spec.horizon_days
    reverting = sum(decay ** (2 * t) for t in range(days))
    variance = daily * (share * reverting + (1 - share) * days)
    return stats.norm(days * np.log1p(mean) - variance / 2, np.sqrt(variance))


@pytest.mark.parametrize("changes", [{}, {"terminal_only": True}, {"model": "schwartz1f", "params": {"kappa": 4.0}}])
def test_the_end_is_lognormal_with_the_reverting_variance(changes):
    spec = replace(ONE, **changes)
    z = []
    for seed in range(20):
        result = run(replace(spec, seed=seed, paths=2_000))
        law = log_law(spec)
        logs = np.log1p(result.distributions["returns"])
        assert stats.kstest(logs, law.cdf).pvalue > 1e-4
        mean = result.statistics.mean_return
        z.append((mean.value - (1.0004**126 - 1)) / mean.standard_error)
    assert np.abs(z).max() < 4
    assert 5e-4 < stats.chi2(20).cdf(np.square(z).sum()) < 1 - 5e-4


def test_the_first_day_is_that_of_geometric_brownian_motion():
    day = replace(ONE, horizon_days=1)
    other = run(replace(day, model="gbm", params={})).statistics
    mine = run(day).statistics
    assert abs(mine.std_return.value - other.std_return.value) < 4 * np.hypot(
        mine.std_return.standard_error, other.std_return.standard_error
    )


def test_no_reversion_is_geometric_brownian_motion():
    spec = replace(ONE, params={"kappa": 0.0, "transient_share": 1.0}, paths=500)
    plain = run(replace(spec, model="gbm", params={}))
    np.testing.assert_allclose(
        run(spec).distributions["returns"], plain.distributions["returns"], rtol=0, atol=1e-5
    )  # the shocks are summed in another order, in float32
    assert variance_ratio(252, 0.0, 1.0) == 252


def test_rebalancing_earns_what_reversion_gives():
    # E prod_t (sum_i w_i G_ti), expanded over the 2^days choices of an asset a day: each term is a lognormal's mean.
    spec = replace(TWO, horizon_days=6, params={"kappa": 100.0, "transient_share": 0.9}, paths=200_000)
    decay, share = np.exp(-100.0 / 252), 0.9
    growth = 1 + np.array(spec.mean)
    log_covariance = np.log1p(COVARIANCE / np.outer(growth, growth))
    # Loadings of each day's log return on the reverting shocks of all days up to it.
    loadings = np.zeros((6, 6))
    for day in range(6):
        for shock in range(day + 1):
            loadings[day, shock] = 1.0 if shock == day else decay ** (day - shock) - decay ** (day - shock - 1)
    across = share * loadings @ loadings.T + (1 - share) * np.eye(6)
    exact = 0.0
    for choice in itertools.product((0, 1), repeat=6):
        held = list(choice)
        pairs = across * log_covariance[np.ix_(held, held)]
        ratios = np.diff([variance_ratio(day, 100.0, share) for day in range(7)])
        drift = np.log(growth[held]) - 0.5 * ratios * np.diag(log_covariance)[held]
        exact += np.prod(np.array(spec.weights)[held]) * np.exp(drift.sum() + 0.5 * pairs.sum())
    mean = run(spec).statistics.mean_return
    assert abs(mean.value - (exact - 1)) < 4 * mean.standard_error


@pytest.mark.parametrize("terminal", [True, False])
def test_drifting_weights_have_the_exact_moments(terminal):
    spec = replace(TWO, rebalancing="none", terminal_only=terminal)
    growth = 1 + np.array(spec.mean)
    ratio = variance_ratio(126, 4.0, 0.8)
    log_covariance = np.log1p(COVARIANCE / np.outer(growth, growth)) * ratio
    ends = growth**126
    weights = np.array(spec.weights)
    found = run(spec).statistics
    spread = np.sqrt(weights @ (np.outer(ends, ends) * np.expm1(log_covariance)) @ weights)
    assert abs(found.mean_return.value - (weights @ ends - 1)) < 4 * found.mean_return.standard_error
    assert abs(found.std_return.value - spread) < 4 * found.std_return.standard_error

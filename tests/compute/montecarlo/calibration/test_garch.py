"""GARCH(1,1) by maximum likelihood, against parameters that are known."""

import math

import numpy as np
import pytest

from riskwave.compute.errors import InputError
from riskwave.compute.montecarlo.calibration import fit_garch


def series(seed, count=3_000, omega=2e-6, alpha=0.08, beta=0.9):
    rng, variance, found = np.random.default_rng(seed), omega / (1 - alpha - beta), []
    for z in rng.standard_normal(count):
        found.append(math.sqrt(variance) * z)
        variance = omega + alpha * found[-1] ** 2 + beta * variance
    return np.array(found)


def log_likelihood(returns, omega, alpha, beta):
    """The likelihood once more, day by day in plain Python."""
    deviations = returns - returns.mean()
    variance, total = deviations.var(), 0.0
    for deviation in deviations:
        total -= 0.5 * (math.log(2 * math.pi * variance) + deviation**2 / variance)
        variance = omega + alpha * deviation**2 + beta * variance
    return total


def test_known_parameters_are_recovered_within_their_errors():
    z = []
    for seed in range(10):
        fit = fit_garch(series(seed))
        z.append((np.array([fit.omega, fit.alpha, fit.beta]) - [2e-6, 0.08, 0.9]) / fit.standard_errors)
    z = np.array(z)
    assert np.abs(z).max() < 4.5
    assert (np.abs(z.mean(axis=0)) * np.sqrt(10) < 4).all()


def test_the_likelihood_is_the_highest_one():
    returns = series(3)
    fit = fit_garch(returns)
    top = log_likelihood(returns, fit.omega, fit.alpha, fit.beta)
    assert fit.log_likelihood == pytest.approx(top, rel=1e-12)
    for scale in ((1.05, 1, 1), (1, 1.05, 1), (1, 1, 1.002), (0.95, 1, 1), (1, 0.95, 1), (1, 1, 0.998)):
        assert log_likelihood(returns, fit.omega * scale[0], fit.alpha * scale[1], fit.beta * scale[2]) < top


def test_variances_and_residuals_belong_together():
    returns = series(4)
    fit = fit_garch(returns)
    np.testing.assert_allclose(fit.mean + np.sqrt(fit.variances) * fit.residuals, returns, atol=1e-15)
    following = fit.omega + fit.alpha * (returns[-1] - fit.mean) ** 2 + fit.beta * fit.variances[-1]
    assert fit.next_variance == pytest.approx(following, rel=1e-12)


def test_the_unit_of_the_returns_does_not_matter():
    returns = series(5)
    fit, percent = fit_garch(returns), fit_garch(100 * returns)
    assert percent.alpha == pytest.approx(fit.alpha, rel=1e-6)
    assert percent.omega == pytest.approx(1e4 * fit.omega, rel=1e-6)


def test_independent_returns_have_no_clusters():
    fit = fit_garch(np.random.default_rng(1).normal(0, 0.01, 3_000))
    assert fit.alpha < 0.03
    assert fit.omega / (1 - fit.alpha - fit.beta) == pytest.approx(1e-4, rel=0.1)


@pytest.mark.parametrize("returns", [np.zeros(200), np.ones(50), np.full(200, np.nan), np.ones((200, 2))])
def test_what_has_no_garch_is_refused(returns):
    with pytest.raises(InputError) as caught:
        fit_garch(returns)
    assert caught.value.field == "history"

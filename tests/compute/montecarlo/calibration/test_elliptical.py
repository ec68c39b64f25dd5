"""Student t, t copula and lognormal laws, against parameters that are known and SciPy's own fit."""

import numpy as np
import pytest
from scipy import stats

from riskwave.compute.errors import InputError
from riskwave.compute.montecarlo.calibration import fit_lognormal, fit_student_t, fit_t_copula

SHAPE = np.array([[1.0, 0.5], [0.5, 2.0]]) * 1e-4


def draws(seed, degrees=5.0, count=3_000):
    return stats.multivariate_t([1e-3, 0.0], SHAPE, degrees, seed=seed).rvs(count)


def test_student_t_is_recovered_within_its_error():
    fits = [fit_student_t(draws(seed)) for seed in range(8)]
    z = np.array([(fit.degrees - 5.0) / fit.degrees_standard_error for fit in fits])
    assert np.abs(z).max() < 4
    scale = np.mean([fit.covariance * (fit.degrees - 2) / fit.degrees for fit in fits], axis=0)
    np.testing.assert_allclose(scale, SHAPE, rtol=0.03)


def test_one_series_has_scipys_likelihood():
    series = draws(1)[:, 0]
    fit = fit_student_t(series)
    degrees, location, scale = stats.t.fit(series)
    assert fit.log_likelihood == pytest.approx(stats.t.logpdf(series, degrees, location, scale).sum(), abs=1e-3)
    assert fit.degrees == pytest.approx(degrees, rel=1e-3)


def test_the_copula_does_not_see_the_margins():
    values = draws(2)
    plain, bent = fit_t_copula(values), fit_t_copula(np.column_stack([np.expm1(values[:, 0]), values[:, 1] ** 3]))
    assert plain.degrees == bent.degrees
    np.testing.assert_array_equal(plain.correlation, bent.correlation)
    assert plain.correlation[0, 1] == pytest.approx(0.5 / np.sqrt(2), abs=0.05)
    assert 3.5 < plain.degrees < 8


def test_normal_dependence_has_many_degrees():
    values = np.random.default_rng(3).multivariate_normal([0, 0], SHAPE, 3_000)
    assert fit_t_copula(values).degrees > 20


def test_lognormal_prices():
    logs = np.random.default_rng(4).multivariate_normal([3e-4, 1e-4], SHAPE, 5_000)
    fit = fit_lognormal(100 * np.exp(np.cumsum(logs, axis=0)))
    np.testing.assert_allclose(fit.log_covariance, np.cov(logs[1:], rowvar=False), rtol=1e-12)
    # The simple returns' moments are the lognormal law's; the observed ones differ by its sampling error alone.
    simple = np.expm1(logs)
    np.testing.assert_allclose(fit.mean, simple.mean(axis=0), atol=4e-6)
    np.testing.assert_allclose(fit.covariance, np.cov(simple, rowvar=False), rtol=0.02)


@pytest.mark.parametrize("prices", [[1.0, 2.0], [1.0, -1.0, 2.0], [1.0, np.nan, 2.0]])
def test_prices_without_logarithms_are_refused(prices):
    with pytest.raises(InputError):
        fit_lognormal(prices)

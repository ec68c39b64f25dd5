"""Covariance estimators against published values, NumPy and pandas; repairs against Higham's examples."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskwave.compute.errors import InputError, NotPositiveSemidefiniteError, SeriesTooShortError, UnknownNameError
from riskwave.compute.risk import COVARIANCE_ESTIMATORS, compute_covariance, covariance
from riskwave.compute.risk.covariance import clip_eigenvalues, nearest_correlation


def returns(observations=200, assets=5, seed=2):
    rng = np.random.default_rng(seed)
    return 0.01 * rng.normal(size=(observations, assets)) @ (np.eye(assets) + 0.3) + 0.001


def test_docstring_example():
    assert doctest.testmod(covariance).failed == 0


def test_ledoit_wolf_equals_scikit_learn():
    draws = np.random.RandomState(0).multivariate_normal([0, 0], [[0.4, 0.2], [0.2, 0.8]], 50)
    report = compute_covariance(draws, estimator="ledoit_wolf")
    expected = [[0.44067332, 0.16161585], [0.16161585, 0.80226294]]
    np.testing.assert_allclose(report.covariance, expected, atol=5e-9)
    np.testing.assert_allclose(report.mean, (0.0595348, -0.00756804), atol=5e-8)
    assert report.shrinkage == pytest.approx(0.23025406200239137, rel=1e-13)


def test_oas_equals_scikit_learn():
    draws = np.random.RandomState(0).multivariate_normal([0, 0], [[0.8, 0.3], [0.3, 0.4]], 500)
    report = compute_covariance(draws, estimator="oas")
    expected = [[0.75337235, 0.27634855], [0.27634855, 0.39644751]]
    np.testing.assert_allclose(report.covariance, expected, atol=5e-9)
    assert report.shrinkage == pytest.approx(0.01957582121241239, rel=1e-13)


def test_oas_with_the_terms_of_its_paper():
    draws = returns(60, 4)
    sample = np.cov(draws.T, bias=True)
    square, trace = np.trace(sample @ sample), np.trace(sample)
    expected = (0.5 * square + trace**2) / ((61 - 0.5) * (square - trace**2 / 4))
    report = compute_covariance(draws, estimator="oas", params={"small_dimension_terms": True})
    assert report.shrinkage == pytest.approx(expected, rel=1e-12)


def test_sample_equals_numpy_and_is_annualised():
    data = returns()
    report = compute_covariance(data, periods_per_year=252)
    np.testing.assert_allclose(report.covariance, 252 * np.cov(data.T), rtol=1e-12)
    np.testing.assert_allclose(report.correlation, np.corrcoef(data.T), rtol=1e-12)
    assert report.shrinkage is None
    assert report.min_eigenvalue == pytest.approx(np.linalg.eigvalsh(np.cov(data.T))[0], rel=1e-9)
    assert report.warnings == ()


def test_ewma_equals_the_riskmetrics_recursion():
    data = returns(3_000)  # so long that the start has no weight
    expected = np.outer(data[0], data[0])
    for row in data[1:]:
        expected = 0.94 * expected + 0.06 * np.outer(row, row)
    np.testing.assert_allclose(compute_covariance(data, estimator="ewma").covariance, expected, rtol=1e-12)


def test_centred_ewma_equals_pandas():
    data = returns(80, 3)
    expected = pd.DataFrame(data).ewm(alpha=0.03).cov(bias=True).loc[79].to_numpy()
    report = compute_covariance(data, estimator="ewma", params={"decay": 0.97, "centred": True})
    np.testing.assert_allclose(report.covariance, expected, rtol=1e-10)


@pytest.mark.parametrize("name", COVARIANCE_ESTIMATORS.names())
@pytest.mark.parametrize(("observations", "assets"), [(10, 1), (30, 4), (20, 30), (500, 12)])
def test_every_estimator_is_symmetric_and_positive_semidefinite(name, observations, assets):
    report = compute_covariance(returns(observations, assets), estimator=name)
    np.testing.assert_array_equal(report.covariance, report.covariance.T)
    assert np.linalg.eigvalsh(report.covariance)[0] >= -1e-17
    np.testing.assert_array_equal(np.diagonal(report.correlation), 1.0)
    assert not report.repaired


@pytest.mark.parametrize("name", COVARIANCE_ESTIMATORS.names())
def test_every_estimator_follows_units(name):
    data = returns()
    expected = 4.0 * compute_covariance(data, estimator=name).covariance
    np.testing.assert_allclose(compute_covariance(2.0 * data, estimator=name).covariance, expected, rtol=1e-10)


def test_more_assets_than_observations():
    report = compute_covariance(returns(20, 30))
    assert report.condition_number == math.inf
    assert report.warnings[0].code == "COVARIANCE_SINGULAR"
    assert "the covariance of 30 assets from 20 observations is singular" in report.warnings[0].message
    assert compute_covariance(returns(20, 30), estimator="ledoit_wolf").condition_number < 1e4


def test_constant_asset_has_no_correlation():
    data = returns(30, 3)
    data[:, 1] = 0.0
    report = compute_covariance(data)
    assert np.isnan(report.correlation[1]).all()
    assert np.isfinite(report.correlation[0, 2])


def test_nearest_correlation_of_higham():
    matrix = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    repaired, smallest, changed = nearest_correlation(matrix)
    # Higham (2002), section 4.
    expected = [[1.0, 0.7607, 0.1573], [0.7607, 1.0, 0.7607], [0.1573, 0.7607, 1.0]]
    np.testing.assert_allclose(repaired, expected, atol=5e-5)
    assert smallest == pytest.approx(1.0 - math.sqrt(2.0))
    assert changed


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_repairs_give_what_a_random_vector_can_have(assets, seed):
    matrix = np.random.default_rng(seed).uniform(-1.0, 1.0, size=(assets, assets))
    matrix = 0.5 * (matrix + matrix.T)
    np.fill_diagonal(matrix, 1.0)
    repaired, smallest, changed = nearest_correlation(matrix)
    assert changed == (smallest < -1e-12)
    assert np.linalg.eigvalsh(repaired)[0] >= -1e-9
    np.testing.assert_array_equal(np.diagonal(repaired), 1.0)
    clipped, _, _ = clip_eigenvalues(matrix)
    assert np.linalg.eigvalsh(clipped)[0] >= -1e-12
    # Nothing positive semi-definite is nearer than the clipped matrix.
    assert np.linalg.norm(clipped - matrix) <= np.linalg.norm(repaired - matrix) + 1e-9


def test_what_random_vectors_have_stays_as_it_is():
    matrix = np.array([[1.0, 0.5], [0.5, 1.0]])
    assert nearest_correlation(matrix)[0] is matrix
    assert clip_eigenvalues(matrix)[0] is matrix


def test_a_repair_that_does_not_settle_is_refused():
    matrix = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    with pytest.raises(
        NotPositiveSemidefiniteError, match=r"correlation was a matrix with the smallest eigenvalue -0.41"
    ):
        nearest_correlation(matrix, iterations_max=2)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"estimator": "ledoit"}, UnknownNameError, 'unknown estimator "ledoit"; did you mean'),
        (
            {"estimator": "ewma", "params": {"lambda": 0.9}},
            UnknownNameError,
            'unknown parameter "lambda"; it must be one of',
        ),
        ({"estimator": "ewma", "params": {"decay": 1}}, InputError, "params.decay was 1; it must be a number from 0.5"),
        ({"periods_per_year": -1}, InputError, "periods_per_year was -1"),
    ],
)
def test_bad_options(options, error, message):
    with pytest.raises(error) as caught:
        compute_covariance(returns(), **options)
    assert message in str(caught.value)


def test_too_few_observations():
    with pytest.raises(SeriesTooShortError, match="returns was 9 observations"):
        compute_covariance(returns(9))

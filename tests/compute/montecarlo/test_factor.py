import numpy as np
import pytest

from riskwave.compute.montecarlo.factor import pivoted_cholesky


@pytest.mark.parametrize(("n", "rank"), [(1, 1), (2, 2), (5, 5), (5, 2), (40, 40), (40, 7)])
def test_the_factor_reproduces_the_covariance(n, rank):
    loadings = np.random.default_rng(n).normal(size=(n, rank))
    covariance = loadings @ loadings.T
    factor, order = pivoted_cholesky(covariance)
    assert factor.shape == (n, rank)
    assert sorted(order) == list(range(n))
    np.testing.assert_allclose(factor @ factor.T, covariance[np.ix_(order, order)], atol=1e-12 * n)
    assert np.all(np.triu(factor, 1) == 0.0)


def test_a_zero_covariance_has_rank_zero():
    factor, order = pivoted_cholesky(np.zeros((3, 3)))
    assert factor.shape == (3, 0)
    assert order.tolist() == [0, 1, 2]


def test_a_riskless_asset_beside_a_risky_one():
    factor, order = pivoted_cholesky(np.diag([0.0, 4.0]))
    assert factor.tolist() == [[2.0], [0.0]]
    assert order.tolist() == [1, 0]

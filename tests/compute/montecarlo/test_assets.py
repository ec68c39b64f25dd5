import numpy as np
import pytest

from riskwave.compute.montecarlo.assets import ASSET_LANES, multiply_trapezoidal, weigh_rebalanced


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("width", [1, 31, 32, 33, ASSET_LANES])
@pytest.mark.parametrize(("rows", "columns"), [(4, 4), (12, 4), (12, 12), (52, 52)])
def test_the_product_is_that_of_exact_sums(dtype, width, rows, columns):
    rng = np.random.default_rng(rows)
    factor = np.tril(rng.normal(size=(rows, columns))).astype(dtype)
    normals = rng.normal(size=(columns, ASSET_LANES)).astype(dtype)
    product = np.full((rows, ASSET_LANES), np.nan, dtype=dtype)
    multiply_trapezoidal(factor, normals, product, width)
    exact = factor.astype(np.float64) @ normals.astype(np.float64)
    bound = columns * np.finfo(dtype).eps * (np.abs(factor) @ np.abs(normals))
    assert (np.abs(product - exact) <= bound)[:, :width].all()
    assert np.isnan(product[:, -(-width // 32) * 32 :]).all()


def test_the_sums_of_a_path_do_not_depend_on_its_place():
    rng = np.random.default_rng(1)
    factor = np.tril(rng.normal(size=(8, 8))).astype(np.float32)
    normals = np.repeat(rng.normal(size=(8, 1)), ASSET_LANES, axis=1).astype(np.float32)
    product = np.empty((8, ASSET_LANES), dtype=np.float32)
    multiply_trapezoidal(factor, normals, product, ASSET_LANES)
    assert (product == product[:, :1]).all()


@pytest.mark.parametrize("assets", [1, 3, 4, 5, 8, 11])
def test_a_rebalanced_portfolio_is_the_weighted_sum(assets):
    rng = np.random.default_rng(assets)
    deviations, weights = rng.normal(size=(12, 64)).astype(np.float32), rng.normal(size=assets)
    portfolio = np.empty(64)
    weigh_rebalanced(deviations, weights, portfolio, 50)
    np.testing.assert_allclose(portfolio[:50], weights @ deviations[:assets, :50], rtol=0, atol=1e-14)

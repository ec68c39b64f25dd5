"""The oracles reproduce values that were computed independently of them."""

import numpy as np
import pytest

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
CASES = {
    "case_a": {
        "moments": (0.13424645, 0.1811001, 0.48106857, 0.41381984),
        "returns": (-0.2258574, -0.1373278, 0.0063951, 0.1201126, 0.2466229, 0.4539856, 0.6198226),
        "loss": 0.2374145,
        "shortfall": (-0.1913737, -0.2655759),
        "sharpe": (0.796107, 1.0046423, -0.8531678, 0.7945167, 2.4508037),
        "drawdown": (0.135636, 0.051943, 0.070154, 0.097314, 0.125375, 0.163700, 0.236263, 0.294362),
    },
    "case_b": {
        "moments": (0.0, 0.1597464, 0.48131616, 0.41424877),
        "returns": (-0.3176176, -0.2395404, -0.1127779, -0.0124734, 0.0991209, 0.2820468, 0.42835),
        "loss": 0.5315081,
        "shortfall": (-0.2872059, -0.3526455),
        "sharpe": (0.0, 1.004008, -1.650947, 0.0, 1.650947),
        "drawdown": (0.172638, 0.066363, 0.084475, 0.121974, 0.161505, 0.212896, 0.298174, 0.359207),
    },
}


@pytest.mark.parametrize("name", CASES)
def test_the_oracles_agree_with_independent_values(name, request):
    law, expected = request.getfixturevalue(name), CASES[name]
    moments = law.return_mean, law.return_std, law.return_skewness, law.return_kurtosis - 3.0
    assert moments == pytest.approx(expected["moments"], abs=6e-8)
    assert [law.return_quantile(p) for p in QUANTILES] == pytest.approx(expected["returns"], abs=1.5e-6)
    assert law.return_cdf(0.0) == pytest.approx(expected["loss"], abs=1.5e-6)
    assert [law.return_shortfall(p) for p in (0.05, 0.01)] == pytest.approx(expected["shortfall"], abs=1.5e-6)
    sharpe = law.sharpe
    found = [sharpe.mean(), sharpe.std(), *(sharpe.ppf(p) for p in (0.05, 0.5, 0.95))]
    assert found == pytest.approx(expected["sharpe"], abs=1e-6)
    volatility = law.volatility
    found = [volatility.mean(), volatility.std(), volatility.ppf(0.05), volatility.ppf(0.95)]
    assert found == pytest.approx([0.15858705, 0.00708160, 0.1470292, 0.17032506], abs=1e-7)
    depths = [law.drawdown_quantile(p) for p in QUANTILES[1:]]
    assert [*law.drawdown_moments, *depths] == pytest.approx(expected["drawdown"], abs=3e-6)


def test_the_terminal_law_has_the_closed_moments(case_a):
    probabilities = (np.arange(2000) + 0.5) / 2000
    values = np.array([case_a.return_quantile(p) for p in probabilities])
    assert values.mean() == pytest.approx(case_a.return_mean, abs=2e-4)
    assert case_a.return_cdf(case_a.return_quantile(0.3)) == pytest.approx(0.3, abs=1e-12)

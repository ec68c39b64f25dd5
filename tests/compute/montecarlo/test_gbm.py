import math

import numpy as np
import pytest
from scipy import stats

from riskwave.compute.errors import InputError, NotPositiveSemidefiniteError
from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo import SimulationSpec, run, validate
from riskwave.compute.montecarlo.exponential import exp64

TWO_ASSETS = {
    "mean": np.array([0.0004, 0.0006]),
    "covariance": np.array([[1e-4, 0.6e-4], [0.6e-4, 4e-4]]),
    "weights": np.array([0.6, 0.4]),
    "model": "gbm",
}


@kernel()
def _exponentials(values, out):
    for i in range(len(values)):
        out[i] = exp64(values[i])


def test_the_exponential():
    x = np.concatenate([np.linspace(-700, 700, 100_001), np.linspace(-0.4, 0.4, 100_001), [0.0]])
    out = np.empty_like(x)
    _exponentials(x, out)
    np.testing.assert_allclose(out, np.exp(x), rtol=4.5e-16)
    assert out[-1] == 1.0


def test_one_asset_is_lognormal():
    mean, variance, days = 0.0005, 1e-4, 252
    log_variance = math.log1p(variance / (1 + mean) ** 2)
    law = stats.lognorm(math.sqrt(days * log_variance), scale=math.exp(days * (math.log1p(mean) - 0.5 * log_variance)))
    found = run(SimulationSpec(mean=[mean], covariance=[[variance]], weights=[1.0], paths=200_000, seed=1, model="gbm"))
    statistics, returns = found.statistics, found.summaries[0]
    tail = law.expect(lambda w: w - 1.0, lb=0.0, ub=law.ppf(0.05)) / 0.05
    expected = [
        (statistics.mean_return, law.mean() - 1.0),
        (statistics.std_return, law.std()),
        (statistics.probability_of_loss, law.cdf(1.0)),
        (statistics.cvar_5, tail),
        *((q.estimate, law.ppf(q.probability) - 1.0) for q in returns.quantiles),
    ]
    assert max(abs((item.value - exact) / item.standard_error) for item, exact in expected) <= 4.0


@pytest.mark.parametrize(
    ("rebalancing", "mean", "std"),
    [
        ("daily", 0.12854701610732322, 0.20487332764916838),
        ("none", 0.1288904855452897, 0.20869156174003056),
    ],
)
def test_two_assets(rebalancing, mean, std):
    """The first two moments depend on those of the daily returns only, so they are the normal model's."""
    found = run(SimulationSpec(**TWO_ASSETS, paths=400_000, seed=3, rebalancing=rebalancing)).statistics
    assert abs(found.mean_return.value - mean) <= 4 * found.mean_return.standard_error
    assert abs(found.std_return.value - std) <= 4 * found.std_return.standard_error


def test_nothing_loses_more_than_everything():
    spec = SimulationSpec(mean=[0.0], covariance=[[0.25]], weights=[1.0], paths=10_000, horizon_days=20, model="gbm")
    assert validate(spec) == ()
    result = run(spec)
    assert result.statistics.min_return > -1.0
    assert result.summaries[2].minimum > -1.0


def test_it_does_not_collapse():
    with pytest.raises(
        InputError, match="mode was collapsed; it must be full for the model gbm, which takes full when"
    ):
        validate(SimulationSpec(**TWO_ASSETS, paths=10, mode="collapsed"))


def test_a_covariance_that_lognormal_prices_cannot_have():
    spec = TWO_ASSETS | {"mean": [0.0, 0.0], "covariance": [[4.0, -2.0], [-2.0, 4.0]]}
    with pytest.raises(NotPositiveSemidefiniteError):
        validate(SimulationSpec(**spec, paths=10, horizon_days=1))

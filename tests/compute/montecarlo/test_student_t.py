import math
import re

import numpy as np
import pytest
from scipy import stats

from riskwave.compute.errors import InputError
from riskwave.compute.montecarlo import SimulationSpec, run, validate
from riskwave.compute.montecarlo.mixing import fill_mixing
from riskwave.compute.montecarlo.philox import split_seed


@pytest.mark.parametrize("degrees", [2.1, 3.0, 5.0, 30.0, 10_000.0])
def test_the_mixing_variable_comes_from_a_chi_square(degrees):
    """By Kolmogorov and Smirnov, over even and odd days, first attempts and further ones."""
    width, days = 20_000, 4
    mixing, words = np.empty((days, width)), np.empty((4, width), dtype=np.uint32)
    for day in range(days):
        fill_mixing(mixing[day], words, 0, day, degrees, *split_seed(17), 0, width)
    chi_square = (degrees - 2.0) / mixing.ravel() ** 2
    assert stats.kstest(chi_square, stats.chi2(degrees).cdf).pvalue > 1e-3
    assert abs(np.corrcoef(mixing[0], mixing[1])[0, 1]) < 4 / math.sqrt(width)


@pytest.mark.parametrize("mode", ["collapsed", "full"])
def test_every_statistic_within_four_standard_errors(oracles, mode):
    law = oracles.StudentDays(0.0005, 0.01, 63, 5.0)
    result = run(
        SimulationSpec(
            mean=[0.0005],
            covariance=[[1e-4]],
            weights=[1.0],
            paths=200_000,
            horizon_days=63,
            seed=5,
            model="student_t",
            params={"degrees": 5.0},
            mode=mode,
        )
    )
    drawdown = result.summaries[2]
    depth_mean, depth_std = law.drawdown_moments
    expected = [
        (result.statistics.mean_return, law.return_mean),
        (result.statistics.std_return, law.return_std),
        (result.statistics.probability_of_loss, law.return_cdf(0.0)),
        (result.statistics.cvar_5, law.return_shortfall(0.05)),
        (result.statistics.cvar_1, law.return_shortfall(0.01)),
        *((q.estimate, law.return_quantile(q.probability)) for q in result.summaries[0].quantiles),
        (drawdown.mean, -depth_mean),
        (drawdown.standard_deviation, depth_std),
        *((q.estimate, -law.drawdown_quantile(1.0 - q.probability)) for q in drawdown.quantiles),
    ]
    distances = [(found.value - exact) / found.standard_error for found, exact in expected]
    assert max(np.abs(distances)) <= 4.0


def test_assets_share_their_extremes():
    """Uncorrelated t variables are dependent: the kurtosis of a sum stays; independent, it would halve."""
    spec = {"mean": [0.0, 0.0], "covariance": np.eye(2) * 1e-4, "horizon_days": 1, "paths": 400_000, "seed": 3}
    params = {"model": "student_t", "params": {"degrees": 12.0}, "mode": "full", "distributions": True}
    kurtosis = []
    for weights in ([1.0, 0.0], [0.5, 0.5]):
        returns = run(SimulationSpec(**spec, **params, weights=weights)).distributions["returns"]
        kurtosis.append(stats.kurtosis(returns))
    assert kurtosis == pytest.approx([0.75, 0.75], abs=0.1)


def test_antithetic_pairs_share_the_mixing_variable():
    spec = SimulationSpec(
        mean=[0.001],
        covariance=[[1e-4]],
        weights=[1.0],
        paths=10_000,
        horizon_days=1,
        model="student_t",
        params={"degrees": 2.5},
        sampling="antithetic",
        distributions=True,
    )
    returns = run(spec).distributions["returns"]
    np.testing.assert_allclose(returns[0::2] + returns[1::2], 0.002, atol=1e-14)


@pytest.mark.parametrize("degrees", [2.0, -1.0, math.nan, 1e6])
def test_degrees_outside_their_range_are_refused(degrees):
    spec = SimulationSpec(
        mean=[0.0], covariance=[[1e-4]], weights=[1.0], paths=10, model="student_t", params={"degrees": degrees}
    )
    with pytest.raises(InputError, match=r"params.degrees was .* from 2.1 to 10000"):
        validate(spec)


@pytest.mark.parametrize(("degrees", "deviation", "told"), [(5.0, 0.01, False), (2.7, 0.05, True), (200.0, 0.2, True)])
def test_days_that_lose_everything_are_told(degrees, deviation, told):
    spec = SimulationSpec(
        mean=[0.0], covariance=[[deviation**2]], weights=[1.0], paths=10, model="student_t", params={"degrees": degrees}
    )
    assert [warning.code for warning in validate(spec)] == ["RETURN_BELOW_MINUS_ONE"] * told


def test_as_many_paths_lose_everything_as_is_told():
    spec = SimulationSpec(
        mean=[0.0], covariance=[[0.01]], weights=[1.0], paths=200_000, horizon_days=1, seed=3, model="student_t",
        params={"degrees": 2.5}, distributions=True,
    )  # fmt: skip
    lost = int((run(spec).distributions["returns"] <= -1.0).sum())
    told = float(re.search(r"about (\S+) of the paths", validate(spec)[0].message)[1])
    assert stats.poisson(200_000 * told).cdf(lost) == pytest.approx(0.5, abs=0.4999)
    assert lost > 20

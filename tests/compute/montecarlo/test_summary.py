"""Summaries against NumPy, and the intervals against what they promise."""

import doctest
import math

import numpy as np
import pytest

from riskwave.compute.montecarlo import Chunk, SimulationSpec, chunk, dependence, engine, factor, model, moments
from riskwave.compute.montecarlo.chunk import simulate_chunk
from riskwave.compute.montecarlo.dependence import ANTITHETIC_PAIRS, DEPENDENCES
from riskwave.compute.montecarlo.moments import moments_of
from riskwave.compute.montecarlo.path_state import RESULTS
from riskwave.compute.montecarlo.summary import (
    histogram_of,
    probability_of,
    quantile_of_sorted,
    summarize_distribution,
)


@pytest.mark.parametrize("count", [2, 5, 1023, 1024, 1025, 50_000])
def test_moments_equal_numpy(count):
    values = np.random.default_rng(count).normal(3.0, 0.2, count)
    found = moments_of(values)
    assert found.mean == pytest.approx(values.mean(), rel=1e-14)
    assert found.standard_deviation == pytest.approx(values.std(ddof=1), rel=1e-12)
    z = (values - values.mean()) / values.std()
    assert found.skewness == pytest.approx((z**3).mean(), abs=1e-9)
    assert found.kurtosis == pytest.approx((z**4).mean(), rel=1e-9)


def test_moments_of_a_constant():
    found = moments_of(np.full(10, 0.1))
    assert (found.mean, found.standard_deviation) == (0.1, 0.0)
    assert math.isnan(moments_of(np.ones(1)).standard_deviation)


@pytest.mark.parametrize("count", [1, 2, 3, 100, 12_345])
def test_quantiles_equal_numpy(count):
    ordered = np.sort(np.random.default_rng(count).normal(size=count))
    for p in (0.0, 0.01, 0.05, 0.5, 0.77, 1.0):
        assert quantile_of_sorted(ordered, p) == pytest.approx(np.quantile(ordered, p), rel=1e-14)


@pytest.mark.parametrize("count", [2, 10, 5_000])
def test_histograms_equal_numpy(count):
    ordered = np.sort(np.random.default_rng(count).normal(size=count))
    found = histogram_of(ordered)
    assert found.counts.sum() == count
    assert found.edges[0] == ordered[0]
    assert found.edges[-1] == ordered[-1]
    np.testing.assert_array_equal(found.counts, np.histogram(ordered, found.edges)[0])
    np.testing.assert_allclose(np.diff(found.edges), np.diff(found.edges)[0], rtol=1e-9)


def test_a_constant_has_one_bin():
    found = histogram_of(np.full(7, 0.3))
    assert (found.edges.tolist(), found.counts.tolist()) == ([0.3, 0.3], [7])


def test_undefined_values_are_left_out_and_counted():
    values = np.array([1.0, math.nan, 3.0, 2.0])
    found = summarize_distribution("x", values, (), 0.95)
    assert (found.count, found.undefined_count, found.mean.value, found.maximum) == (3, 1, 2.0, 3.0)
    paired = summarize_distribution("x", values, (), 0.95, ANTITHETIC_PAIRS)
    assert (paired.count, paired.undefined_count, paired.mean.value) == (2, 1, 2.5)


@pytest.mark.parametrize("dependence", DEPENDENCES.values(), ids=DEPENDENCES)
@pytest.mark.parametrize("value", [False, True])
def test_a_probability_of_zero_or_one_has_an_interval(dependence, value):
    found = probability_of(np.full(128, value), 0.95, dependence)
    assert found.value == float(value)
    assert found.low < found.high


def test_intervals_cover_what_they_say(case_a):
    """1,000 runs of 2,000 paths of case A; 95 % means 930 to 970 of them."""
    runs, paths = 1_000, 2_000
    spec = SimulationSpec(mean=[0.0005], covariance=[[1e-4]], weights=[1.0], paths=runs * paths, seed=2)
    exact = {
        "mean": case_a.return_mean,
        "std": case_a.return_std,
        **{p: case_a.return_quantile(p) for p in (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)},
        "es": case_a.return_shortfall(0.05),
        "loss": case_a.return_cdf(0.0),
        "drawdown": -case_a.drawdown_moments[0],
        "volatility": case_a.volatility.mean(),
        "sharpe": case_a.sharpe.mean(),
    }
    covered = dict.fromkeys(exact, 0)
    for index in range(runs):
        results = simulate_chunk(spec, Chunk(0, index * paths, paths)).results
        summaries = {name: summarize_distribution(name, results[row], (), 0.95) for row, name in enumerate(RESULTS)}
        returns = summaries["returns"]
        found = {
            "mean": returns.mean,
            "std": returns.standard_deviation,
            **{q.probability: q.estimate for q in returns.quantiles},
            "es": returns.tails[0].expected_shortfall,
            "loss": probability_of(results[0] < 0.0, 0.95),
            "drawdown": summaries["max_drawdowns"].mean,
            "volatility": summaries["volatilities"].mean,
            "sharpe": summaries["sharpe_ratios"].mean,
        }
        for name, value in exact.items():
            covered[name] += found[name].low <= value <= found[name].high
    assert {name: count for name, count in covered.items() if not 930 <= count <= 970} == {}


@pytest.mark.parametrize("module", [chunk, dependence, engine, factor, model, moments], ids=lambda item: item.__name__)
def test_examples(module):
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0

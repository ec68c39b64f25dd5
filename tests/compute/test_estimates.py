"""Errors of estimates: published ranks, closed forms, and coverage counted by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from riskwave.compute.estimates import (
    expected_shortfall,
    expected_shortfall_estimate,
    mean_estimate,
    normal_estimate,
    order_statistic_ranks,
    positive_estimate,
    probability_estimate,
    quantile_estimate,
    quantile_standard_error,
    standard_deviation_standard_error,
    student_estimate,
)

REPETITIONS = 1_500
# A coverage counted over 1,500 samples lies within 4 standard errors of the true one.
COVERAGE_SLACK = 4.0 * math.sqrt(0.95 * 0.05 / REPETITIONS)


@pytest.mark.parametrize(
    ("count", "probability", "ranks"),
    [
        (1_000, 0.05, (37, 65)),
        (1_000, 0.01, (4, 18)),
        (10_000, 0.05, (458, 544)),
        (10_000, 0.01, (81, 121)),
        (100_000, 0.05, (4_865, 5_137)),
        (100_000, 0.01, (939, 1_063)),
        (1_000_000, 0.05, (49_573, 50_429)),
        (1_000_000, 0.01, (9_805, 10_196)),
        (250, 0.01, (0, 7)),
        (10, 0.05, (0, 3)),
    ],
)
def test_order_statistic_ranks(count, probability, ranks):
    assert order_statistic_ranks(count, probability, 0.95) == ranks


@given(st.integers(1, 5_000), st.floats(0.001, 0.999), st.floats(0.5, 0.999))
def test_ranks_are_those_of_the_binomial_and_cover(count, probability, confidence):
    lower, upper = order_statistic_ranks(count, probability, confidence)
    assert 0 <= lower < upper <= count + 1
    covered = stats.binom.cdf(upper - 1, count, probability) - stats.binom.cdf(lower - 1, count, probability)
    assert covered >= confidence - 1e-12


def test_quantile_interval_covers_a_fat_tailed_distribution():
    rng = np.random.default_rng(11)
    samples = np.sort(rng.standard_t(3, size=(REPETITIONS, 500)), axis=1)
    truth = stats.t.ppf(0.05, 3)
    estimates = [quantile_estimate(sample, 0.05, 0.95) for sample in samples]
    coverage = np.mean([estimate.low <= truth <= estimate.high for estimate in estimates])
    assert coverage >= 0.95 - COVERAGE_SLACK
    errors = np.array([estimate.standard_error for estimate in estimates])
    spread = np.std([estimate.value for estimate in estimates])
    assert errors.mean() == pytest.approx(spread, rel=0.1)


def test_quantile_standard_error_approaches_the_asymptotic_one():
    ordered = np.sort(np.random.default_rng(5).normal(size=400_000))
    exact = math.sqrt(0.01 * 0.99 / 400_000) / stats.norm.pdf(stats.norm.ppf(0.01))
    assert quantile_standard_error(ordered, 0.01) == pytest.approx(exact, rel=0.1)


@pytest.mark.parametrize("count", [2, 10, 37, 400])
@pytest.mark.parametrize("probability", [0.01, 0.05, 0.5, 0.99])
def test_quantile_standard_error_is_that_of_maritz_and_jarrett(count, probability):
    ordered = np.sort(np.random.default_rng(count).normal(size=count))
    rank = (count - 1) * probability + 1.0
    weights = np.diff(stats.beta.cdf(np.arange(count + 1) / count, rank, count + 1.0 - rank))
    expected = math.sqrt(weights @ ordered**2 - (weights @ ordered) ** 2)
    assert quantile_standard_error(ordered, probability) == pytest.approx(expected, rel=1e-9)


def test_quantile_of_a_small_sample_is_open_below():
    estimate = quantile_estimate(np.arange(10.0), 0.01, 0.95)
    assert estimate.low == -math.inf
    assert math.isfinite(estimate.high)
    assert estimate.confidence == 0.95


@pytest.mark.parametrize("estimator", ["tail_mean", "rockafellar_uryasev"])
def test_shortfall_interval_covers_the_normal_closed_form(estimator):
    rng = np.random.default_rng(3)
    samples = np.sort(rng.normal(size=(REPETITIONS, 1_000)), axis=1)
    truth = -stats.norm.pdf(stats.norm.ppf(0.05)) / 0.05
    estimates = [expected_shortfall_estimate(sample, 0.05, 0.95, estimator) for sample in samples]
    coverage = np.mean([estimate.low <= truth <= estimate.high for estimate in estimates])
    assert coverage >= 0.95 - COVERAGE_SLACK
    errors = np.array([estimate.standard_error for estimate in estimates])
    assert errors.mean() == pytest.approx(np.std([estimate.value for estimate in estimates]), rel=0.1)


def test_rockafellar_uryasev_is_the_minimum_of_its_own_objective():
    ordered = np.sort(np.random.default_rng(8).standard_t(4, size=137))
    # min over c of c + E[(-x - c)+] / p, which is attained at an observation.
    objective = [-x + np.maximum(x - ordered, 0.0).mean() / 0.05 for x in ordered]
    value, edge, size = expected_shortfall(ordered, 0.05, "rockafellar_uryasev")
    assert value == pytest.approx(-min(objective), rel=1e-13)
    assert edge == ordered[size - 1] == np.quantile(ordered, 0.05, method="inverted_cdf")


def test_tail_mean_is_the_mean_at_or_below_var():
    sample = np.random.default_rng(9).normal(size=301)
    var = np.percentile(sample, 5)
    value, edge, size = expected_shortfall(np.sort(sample), 0.05)
    assert (value, edge, size) == (pytest.approx(sample[sample <= var].mean(), rel=1e-14), var, (sample <= var).sum())


def test_a_tail_of_one_observation_has_no_error():
    estimate = expected_shortfall_estimate(np.arange(-5.0, 5.0), 0.05, 0.95)
    assert estimate.value == -5.0
    assert math.isnan(estimate.standard_error)
    assert estimate.confidence == 0.0


@pytest.mark.parametrize(("successes", "count"), [(0, 20), (3, 20), (20, 20), (237_415, 1_000_000)])
def test_probability_interval_is_clopper_pearson(successes, count):
    estimate = probability_estimate(successes, count, 0.95)
    interval = stats.binomtest(successes, count).proportion_ci(0.95, method="exact")
    assert (estimate.low, estimate.high) == pytest.approx((interval.low, interval.high), rel=1e-9, abs=1e-15)
    assert estimate.value == successes / count


def test_mean_interval_is_students():
    sample = np.array([0.01, -0.02, 0.03, 0.005, 0.0, -0.015])
    estimate = mean_estimate(sample.mean(), sample.std(ddof=1), len(sample), 0.9)
    interval = stats.ttest_1samp(sample, 0.0).confidence_interval(0.9)
    assert (estimate.low, estimate.high) == pytest.approx((interval.low, interval.high), rel=1e-12)
    assert estimate.standard_error == pytest.approx(stats.sem(sample), rel=1e-14)


@pytest.mark.parametrize(("distribution", "kurtosis"), [(stats.norm, 3.0), (stats.uniform, 1.8), (stats.expon, 9.0)])
def test_standard_error_of_a_standard_deviation(distribution, kurtosis):
    samples = distribution.rvs(size=(4_000, 800), random_state=np.random.default_rng(2))
    spread = samples.std(axis=1, ddof=1).std()
    assert standard_deviation_standard_error(distribution.std(), kurtosis, 800) == pytest.approx(spread, rel=0.06)


def test_intervals_without_an_error_are_absent():
    for estimate in (
        normal_estimate(math.nan, 1.0, 0.95, "m"),
        normal_estimate(1.0, math.nan, 0.95, "m"),
        student_estimate(1.0, 1.0, 0, 0.95, "m"),
        mean_estimate(1.0, math.nan, 1, 0.95),
        positive_estimate(math.nan, 1.0, 0.95, "m"),
        positive_estimate(0.0, 0.0, 0.95, "m"),
    ):
        assert estimate.confidence == 0.0
        assert math.isnan(estimate.low)
        assert math.isnan(estimate.high)
    assert math.isnan(standard_deviation_standard_error(1.0, 3.0, 1))


def test_positive_interval_stays_positive():
    estimate = positive_estimate(0.1, 0.2, 0.95, "m")
    assert 0.0 < estimate.low < 0.1 < estimate.high
    assert estimate.low * estimate.high == pytest.approx(0.01)

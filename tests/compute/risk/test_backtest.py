"""Backtests against the values of the literature, recomputed; Acerbi-Szekely against simulation."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from scipy import stats

from riskwave.compute.risk import backtest
from riskwave.compute.risk.backtest import (
    acerbi_szekely_p_value,
    acerbi_szekely_z2,
    basel_traffic_light,
    christoffersen_conditional_coverage,
    christoffersen_independence,
    kupiec,
)


def hits_at(*positions, count=250):
    """Exceedances at positions counted from 1."""
    hits = np.zeros(count, dtype=bool)
    hits[np.array(positions) - 1] = True
    return hits


def test_docstring_example():
    assert doctest.testmod(backtest).failed == 0


@pytest.mark.parametrize(
    ("exceedances", "count", "probability", "statistic"),
    [
        (0, 250, 0.01, 5.025168),
        (1, 250, 0.01, 1.176491),
        (2, 250, 0.01, 0.108435),
        (4, 250, 0.01, 0.769138),
        (5, 250, 0.01, 1.956810),
        (6, 250, 0.01, 3.555355),
        (7, 250, 0.01, 5.496990),
        (10, 250, 0.01, 12.955491),
        (40, 500, 0.05, 8.079041),
        (35, 500, 0.05, 3.765076),
        (45, 500, 0.05, 13.754979),
    ],
)
def test_kupiec_statistic(exceedances, count, probability, statistic):
    result = kupiec(exceedances, count, probability)
    assert result.statistic == pytest.approx(statistic, abs=5e-7)
    assert result.p_value == pytest.approx(stats.chi2.sf(statistic, 1), rel=1e-5)
    assert result.outcome == ("rejected" if statistic > 3.84146 else "accepted")


@pytest.mark.parametrize(
    ("probability", "ranges"),
    [
        (0.01, {250: (1, 6), 500: (2, 9), 1000: (5, 16)}),
        (0.025, {250: (3, 11), 500: (7, 19), 1000: (16, 35)}),
        (0.05, {250: (7, 19), 500: (17, 35), 1000: (38, 64)}),
        (0.075, {250: (12, 27), 500: (27, 49), 1000: (60, 91)}),
        (0.1, {250: (17, 34), 500: (38, 63), 1000: (82, 119)}),
    ],
)
def test_kupiec_non_rejection_ranges(probability, ranges):
    for count, (low, high) in ranges.items():
        kept = [n for n in range(count // 4) if kupiec(n, count, probability).outcome == "accepted"]
        assert (kept[0], kept[-1]) == (low, high)


@pytest.mark.parametrize(
    ("positions", "independence", "coverage"),
    [((10, 50, 100, 150, 200), 0.204932, 2.161742), ((246, 247, 248, 249, 250), 35.980640, 37.937450)],
)
def test_christoffersen(positions, independence, coverage):
    hits = hits_at(*positions)
    assert christoffersen_independence(hits).statistic == pytest.approx(independence, abs=5e-7)
    result = christoffersen_conditional_coverage(hits, 0.01)
    assert result.statistic == pytest.approx(coverage, abs=5e-7)
    assert result.p_value == pytest.approx(stats.chi2.sf(coverage, 2), rel=1e-5)


@pytest.mark.parametrize("hits", [np.zeros(250, dtype=bool), np.ones(250, dtype=bool)])
def test_christoffersen_without_transitions(hits):
    assert christoffersen_independence(hits).statistic == 0.0
    assert christoffersen_independence(hits).p_value == 1.0


@pytest.mark.parametrize(
    ("exceedances", "cumulative", "zone"),
    [
        (0, 8.1059, "green"),
        (1, 28.5752, "green"),
        (4, 89.2188, "green"),
        (5, 95.8817, "yellow"),
        (6, 98.6299, "yellow"),
        (7, 99.5975, "yellow"),
        (8, 99.8943, "yellow"),
        (9, 99.9750, "yellow"),
        (10, 99.9946, "red"),
        (250, 100.0, "red"),
    ],
)
def test_basel(exceedances, cumulative, zone):
    result = basel_traffic_light(exceedances, 250, 0.01)
    assert result.outcome == zone
    assert 1.0 - result.p_value + stats.binom.pmf(exceedances, 250, 0.01) == pytest.approx(cumulative / 100, abs=5e-7)


@pytest.mark.parametrize(
    ("degrees_of_freedom", "quantiles"),
    [
        (math.inf, (-0.707, -1.046, -1.78)),
        (10, (-0.711, -1.052, -1.79)),
        (5, (-0.738, -1.118, -2.17)),
        (3, (-0.818, -1.341, -4.07)),
    ],
)
def test_acerbi_szekely_quantiles(degrees_of_freedom, quantiles):
    # Simulated with 100,000 to 200,000 paths: 4 standard errors at 5, 1 and 0.01 %.
    for statistic, level, error in zip(quantiles, (0.05, 0.01, 0.0001), (0.003, 0.0012, 0.00015), strict=True):
        p_value = acerbi_szekely_p_value(statistic, 250, 0.025, degrees_of_freedom)
        assert p_value == pytest.approx(level, abs=error)


@pytest.mark.parametrize(("count", "probability"), [(250, 0.01), (500, 0.05), (100, 0.025)])
def test_acerbi_szekely_p_value_equals_simulation(count, probability):
    rng = np.random.default_rng(31)
    draws = rng.normal(size=(20_000, count))
    var = stats.norm.ppf(probability)
    shortfall = -stats.norm.pdf(var) / probability
    statistics = 1.0 - np.where(draws < var, draws, 0.0).sum(axis=1) / (shortfall * count * probability)
    for level in (0.01, 0.05, 0.2, 0.5, 0.9):
        point = np.quantile(statistics, level)
        share = np.mean(statistics <= point)
        error = math.sqrt(share * (1.0 - share) / 20_000)
        # The statistic has an atom at 1, where no loss exceeds value at risk.
        assert acerbi_szekely_p_value(point, count, probability) == pytest.approx(share, abs=4 * error + 5e-4)


def test_acerbi_szekely_statistic():
    returns = np.array([0.01, -0.05, 0.0, -0.02, 0.03, -0.01, 0.0, 0.01, 0.02, 0.0])
    var, shortfall = np.full(10, -0.015), np.full(10, -0.025)
    result = acerbi_szekely_z2(returns, var, shortfall, 0.1)
    assert result.statistic == pytest.approx(1.0 - (0.05 + 0.02) / 0.025 / (10 * 0.1))
    quiet = acerbi_szekely_z2(np.zeros(10), var, shortfall, 0.1)
    assert (quiet.statistic, quiet.p_value, quiet.outcome) == (1.0, 1.0, "accepted")


def test_acerbi_szekely_without_a_loss_to_expect():
    result = acerbi_szekely_z2(np.zeros(10), np.zeros(10), np.zeros(10), 0.1)
    assert math.isnan(result.statistic)
    assert result.outcome == "undefined"


def test_a_gross_failure_has_no_chance():
    assert acerbi_szekely_p_value(-60.0, 250, 0.025) == pytest.approx(0.0, abs=1e-9)

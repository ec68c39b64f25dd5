"""Intervals cover what they say: many small simulations of a lognormal asset, whose law is exact."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from riskwave.compute.montecarlo import SimulationSpec, run

SPEC = SimulationSpec(
    mean=[0.0005], covariance=[[1e-4]], weights=[1.0], paths=4_000, model="gbm", terminal_only=True,
    return_thresholds=(0.3,), tail_probabilities=(0.1,),
)  # fmt: skip


def exact():
    variance = 252 * np.log1p(1e-4 / 1.0005**2)
    centre = 252 * np.log(1.0005) - variance / 2
    log_law = stats.norm(centre, np.sqrt(variance))
    mean = 1.0005**252
    found = {
        "mean_return": mean - 1,
        "median_return": np.exp(log_law.ppf(0.5)) - 1,
        "std_return": mean * np.sqrt(np.expm1(variance)),
        "var_5": np.exp(log_law.ppf(0.05)) - 1,
        "var_1": np.exp(log_law.ppf(0.01)) - 1,
        "probability_of_loss": log_law.cdf(0),
        "threshold": log_law.cdf(np.log(1.3)),
    }
    for name, p in (("cvar_5", 0.05), ("cvar_1", 0.01), ("cvar_10", 0.1)):
        found[name] = mean * stats.norm.cdf(stats.norm.ppf(p) - np.sqrt(variance)) / p - 1
    return found


def estimates(result):
    names = ("mean_return", "median_return", "std_return", "var_5", "var_1", "cvar_5", "cvar_1", "probability_of_loss")
    found = {name: getattr(result.statistics, name) for name in names}
    return found | {
        "cvar_10": result.tails[2].expected_shortfall,
        "threshold": result.thresholds[0].probability_at_or_below,
    }


@pytest.mark.parametrize(
    ("sampling", "runs", "least", "most"), [("independent", 1_000, 0.93, 0.97), ("antithetic", 500, 0.925, 0.975)]
)
def test_coverage_and_standard_errors(sampling, runs, least, most):
    truth = exact()
    rows = [estimates(run(replace(SPEC, seed=seed, sampling=sampling))) for seed in range(runs)]
    if sampling == "antithetic":  # opposite normals: the two middle returns enclose the median, whatever is drawn
        value = truth.pop("median_return")
        assert all(row["median_return"].low <= value <= row["median_return"].high for row in rows)
    for name, value in truth.items():
        covered = np.mean([row[name].low <= value <= row[name].high for row in rows])
        assert least <= covered <= most, (name, covered)
        values = np.array([row[name].value for row in rows])
        errors = np.array([row[name].standard_error for row in rows])
        # The reported error against that of the estimates themselves (known to 2 or 3 %).
        assert 0.85 < np.sqrt(np.mean(errors**2)) / values.std(ddof=1) < 1.15, name
        # Quantiles and shortfalls of a finite sample have a bias of the order 1 / paths.
        assert abs(values.mean() - value) < 4 * values.std(ddof=1) / np.sqrt(runs) + 0.1 * values.std(ddof=1), name

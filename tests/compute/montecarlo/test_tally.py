"""Distributions from counts, against the numbers that were counted, in any order."""

import random
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from riskwave.compute.errors import TooLargeError
from riskwave.compute.montecarlo import (
    EXACT_PATHS_MAX,
    Chunk,
    PrecisionTarget,
    SimulationSpec,
    Summing,
    digest,
    plan_chunks,
    simulate_chunk,
    validate,
)
from riskwave.compute.montecarlo.summary import summarize_distribution
from riskwave.compute.montecarlo.tally import CELLS, Tally, cell_of, count_values, edges_of, summarize_counts

LAWS = {
    "returns": stats.lognorm(0.16, -1.0, 1.12),
    "sharpe_ratios": stats.norm(0.8, 1.0),
    "heavy": stats.t(3),
    "drawdowns": stats.beta(5, 30, -1.0, 1.0),
}
SPEC = SimulationSpec(
    mean=[0.0005], covariance=[[1e-4]], weights=[1.0], paths=EXACT_PATHS_MAX + 100_001, seed=7, model="gbm",
    terminal_only=True, return_thresholds=(-0.2,), tail_probabilities=(0.001,),
)  # fmt: skip


@pytest.mark.parametrize("name", LAWS)
def test_estimates_are_those_of_the_numbers_themselves(name):
    values = LAWS[name].rvs(200_000, random_state=4)
    tally = Tally()
    for part in np.array_split(values, 7):
        tally.add(count_values(np.concatenate([part, [np.nan]]), (0.1,)))
    counted = tally.counted()
    found, rank_error = summarize_counts(name, counted, (0.1,), 0.95)
    exact = summarize_distribution(name, values, (0.1,), 0.95)
    assert (found.count, found.undefined_count) == (200_000, 7)
    assert (found.minimum, found.maximum) == (exact.minimum, exact.maximum)
    assert counted.at_or_below.tolist() == [np.count_nonzero(values < 0), np.count_nonzero(values <= 0.1)]
    assert found.mean.value == pytest.approx(exact.mean.value, rel=1e-11)
    assert found.standard_deviation.value == pytest.approx(exact.standard_deviation.value, rel=1e-9)
    assert found.standard_deviation.standard_error == pytest.approx(exact.standard_deviation.standard_error, rel=1e-5)
    assert 0 < rank_error < 2e-4
    ordered = np.sort(values)
    for mine, true in zip(found.quantiles, exact.quantiles, strict=True):
        rank = np.searchsorted(ordered, mine.estimate.value) / len(ordered)
        assert abs(rank - mine.probability) <= rank_error + 1 / len(ordered)
        assert mine.estimate.standard_error == pytest.approx(true.estimate.standard_error, rel=0.25)
        assert mine.estimate.low <= true.estimate.low + 1e-9
        assert mine.estimate.high >= true.estimate.high - 1e-9
    for mine, true in zip(found.tails, exact.tails, strict=True):
        gap = abs(mine.expected_shortfall.value - true.expected_shortfall.value)
        assert gap < 0.05 * true.expected_shortfall.standard_error
        assert mine.expected_shortfall.standard_error == pytest.approx(true.expected_shortfall.standard_error, rel=0.02)
    assert found.histogram.counts.sum() == 200_000


def test_cells_are_ordered_and_their_edges_enclose_them():
    values = np.concatenate([-np.geomspace(1e4, 1e-9, 500), [0.0], np.geomspace(1e-9, 1e4, 500)])
    cells = np.array([cell_of.py_func(value) for value in values])
    assert (np.diff(cells) >= 0).all()
    assert cells.min() >= 0
    assert cells.max() < CELLS
    assert (edges_of(cells) <= values + 1e-12 * np.abs(values)).all()
    assert (values <= edges_of(cells + 1) * (1 + 1e-12) + 1e-15).all()


def test_ten_million_paths_and_more_have_the_law_and_the_same_bits_in_any_order():
    chunks = [simulate_chunk(SPEC, chunk) for chunk in plan_chunks(SPEC)]
    result = Summing(SPEC).add_all(chunks).result()
    random.Random(1).shuffle(chunks)
    assert digest(Summing(SPEC).add_all(chunks).result()) == digest(result)
    # One law however it is cut: other chunks give the same counts, and sums within rounding.
    cut = [
        Chunk(i, first, min(3_000_000, SPEC.paths - first)) for i, first in enumerate(range(0, SPEC.paths, 3_000_000))
    ]
    other = Summing(SPEC).add_all(simulate_chunk(SPEC, chunk) for chunk in cut).result()
    assert other.statistics.var_1 == result.statistics.var_1
    assert other.statistics.mean_return.value == pytest.approx(result.statistics.mean_return.value, rel=1e-12)
    assert result.num_simulations == SPEC.paths
    assert 0 < result.quantile_rank_error < 1e-4
    variance = 252 * np.log1p(1e-4 / 1.0005**2)
    law = stats.norm(252 * np.log(1.0005) - variance / 2, np.sqrt(variance))
    statistics = result.statistics
    for estimate, value in (
        (statistics.mean_return, 1.0005**252 - 1),
        (statistics.std_return, 1.0005**252 * np.sqrt(np.expm1(variance))),
        (statistics.median_return, np.expm1(law.ppf(0.5))),
        (statistics.var_1, np.expm1(law.ppf(0.01))),
        (result.tails[2].value_at_risk, np.expm1(law.ppf(0.001))),
        (statistics.probability_of_loss, law.cdf(0)),
        (result.thresholds[0].probability_at_or_below, law.cdf(np.log(0.8))),
        (statistics.cvar_5, 1.0005**252 * stats.norm.cdf(stats.norm.ppf(0.05) - law.std()) / 0.05 - 1),
    ):
        assert abs(estimate.value - value) < 4 * estimate.standard_error


@pytest.mark.parametrize(
    "changes",
    [
        {"distributions": True},
        {"target": PrecisionTarget("var_5", 1e-3)},
        {"sampling": "antithetic", "paths": 20_000_000},
    ],
)
def test_what_needs_every_path_is_refused(changes):
    with pytest.raises(TooLargeError) as caught:
        validate(replace(SPEC, **changes))
    assert caught.value.field == "paths"

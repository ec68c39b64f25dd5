"""Scenarios against hand computation and regression."""

from __future__ import annotations

import doctest
import math
from datetime import date

import numpy as np
import pytest

from riskwave.compute.errors import InputError, UnknownNameError
from riskwave.compute.risk import EPISODES, Scenario, analyze_portfolio, stress, stress_portfolio

ASSETS = ("WTI", "BRENT", "GOLD")
WEIGHTS = np.array([0.5, 0.3, 0.2])


def returns(observations=400, seed=8):
    rng = np.random.default_rng(seed)
    mixing = np.array([[1.0, 0.9, 0.1], [0.0, 0.4, 0.0], [0.0, 0.0, 0.7]])
    return 0.02 * rng.normal(size=(observations, 3)) @ mixing + 0.0003


def run(scenario, data=None, weights=WEIGHTS):
    report = stress_portfolio(returns() if data is None else data, weights, [scenario], assets=ASSETS)
    return report.results[0], report.warnings


def test_docstring_example():
    assert doctest.testmod(stress).failed == 0


def test_a_shock_moves_what_it_names():
    result, warnings = run(Scenario("oil", shocks={"WTI": -0.3, "BRENT": -0.2}))
    np.testing.assert_allclose(result.asset_returns, (-0.3, -0.2, 0.0))
    assert result.portfolio_return == pytest.approx(-0.21)
    assert result.max_drawdown == 0.0
    assert warnings == ()
    usual = analyze_portfolio(returns(), WEIGHTS)
    assert result.portfolio_volatility == pytest.approx(usual.portfolio_volatility.value, rel=1e-12)


def test_a_propagated_shock_follows_the_regression():
    data = returns()
    result, _ = run(Scenario("oil", shocks={"WTI": -0.3, "BRENT": -0.2}, propagate=True), data)
    centred = data - data.mean(axis=0)
    slopes = np.linalg.lstsq(centred[:, :2], centred[:, 2], rcond=None)[0]
    assert result.asset_returns[2] == pytest.approx(slopes @ (-0.3, -0.2), rel=1e-10)
    assert result.portfolio_return == pytest.approx(WEIGHTS @ result.asset_returns, rel=1e-14)


def test_propagation_from_two_assets_that_move_as_one():
    data = returns()
    data[:, 1] = data[:, 0]
    result, _ = run(Scenario("oil", shocks={"WTI": -0.3, "BRENT": -0.3}, propagate=True), data)
    centred = data - data.mean(axis=0)
    slope = centred[:, 0] @ centred[:, 2] / (centred[:, 0] @ centred[:, 0])
    assert result.asset_returns[2] == pytest.approx(-0.3 * slope, rel=1e-9)


def test_replay_equals_the_report_of_that_period():
    data = returns()
    result, _ = run(Scenario("then", window=(100, 149)), data)
    report = analyze_portfolio(data[100:150], WEIGHTS)
    assert result.portfolio_return == pytest.approx(report.wealth[-1] - 1.0, rel=1e-12)
    assert result.max_drawdown == pytest.approx(report.max_drawdown.value, rel=1e-12)
    np.testing.assert_allclose(result.asset_returns, np.prod(1.0 + data[100:150], axis=0) - 1.0, rtol=1e-11)
    assert math.fsum(result.contributions) == pytest.approx(result.portfolio_return, rel=1e-13)


def test_replay_of_a_ruin_adds_up():
    data = returns()
    data[120, 0] = -3.5
    result, _ = run(Scenario("then", window=(100, 149)), data)
    report = analyze_portfolio(data[100:150], WEIGHTS)
    assert result.portfolio_return == pytest.approx(report.wealth[-1] - 1.0, rel=1e-12)
    assert result.portfolio_return < -1.0
    assert result.max_drawdown == pytest.approx(report.max_drawdown.value, rel=1e-12)


def test_stressed_volatilities_and_correlations():
    data = returns()
    scenario = Scenario("break", volatility_multiplier=2.0, correlation_target=1.0, correlation_weight=1.0)
    result, _ = run(scenario, data)
    # Perfectly correlated, the deviations add up.
    deviation = 2.0 * WEIGHTS @ data.std(axis=0, ddof=1)
    assert result.portfolio_volatility == pytest.approx(deviation * math.sqrt(252), rel=1e-9)
    mean = (data @ WEIGHTS).mean()
    assert result.var_95 == pytest.approx(mean - 1.6448536269514722 * deviation, rel=1e-9)
    assert result.portfolio_return == 0.0


def test_half_way_to_independence():
    data = returns()
    result, warnings = run(Scenario("break", correlation_weight=0.5), data)
    deviations = data.std(axis=0, ddof=1)
    correlation = 0.5 * np.corrcoef(data.T)
    np.fill_diagonal(correlation, 1.0)
    variance = WEIGHTS @ (correlation * np.outer(deviations, deviations)) @ WEIGHTS
    assert result.portfolio_volatility == pytest.approx(math.sqrt(252 * variance), rel=1e-12)
    assert warnings == ()


def test_impossible_correlations_are_repaired_and_reported():
    result, warnings = run(Scenario("against", correlation_target=-1.0, correlation_weight=1.0))
    assert [warning.code for warning in warnings] == ["CORRELATION_REPAIRED"]
    assert warnings[0].message == (
        "no assets can have the correlations of against (smallest eigenvalue -1); the nearest possible ones were used"
    )
    # The nearest to three correlations of -1 are three of -1/2.
    deviations = returns().std(axis=0, ddof=1)
    nearest = np.full((3, 3), -0.5) + 1.5 * np.eye(3)
    variance = WEIGHTS @ (nearest * np.outer(deviations, deviations)) @ WEIGHTS
    assert result.portfolio_volatility == pytest.approx(math.sqrt(252 * variance), rel=1e-6)


def test_an_asset_that_does_not_move():
    data = returns()
    data[:, 2] = 0.0
    result, _ = run(Scenario("break", correlation_target=0.9, correlation_weight=0.5), data)
    assert math.isfinite(result.portfolio_volatility)


def test_episodes_are_in_order():
    for episode in EPISODES:
        assert date.fromisoformat(episode.start_date) < date.fromisoformat(episode.end_date)
    starts = [episode.start_date for episode in EPISODES]
    assert starts == sorted(starts)
    assert len({episode.name for episode in EPISODES}) == len(EPISODES)


@pytest.mark.parametrize(
    ("scenario", "error", "message"),
    [
        (
            Scenario("x", shocks={"WTII": -0.1}),
            UnknownNameError,
            'unknown asset "WTII"; did you mean WTI?',
        ),
        (Scenario("x", shocks={"WTI": math.nan}), InputError, "scenarios[0].shocks.WTI was nan"),
        (Scenario("x"), InputError, "scenarios[0] was x without effect; it must be shocks, a past period, or"),
        (Scenario("x", shocks={"WTI": 0.1}, window=(0, 5)), InputError, "x with shocks and a past period"),
        (Scenario("x", window=(5, 400)), InputError, "scenarios[0].window was 5 to 400; it must be first and last"),
        (Scenario("x", window=(6, 5)), InputError, "scenarios[0].window was 6 to 5"),
        (Scenario("x", volatility_multiplier=0.0), InputError, "scenarios[0].volatility_multiplier was 0.0"),
        (Scenario("x", correlation_target=1.1), InputError, "scenarios[0].correlation_target was 1.1"),
        (Scenario("x", correlation_weight=-0.1), InputError, "scenarios[0].correlation_weight was -0.1"),
    ],
)
def test_bad_scenarios(scenario, error, message):
    with pytest.raises(error) as caught:
        run(scenario)
    assert message in str(caught.value)


def test_no_scenario():
    with pytest.raises(InputError, match="scenarios was an empty list; it must be at least one scenario"):
        stress_portfolio(returns(), WEIGHTS, [])

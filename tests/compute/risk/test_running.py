"""Figures that are kept up to date bar by bar, against those of the whole history."""

import math

import numpy as np
import pytest

from riskwave.compute.errors import SeriesTooShortError
from riskwave.compute.risk import analyze_portfolio
from riskwave.compute.risk.running import RunningPortfolio

FIGURES = ("portfolio_return", "portfolio_volatility", "sharpe_ratio", "var_95", "max_drawdown")


def assert_equal(running: RunningPortfolio, returns: np.ndarray, weights: list[float], **settings: float) -> None:
    report = analyze_portfolio(returns, weights, **settings)
    assert running.count == len(returns)
    for name in FIGURES:
        ours, theirs = getattr(running, name), getattr(report, name).value
        assert ours == pytest.approx(theirs, rel=1e-10, abs=1e-14, nan_ok=True), name
    assert running.last_return == pytest.approx(report.returns[-1], rel=1e-12)


@pytest.mark.parametrize("weights", [[0.6, 0.4], [3.0, -1.0]])
def test_after_every_bar_the_figures_are_those_of_the_whole_history(weights: list[float]) -> None:
    returns = np.random.default_rng(11).normal(0.0003, 0.02, (300, 2))
    settings = {"periods_per_year": 52.0, "risk_free_rate": 0.02}
    running = RunningPortfolio(returns[:10], weights, **settings)
    for count in range(10, 300):
        assert_equal(running, returns[:count], weights, **settings)
        running.append(returns[count])
    assert_equal(running, returns, weights, **settings)


def test_a_last_bar_that_moves_leaves_no_trace() -> None:
    returns = np.random.default_rng(12).normal(0.0, 0.02, (50, 1))
    running = RunningPortfolio(returns[:49], [1.0])
    running.append([-0.9])
    for value in (0.5, -0.3, float(returns[-1, 0])):
        running.replace_last([value])
    assert_equal(running, returns, [1.0])


def test_ruin_and_constant_returns_are_told_as_in_the_report() -> None:
    ruined = np.concatenate([np.full(12, 0.01), [-3.0, 0.5, -0.2]])[:, None]
    running = RunningPortfolio(ruined[:12], [1.0])
    assert math.isnan(running.sharpe_ratio)
    assert running.portfolio_volatility == 0.0
    for row in ruined[12:]:
        running.append(row)
    assert_equal(running, ruined, [1.0])


def test_too_few_returns_are_refused() -> None:
    with pytest.raises(SeriesTooShortError):
        RunningPortfolio(np.zeros((9, 1)), [1.0])

"""Forecasts of every model against a direct computation without the future, and their tests."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from scipy import integrate, stats

from riskwave.compute.errors import InputError, SeriesTooShortError, UnknownNameError
from riskwave.compute.risk import VAR_MODELS, backtest_risk, backtesting
from riskwave.compute.risk.tails import normal_tail, student_tail
from riskwave.compute.risk.var_models.cornish_fisher import cornish_fisher_tail, is_monotone


def series(count=600, seed=12):
    return 0.01 * np.random.default_rng(seed).standard_t(5, size=count)


def test_docstring_example():
    assert doctest.testmod(backtesting).failed == 0


def direct_forecast(name, window, past, probability):
    """VaR and ES of the next period, from the window and, for ewma, all of the past."""
    mean, deviation = window.mean(), window.std(ddof=1)
    if name == "historical":
        var = np.quantile(window, probability)
        return var, window[window <= var].mean()
    if name == "normal":
        var = stats.norm.ppf(probability, mean, deviation)
        return var, mean - deviation * stats.norm.pdf(stats.norm.ppf(probability)) / probability
    if name == "student_t":
        law = stats.t(6, mean, deviation * math.sqrt(4 / 6))
        return law.ppf(probability), law.expect(lambda x: x, lb=-np.inf, ub=law.ppf(probability)) / probability
    if name == "ewma":
        variance = np.mean(past[: len(window)] ** 2)
        for value in past[len(window) :]:
            variance = 0.94 * variance + 0.06 * value**2
        law = stats.norm(0.0, math.sqrt(variance))
        return law.ppf(probability), -law.std() * stats.norm.pdf(stats.norm.ppf(probability)) / probability
    skew, kurtosis = stats.skew(window), stats.kurtosis(window)

    def quantile(level):
        z = stats.norm.ppf(level)
        return z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * kurtosis / 24 - (2 * z**3 - 5 * z) * skew**2 / 36

    shortfall = integrate.quad(quantile, 0.0, probability)[0] / probability
    return mean + deviation * quantile(probability), mean + deviation * shortfall


@pytest.mark.parametrize("name", VAR_MODELS.names())
@pytest.mark.parametrize("level", [0.95, 0.99])
def test_forecasts_know_nothing_of_the_future(name, level):
    returns = series(200)
    report = backtest_risk(returns, [1], method=name, level=level, window_bars=100)
    assert len(report.value_at_risk) == len(report.expected_shortfall) == len(report.returns) == 100
    np.testing.assert_array_equal(report.returns, returns[100:])
    for position in (0, 1, 37, 99):
        now = 100 + position
        expected = direct_forecast(name, returns[now - 100 : now], returns[:now], 1.0 - level)
        found = report.value_at_risk[position], report.expected_shortfall[position]
        assert found == pytest.approx(expected, rel=1e-6), position
    changed = returns.copy()
    changed[150:] = 0.2
    others = backtest_risk(changed, [1], method=name, level=level, window_bars=100)
    np.testing.assert_array_equal(others.value_at_risk[:51], report.value_at_risk[:51])


@pytest.mark.parametrize("name", VAR_MODELS.names())
def test_shortfall_is_not_better_than_var(name):
    report = backtest_risk(series(), [1], method=name, window_bars=100)
    assert (report.expected_shortfall <= report.value_at_risk).all()


def test_exceedances_and_tests():
    report = backtest_risk(series(1_500), [1], level=0.975, window_bars=500)
    np.testing.assert_array_equal(report.exceedances, np.flatnonzero(report.returns < report.value_at_risk))
    assert report.expected_exceedance_count == pytest.approx(25.0)
    assert [test.name for test in report.tests] == [
        "kupiec",
        "christoffersen_independence",
        "christoffersen_conditional_coverage",
        "basel",
        "acerbi_szekely_z2",
    ]


def test_a_wrong_model_is_rejected():
    returns = np.append(series(300), 5.0 * series(300, seed=1))
    report = backtest_risk(returns, [1], method="normal", window_bars=250)
    outcomes = {test.name: test.outcome for test in report.tests}
    assert outcomes["kupiec"] == "rejected"
    assert outcomes["basel"] == "red"
    assert outcomes["acerbi_szekely_z2"] == "rejected"


def test_right_models_are_rejected_as_often_as_promised():
    rng = np.random.default_rng(77)
    rejected = {"kupiec": 0, "acerbi_szekely_z2": 0}
    for _ in range(300):
        report = backtest_risk(0.01 * rng.normal(size=1_500), [1], method="normal", level=0.95, window_bars=1_000)
        for test in report.tests:
            if test.name in rejected:
                rejected[test.name] += test.outcome == "rejected"
    # 5 % of 300 are 15, with a standard error of 3.8; a window of 1,000 adds a little.
    assert all(4 <= count <= 34 for count in rejected.values()), rejected


def test_portfolio_and_its_warnings():
    data = np.column_stack([series(), series(seed=3)])
    report = backtest_risk(data, [3, 1], window_bars=100)
    np.testing.assert_allclose(report.returns, (data @ [0.75, 0.25])[100:], rtol=1e-13)
    assert [warning.code for warning in report.warnings] == ["WEIGHTS_NORMALISED"]


def test_cornish_fisher_values():
    for probability, expected in ((0.05, -1.7217443293266212), (0.01, -3.301284492180553)):
        quantile, _ = cornish_fisher_tail(probability, np.array([-0.5]), np.array([3.0]))
        assert quantile[0] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("skewness", [-1.5, -0.5, 0.0, 0.8, 2.0])
@pytest.mark.parametrize("kurtosis", [-0.5, 0.0, 1.0, 4.0, 7.9, 9.0])
def test_cornish_fisher_domain(skewness, kurtosis):
    z = np.linspace(-60.0, 60.0, 400_001)
    expansion = (
        z
        + (z**2 - 1) * skewness / 6
        + (z**3 - 3 * z) * kurtosis / 24
        - (2 * z**3 - 5 * z) * skewness**2 / 36
    )  # fmt: skip
    assert is_monotone(np.array([skewness]), np.array([kurtosis]))[0] == (np.diff(expansion) > 0.0).all()


def test_cornish_fisher_outside_its_domain_warns():
    returns = series(300)
    returns[50] = -0.3
    report = backtest_risk(returns, [1], method="cornish_fisher", window_bars=100)
    assert report.warnings[0].code == "CORNISH_FISHER_DOMAIN"
    assert report.warnings[0].message.startswith("skewness and kurtosis of ")


@pytest.mark.parametrize("probability", [0.001, 0.01, 0.05, 0.3])
def test_tails_equal_integrals(probability):
    for law, (quantile, shortfall) in (
        (stats.norm(), normal_tail(probability)),
        (stats.t(4), student_tail(probability, 4.0)),
    ):
        assert quantile == pytest.approx(law.ppf(probability), rel=1e-12)
        mean = law.expect(lambda x: x, lb=-np.inf, ub=quantile) / probability
        assert shortfall == pytest.approx(mean, rel=1e-7)


def test_normal_tail_of_a_two_asset_portfolio():
    mean, deviation = 0.00048, 0.011349008767288886
    quantile, shortfall = normal_tail(0.05)
    assert mean + quantile * deviation == pytest.approx(-0.018187458233179177, rel=1e-13)
    assert mean + shortfall * deviation == pytest.approx(-0.022929745736800865, rel=1e-13)


@pytest.mark.parametrize("name", VAR_MODELS.names())
def test_a_history_that_does_not_move(name):
    report = backtest_risk(np.zeros(60), [1], method=name, window_bars=20)
    np.testing.assert_array_equal(report.value_at_risk, 0.0)
    assert len(report.exceedances) == 0
    assert report.tests[-1].outcome == "undefined"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"method": "history"},
            UnknownNameError,
            'unknown method "history"; did you mean historical',
        ),
        ({"method": "ewma", "params": {"decay": 2}}, InputError, "params.decay was 2; it must be a number from 0.5"),
        ({"level": 0.5}, InputError, "level was 0.5; it must be a number above 0.5 and below 1"),
        ({"level": 99}, InputError, "level was 99; it must be a number above 0.5 and below 1"),
        ({"significance": 0}, InputError, "significance was 0; it must be a number above 0 and below 1"),
        ({"window_bars": 9}, InputError, "window_bars was 9; it must be an integer of at least 10"),
        ({"window_bars": 20.5}, InputError, "window_bars was 20.5; it must be an integer of at least 10"),
        ({"window_bars": 95}, SeriesTooShortError, "it must be at least 105, for a window of 95 and 10 forecasts"),
    ],
)
def test_bad_options(options, error, message):
    with pytest.raises(error) as caught:
        backtest_risk(series(100), [1], **{"window_bars": 50, **options})
    assert message in str(caught.value)

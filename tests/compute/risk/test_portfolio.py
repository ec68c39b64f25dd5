"""The whole report: against pandas, against closed forms, and under what must not change it."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskwave.compute.errors import InputError, NotFiniteError, SeriesTooShortError, ShapeMismatchError
from riskwave.compute.risk import MEASURES, analyze_portfolio, portfolio

TEN_FIELDS = (
    "portfolio_return",
    "portfolio_volatility",
    "sharpe_ratio",
    "var_95",
    "var_99",
    "cvar_95",
    "max_drawdown",
    "correlation_matrix",
    "diversification_ratio",
    "risk_decomposition",
)


def fat_tailed(observations=750, assets=4, seed=1):
    rng = np.random.default_rng(seed)
    mixing = np.eye(assets) + 0.4 * rng.random((assets, assets))
    return 0.01 * rng.standard_t(5, size=(observations, assets)) @ mixing + 0.0004


def with_exact_moments(mean, covariance, observations=500, seed=3):
    """A sample whose mean and covariance (ddof 1) are those given, to rounding."""
    draws = np.random.default_rng(seed).normal(size=(observations, len(mean)))
    draws -= draws.mean(axis=0)
    whitened = draws @ np.linalg.inv(np.linalg.cholesky(np.cov(draws.T))).T
    return np.asarray(mean) + whitened @ np.linalg.cholesky(covariance).T


def codes(report):
    return [warning.code for warning in report.warnings]


def test_docstring_example():
    assert doctest.testmod(portfolio).failed == 0


def test_report_equals_pandas():
    returns, weights = fat_tailed(), np.array([0.4, 0.3, 0.2, 0.1])
    report = analyze_portfolio(returns, weights, risk_free_rate=0.02)
    frame = pd.DataFrame(returns)
    series = (frame * weights).sum(axis=1)
    var = np.percentile(series, 5)
    wealth = (1.0 + series).cumprod()
    drawdowns = wealth / wealth.cummax().clip(lower=1.0) - 1.0
    covariance = frame.cov().to_numpy()
    volatility = series.std() * math.sqrt(252)
    expected = {
        "portfolio_return": series.mean() * 252,
        "portfolio_volatility": volatility,
        "sharpe_ratio": (series.mean() * 252 - 0.02) / volatility,
        "var_95": var,
        "var_99": np.percentile(series, 1),
        "cvar_95": series[series <= var].mean(),
        "max_drawdown": drawdowns.min(),
        "diversification_ratio": (weights * frame.std()).sum() / math.sqrt(weights @ covariance @ weights),
        "sortino_ratio": (series.mean() * 252 - 0.02)
        / math.sqrt((np.minimum(series - 0.02 / 252, 0) ** 2).mean() * 252),
        "calmar_ratio": (wealth.iloc[-1] ** (252 / 750) - 1) / -drawdowns.min(),
    }
    for name, value in expected.items():
        assert getattr(report, name).value == pytest.approx(value, rel=1e-12), name
        assert report.measures[name] is getattr(report, name)
    np.testing.assert_allclose(report.correlation_matrix, frame.corr(), rtol=1e-12)
    np.testing.assert_allclose(report.returns, series, rtol=1e-12, atol=1e-17)
    np.testing.assert_allclose(report.wealth, wealth, rtol=1e-12)
    np.testing.assert_allclose(report.drawdowns, drawdowns, atol=1e-14)
    marginal = covariance @ weights / math.sqrt(weights @ covariance @ weights) * math.sqrt(252)
    np.testing.assert_allclose(report.risk_decomposition.marginal_volatility, marginal, rtol=1e-12)
    trough = int(drawdowns.argmin())
    assert report.max_drawdown_period.trough_index == trough
    assert report.max_drawdown_period.peak_index == int(wealth[:trough].argmax())
    assert report.observation_count == 750
    assert report.warnings == ()


def test_two_asset_closed_form():
    sigma = np.array([0.01, 0.02])
    covariance = np.outer(sigma, sigma) * [[1.0, 0.3], [0.3, 1.0]]
    report = analyze_portfolio(with_exact_moments((0.0004, 0.0006), covariance), (0.6, 0.4), periods_per_year=1)
    assert report.portfolio_return.value == pytest.approx(0.00048, rel=1e-12)
    assert report.portfolio_volatility.value == pytest.approx(0.011349008767288886, rel=1e-12)
    assert report.diversification_ratio.value == pytest.approx(1.2335879094879225, rel=1e-12)
    assert report.correlation_matrix[0, 1] == pytest.approx(0.3, rel=1e-12)
    parts = report.risk_decomposition
    np.testing.assert_allclose(parts.marginal_volatility, (0.00740153, 0.01727023), atol=5e-9)
    np.testing.assert_allclose(parts.component_volatility, (0.00444092, 0.00690809), atol=5e-9)
    np.testing.assert_allclose(parts.share, (0.39130435, 0.60869565), atol=5e-9)


@pytest.mark.parametrize("estimator", ["tail_mean", "rockafellar_uryasev"])
@pytest.mark.parametrize("quantile_method", ["linear", "inverted_cdf", "weibull", "median_unbiased"])
@pytest.mark.parametrize("observations", [10, 57, 100, 1_001])
def test_components_add_up(estimator, quantile_method, observations):
    returns = fat_tailed(observations, 7, seed=observations)
    weights = np.array([0.5, 0.3, -0.2, 0.1, 0.1, 0.15, 0.05])
    report = analyze_portfolio(returns, weights, es_estimator=estimator, quantile_method=quantile_method)
    parts = report.risk_decomposition
    assert math.fsum(parts.share) == pytest.approx(1.0, rel=1e-15)
    assert math.fsum(parts.component_volatility) == pytest.approx(report.portfolio_volatility.value, rel=4e-15)
    assert math.fsum(parts.component_var_95) == pytest.approx(report.var_95.value, rel=1e-13)
    assert math.fsum(parts.component_cvar_95) == pytest.approx(report.cvar_95.value, rel=1e-13)


@settings(deadline=None, max_examples=60)
@given(st.integers(10, 80), st.integers(1, 6), st.floats(1e-3, 1e3), st.integers(0, 2**32 - 1))
def test_scaled_weights_and_permuted_assets_change_nothing(observations, assets, factor, seed):
    rng = np.random.default_rng(seed)
    returns = 0.02 * rng.normal(size=(observations, assets))
    weights = rng.random(assets) + 0.05
    order = rng.permutation(assets)
    report = analyze_portfolio(returns, weights)
    scaled = analyze_portfolio(returns, factor * weights)
    permuted = analyze_portfolio(returns[:, order], weights[order])
    for name, estimate in report.measures.items():
        for other in (scaled, permuted):
            value = other.measures[name].value
            assert value == pytest.approx(estimate.value, rel=1e-7, abs=1e-11, nan_ok=True), name
    np.testing.assert_allclose(permuted.correlation_matrix, report.correlation_matrix[np.ix_(order, order)], atol=1e-12)
    share = report.risk_decomposition.share
    np.testing.assert_allclose(permuted.risk_decomposition.share, share[order], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(scaled.risk_decomposition.share, share, rtol=1e-9, atol=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.integers(10, 60), st.floats(0.01, 5.0), st.integers(0, 2**32 - 1))
def test_returns_times_a_factor(observations, factor, seed):
    returns = 0.01 * np.random.default_rng(seed).normal(size=(observations, 2))
    one, many = (analyze_portfolio(scale * returns, (0.5, 0.5)) for scale in (1.0, factor))
    for name in ("portfolio_return", "portfolio_volatility", "var_95", "var_99", "cvar_95", "downside_deviation"):
        estimate = one.measures[name]
        assert many.measures[name].value == pytest.approx(factor * estimate.value, rel=1e-9, abs=1e-15)
    for name in ("sharpe_ratio", "sortino_ratio", "diversification_ratio"):
        estimate = one.measures[name]
        assert many.measures[name].value == pytest.approx(estimate.value, rel=1e-9, nan_ok=True)


def test_every_measure_is_in_the_report():
    report = analyze_portfolio(fat_tailed(), (1, 1, 1, 1))
    assert tuple(report.measures) == MEASURES.names()
    assert all(hasattr(report, name) for name in TEN_FIELDS)


def test_one_series_without_a_second_dimension():
    series = fat_tailed(assets=1)[:, 0]
    report = analyze_portfolio(series.tolist(), [1])
    assert report.assets == ("asset_0",)
    assert report.diversification_ratio.value == pytest.approx(1.0, rel=1e-14)
    assert report.diversification_ratio.standard_error == pytest.approx(0.0, abs=1e-14)
    np.testing.assert_array_equal(report.correlation_matrix, [[1.0]])


def test_what_is_given_stays_as_it_is():
    returns, weights = fat_tailed(), np.array([1.0, 2.0, 3.0, 4.0])
    copies = returns.copy(), weights.copy()
    returns.flags.writeable = weights.flags.writeable = False
    report = analyze_portfolio(returns, weights)
    np.testing.assert_array_equal(returns, copies[0])
    np.testing.assert_array_equal(weights, copies[1])
    np.testing.assert_allclose(report.weights, (0.1, 0.2, 0.3, 0.4))


def test_strided_and_integer_input():
    returns = fat_tailed()
    np.testing.assert_array_equal(
        analyze_portfolio(np.asfortranarray(returns), (1, 1, 1, 1)).returns,
        analyze_portfolio(returns, (0.25, 0.25, 0.25, 0.25)).returns,
    )


def test_normalised_weights_are_reported():
    report = analyze_portfolio(fat_tailed(), (2, 1, 1, 1))
    assert report.warnings[0].code == "WEIGHTS_NORMALISED"
    assert report.warnings[0].message == "the weights sum to 5 and were divided by it"
    assert report.warnings[0].field == "weights"
    assert codes(analyze_portfolio(fat_tailed(assets=10), [0.1] * 10)) == []


def test_a_constant_portfolio_has_no_ratio():
    report = analyze_portfolio(np.full((20, 2), 0.001), (0.3, 0.7), assets=("CASH", "BILL"))
    assert report.portfolio_return.value == pytest.approx(0.252)
    assert report.portfolio_volatility.value == 0.0
    for name in ("sharpe_ratio", "sortino_ratio", "calmar_ratio", "diversification_ratio"):
        assert math.isnan(getattr(report, name).value), name
        assert any(warning.message.startswith(name) for warning in report.warnings), name
    assert np.isnan(report.correlation_matrix).all()
    assert np.isnan(report.risk_decomposition.share).all()
    assert "CASH does not move; its correlations are undefined" in [warning.message for warning in report.warnings]
    assert report.max_drawdown_period is None
    assert report.max_drawdown.value == 0.0


def test_a_constant_asset_among_others():
    returns = fat_tailed()
    returns[:, 2] = 0.0001
    report = analyze_portfolio(returns, (0.25, 0.25, 0.25, 0.25))
    undefined = np.isnan(report.correlation_matrix)
    assert undefined[2].all()
    assert undefined[:, 2].all()
    assert undefined.sum() == 7
    assert report.risk_decomposition.share[2] == pytest.approx(0.0, abs=1e-15)
    assert math.isfinite(report.sharpe_ratio.value)
    assert math.isfinite(report.diversification_ratio.standard_error)
    assert codes(report) == ["ASSET_CONSTANT"]


def test_a_perfect_hedge_has_no_volatility():
    one = fat_tailed(assets=1)[:, 0]
    report = analyze_portfolio(np.column_stack([one, 0.0002 - one]), (0.5, 0.5))
    assert report.portfolio_volatility.value == 0.0
    assert math.isnan(report.sharpe_ratio.value)


def test_a_negative_price_is_reported_and_poisons_nothing():
    wti = np.array([20.1, 19.9, 18.27, -36.98, 10.01, 13.78, 13.64, 15.06, 15.99, 12.17, 12.4, 15.04, 19.72])
    other = np.linspace(100.0, 101.0, len(wti)) + 0.3 * np.sin(np.arange(len(wti)))
    prices = np.column_stack([wti, other])
    returns = np.diff(prices, axis=0) / prices[:-1]
    report = analyze_portfolio(returns, (0.5, 0.5), assets=("WTI", "GOLD"))
    assert codes(report)[:2] == ["RETURN_BELOW_MINUS_ONE", "WEALTH_NOT_POSITIVE"]
    assert report.warnings[0].message.startswith(
        "WTI has 2 return(s) of -1 or less, the first -3.02408 at observation 2"
    )
    assert [warning.observation for warning in report.warnings[:2]] == [2, 2]
    assert report.var_95.value == np.percentile(returns @ [0.5, 0.5], 5)
    before = np.prod(1.0 + report.returns[:3])
    np.testing.assert_array_equal(report.wealth[2:], np.full(10, report.wealth[2]))
    assert report.wealth[2] == pytest.approx(before)
    assert report.max_drawdown.value < -1.0
    assert report.max_drawdown_period.trough_index == 2
    assert report.max_drawdown_period.recovery_index == -1
    assert all(np.isfinite(array).all() for array in (report.drawdowns, report.wealth, report.returns))
    assert math.isnan(report.calmar_ratio.value)
    assert math.isfinite(report.sharpe_ratio.value)


def test_a_small_sample_says_what_it_cannot_bound():
    report = analyze_portfolio(fat_tailed(100), (1, 0, 0, 0))
    assert report.var_99.low == -math.inf
    message = next(warning.message for warning in report.warnings if warning.code == "INTERVAL_OPEN")
    assert message == ("100 observations cannot bound var_99 from below with confidence 0.95; its interval is open")


def rows(value=0.01, observations=12, assets=2):
    return np.full((observations, assets), value) + 0.001 * np.arange(observations)[:, np.newaxis]


def planted(value):
    returns = rows()
    returns[7, 1] = value
    return returns


@pytest.mark.parametrize(
    ("returns", "weights", "error", "message"),
    [
        (rows()[:9], (1, 1), SeriesTooShortError, "returns was 9 observations; it must be at least 10"),
        (np.empty((0, 2)), (1, 1), SeriesTooShortError, "returns was 0 observations"),
        (planted(math.nan), (1, 1), NotFiniteError, "returns[7, 1] was nan; it must be a finite fraction"),
        (planted(-math.inf), (1, 1), NotFiniteError, "returns[7, 1] was -inf; it must be a finite fraction"),
        (planted(2e6), (1, 1), InputError, "[7, 1] was 2e+06; it must be a finite fraction from -1e+06 to 1e+06"),
        (rows(), (1, 1, 1), ShapeMismatchError, "shape (3,); it must be one weight an asset, of shape (2,)"),
        (rows(), 1.0, ShapeMismatchError, "weights was an array of shape ()"),
        (rows(), (1, math.nan), NotFiniteError, "weights[1] was nan; it must be a finite number"),
        (rows(), (1, math.inf), NotFiniteError, "weights[1] was inf"),
        (rows(), (1, -1), InputError, "weights was [1.0, -1.0] with the sum 0; it must be numbers with a positive sum"),
        (rows(), (0, 0), InputError, "weights was [0.0, 0.0] with the sum 0"),
        (rows(), (0.1 + 0.2, -0.3), InputError, "with the sum 5.55112e-17; it must be numbers with a positive sum"),
        (rows(), (-1, -1), InputError, "with the sum -2; it must be numbers with a positive sum"),
        (rows(), ("a", "b"), InputError, "weights was an array of type <U1; it must be an array of real numbers"),
        (rows(), (1e13, 1), InputError, "weights[0] was 1e+13"),
        (np.zeros((2, 2, 2)), (1, 1), InputError, "shape (2, 2, 2); it must be of shape (observations, assets)"),
        (np.zeros((12, 0)), (), InputError, "returns was an array of shape (12, 0)"),
        ([[0.1, 0.2], [0.1]] * 6, (1, 1), ShapeMismatchError, "returns was a list whose rows differ in length"),
        ([None] * 12, (1,), InputError, "returns was an array of type object; it must be an array of real numbers"),
        (rows().astype(complex), (1, 1), InputError, "returns was an array of type complex128"),
        (np.full((2_000, 2), 5.0), (1, 1), InputError, "compounded; it must be fractions (0.01 is one per cent)"),
    ],
)  # fmt: skip
def test_bad_data(returns, weights, error, message):
    with pytest.raises(InputError) as caught:
        analyze_portfolio(returns, weights)
    assert type(caught.value) is error
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"periods_per_year": 0}, "periods_per_year was 0; it must be a number above 0 and below 1e+08"),
        ({"periods_per_year": math.nan}, "periods_per_year was nan; it must be a number above 0"),
        ({"periods_per_year": "252"}, "periods_per_year was 252; it must be a number"),
        ({"periods_per_year": True}, "periods_per_year was True; it must be a number"),
        ({"periods_per_year": None}, "periods_per_year was None; it must be a number"),
        ({"risk_free_rate": 5}, "risk_free_rate was 5; it must be a number from -1 to 1"),
        ({"confidence": 1.0}, "confidence was 1.0; it must be a number above 0 and below 1"),
        ({"es_estimator": "mean"}, "es_estimator was mean; it must be one of tail_mean, rockafellar_uryasev"),
        ({"quantile_method": "best"}, "quantile_method was best; it must be one of linear, inverted_cdf"),
        ({"assets": ("WTI",)}, "assets was 1 names; it must be one name an asset, 2 names"),
        ({"assets": ("WTI", "WTI")}, "assets was WTI; it must be a name that occurs once"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(InputError) as caught:
        analyze_portfolio(rows(), (1, 1), **options)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("worst", "calmar", "stability"),
    [
        (-1.5, "wealth fell below zero, from where no growth rate leads", "wealth reached zero or below"),
        (0.0, "wealth never fell from a peak", "wealth did not move"),
    ],
)
def test_a_warning_gives_the_reason_that_applies(worst, calmar, stability):
    series = np.zeros((20, 1))
    series[5] = worst
    messages = [warning.message for warning in analyze_portfolio(series, [1]).warnings]
    assert f"calmar_ratio is undefined, because {calmar}" in messages
    assert [one for one in messages if one.startswith(f"stability is undefined, because {stability}")]

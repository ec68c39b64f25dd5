"""Rolling measures against the same measure of each window alone, and against pandas."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskwave.compute.errors import InputError, UnknownNameError
from riskwave.compute.risk import MEASURES, MEASURES_DEFAULT, PortfolioSample, RiskSettings, rolling, rolling_risk
from riskwave.compute.risk.rolling import quantile_position

WEIGHTS = np.array([0.5, 0.3, 0.2])


def returns(observations=200, assets=3, seed=6):
    return 0.01 * np.random.default_rng(seed).standard_t(4, size=(observations, assets))


def window_by_window(name, data, weights, window, conventions):
    measure = MEASURES.get(name)
    return [
        measure.compute(PortfolioSample(data[last - window + 1 : last + 1], weights, conventions)).value
        for last in range(window - 1, len(data))
    ]


def test_docstring_example():
    assert doctest.testmod(rolling).failed == 0


@pytest.mark.parametrize("name", MEASURES.names())
@pytest.mark.parametrize("window", [2, 7, 60, 199, 200])
@pytest.mark.parametrize("estimator", ["tail_mean", "rockafellar_uryasev"])
def test_equals_each_window_alone(name, window, estimator):
    data = returns()
    data[90, 0], data[93, 1], data[95, 0] = -3.0, -4.0, -2.5  # ruins, and one that would turn the sign back
    data[120:135] = 0.001  # windows that do not move
    data[150:160] = np.abs(data[150:160])  # windows without a loss
    conventions = RiskSettings(risk_free_rate=0.01, shortfall_estimator=estimator)
    result = rolling_risk(data, WEIGHTS, window_bars=window, measures=[name], settings=conventions).measures[name]
    assert result.shape == (200,)
    assert np.isnan(result[: window - 1]).all()
    expected = window_by_window(name, data, WEIGHTS, window, conventions)
    np.testing.assert_allclose(result[window - 1 :], expected, rtol=1e-8, atol=1e-11)


@settings(deadline=None, max_examples=50)
@given(st.integers(10, 60), st.data())
def test_tails_with_ties_equal_each_window_alone(observations, data):
    window = data.draw(st.integers(2, observations))
    values = data.draw(st.lists(st.integers(-3, 3), min_size=observations, max_size=observations))
    series = np.array(values)[:, np.newaxis] / 100
    method = data.draw(st.sampled_from(("linear", "inverted_cdf", "weibull", "median_unbiased")))
    conventions = RiskSettings(quantile_method=method)
    result = rolling_risk(series, [1], window_bars=window, measures=["var_95", "cvar_95"], settings=conventions)
    for name in ("var_95", "cvar_95"):
        expected = window_by_window(name, series, np.ones(1), window, conventions)
        np.testing.assert_allclose(result.measures[name][window - 1 :], expected, rtol=1e-12, atol=1e-17)


def test_equals_pandas_over_a_long_series():
    series = returns(20_000, 1)
    names = ("portfolio_volatility", "var_95", "cumulative_return")
    result = rolling_risk(series, [1], window_bars=250, measures=names).measures
    frame = pd.Series(series[:, 0]).rolling(250)
    np.testing.assert_allclose(result["portfolio_volatility"], frame.std() * math.sqrt(252), rtol=1e-9)
    np.testing.assert_array_equal(result["var_95"], frame.quantile(0.05))
    growth = np.exp(np.log1p(pd.Series(series[:, 0])).rolling(250).sum())
    np.testing.assert_allclose(result["cumulative_return"], growth - 1.0, atol=1e-10)


def test_an_outlier_leaves_nothing_behind():
    series = returns(600, 1)
    series[100] = 5e5
    alone = rolling_risk(series[200:], [1], window_bars=50, measures=["portfolio_volatility", "skewness"])
    whole = rolling_risk(series, [1], window_bars=50, measures=["portfolio_volatility", "skewness"])
    for name, values in alone.measures.items():
        np.testing.assert_allclose(whole.measures[name][249:], values[49:], rtol=1e-9, atol=1e-12)


def test_slices_do_not_show(monkeypatch):
    data, calls = returns(500), []
    whole = rolling_risk(data, WEIGHTS, window_bars=30, measures=MEASURES.names())
    monkeypatch.setattr(rolling, "SLICE_WINDOWS", 64)
    monkeypatch.setattr(rolling, "SLICE_WINDOWS_ONE_BY_ONE", 100)
    parts = rolling_risk(
        data, WEIGHTS, window_bars=30, measures=MEASURES.names(), between_slices=lambda: calls.append(None)
    )
    for name, values in whole.measures.items():
        np.testing.assert_allclose(parts.measures[name], values, rtol=1e-9, atol=1e-12)
    assert len(calls) == 8 + 4 * sum(measure.rolling is None for measure in MEASURES)


def test_a_stopped_computation_stops():
    def stop():
        raise TimeoutError

    with pytest.raises(TimeoutError):
        rolling_risk(returns(), WEIGHTS, window_bars=30, between_slices=stop)


def test_defaults_and_warnings():
    data = returns(40)
    data[5:20] = 0.002
    result = rolling_risk(data, [1, 1, 1], window_bars=10, measures=())
    assert tuple(result.measures) == MEASURES_DEFAULT
    assert [warning.code for warning in result.warnings] == ["WEIGHTS_NORMALISED", "MEASURE_UNDEFINED"]
    reason = "because the returns do not vary; the first ends at observation 14"
    assert result.warnings[1].message == f"sharpe_ratio is undefined in 6 windows, {reason}"
    assert result.warnings[1].observation == 14


@pytest.mark.parametrize("method", ["linear", "inverted_cdf", "weibull", "median_unbiased"])
@pytest.mark.parametrize("count", [2, 19, 20, 101, 250])
@pytest.mark.parametrize("probability", [0.01, 0.05, 0.5, 0.95])
def test_quantile_positions_are_numpys(method, count, probability):
    position = quantile_position(method, count, probability)
    expected = np.quantile(np.arange(float(count)), probability, method=method)
    assert position == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("window", [1, 0, -5, 201, 2.5, "30", None, True])
def test_bad_windows(window):
    with pytest.raises(InputError) as caught:
        rolling_risk(returns(), WEIGHTS, window_bars=window)
    assert str(caught.value) == (
        f"window_bars was {window}; it must be an integer from 2 to 200, the number of observations"
    )


def test_bad_names_and_overflow():
    with pytest.raises(UnknownNameError, match="did you mean sharpe_ratio"):
        rolling_risk(returns(), WEIGHTS, window_bars=30, measures=["sharp_ratio"])
    with pytest.raises(InputError, match="when compounded; it must be fractions"):
        rolling_risk(np.full(2_000, 5.0), [1], window_bars=1_000, measures=["max_drawdown"])
    with pytest.raises(InputError, match="quantile_method was best"):
        rolling_risk(returns(), WEIGHTS, window_bars=30, settings=RiskSettings(quantile_method="best"))


def test_each_undefined_window_has_its_own_reason():
    data = np.full((12, 1), 0.01)
    data[6] = -1.5
    result = rolling_risk(data, [1], window_bars=4, measures=["calmar_ratio", "stability"])
    messages = [warning.message for warning in result.warnings]
    never = "calmar_ratio is undefined in 5 windows, because wealth never fell from a peak"
    assert f"{never}; the first ends at observation 3" in messages
    assert any(
        one.startswith("calmar_ratio is undefined in 4 windows, because wealth fell below zero") for one in messages
    )
    assert any(one.startswith("stability is undefined in 4 windows, because wealth reached zero") for one in messages)
    assert [warning.observation for warning in result.warnings] == [3, 6, 6]

"""Oscillators that look ahead: only for those who ask for it by name, and never live."""

import numpy as np
import pandas as pd
import pytest

from riskwave.compute.errors import InputError
from riskwave.compute.oscillators import OSCILLATORS, compute, open_stream

AHEAD = [entry for entry in OSCILLATORS if entry.looks_ahead]


@pytest.mark.parametrize("period", [2, 5, 20, 21])
def test_the_centred_average_is_that_of_later_prices(bars_of, period):
    close = bars_of(300, symbols=3)["close"]
    result = compute("DPOC", {"close": close}, {"timeperiod": period}, allow_look_ahead=True)
    prices = pd.DataFrame(close)
    expected = (prices - prices.rolling(period).mean().shift(-(period // 2 + 1))).to_numpy()
    np.testing.assert_allclose(result.outputs["real"], expected, rtol=0, atol=1e-10)
    assert result.lookback == np.flatnonzero(np.isfinite(expected[:, 0]))[0]


def test_there_is_one():
    assert [entry.name for entry in AHEAD] == ["DPOC"]


@pytest.mark.parametrize("one", AHEAD, ids=lambda one: one.name)
def test_it_is_refused_unless_it_is_allowed_and_the_error_says_how(one, bars_of, select):
    inputs = select(one, bars_of(200))
    for params in ({}, {one.params[0].name: [3, 5]}):
        with pytest.raises(InputError, match="unless the request says allow_look_ahead") as caught:
            compute(one.name, inputs, params)
        assert caught.value.field == "indicator"
    with pytest.raises(InputError, match="a stream has none"):
        open_stream(one.name)


@pytest.mark.parametrize("policy", ["hold", "restart", "taint"])
def test_a_gap_has_no_value_though_later_bars_have(bars_of, policy):
    close = bars_of(300, symbols=2)["close"]
    close[100:103, 0] = np.nan
    close[150, 1] = np.inf
    values = compute("DPOC", {"close": close}, gap_policy=policy, allow_look_ahead=True).outputs["real"]
    assert np.isnan(values[~np.isfinite(close)]).all()
    if policy == "hold":  # as if the bars of the gap had never been
        valid = np.isfinite(close[:, 0])
        alone = compute("DPOC", {"close": close[valid, 0]}, allow_look_ahead=True).outputs["real"]
        np.testing.assert_array_equal(values[valid, 0], alone)


def test_each_window_of_a_sweep_looks_as_far_ahead_as_it_says(bars_of):
    close = bars_of(120)["close"]
    sweep = compute("DPOC", {"close": close}, {"timeperiod": [4, 30]}, allow_look_ahead=True)
    missing = np.isnan(sweep.outputs["real"])
    assert [row[::-1].argmin() for row in missing] == [3, 16]
    last = compute("DPOC", {"close": close}, {"timeperiod": [4, 30]}, allow_look_ahead=True, reducer="last")
    assert np.isnan(last.outputs["real"]).all()

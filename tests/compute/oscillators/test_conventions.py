"""Presets: every formula of another convention is what it says it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from oscillator_definitions import PRESETS
from oscillator_runs import run

from riskwave.compute.errors import UnknownNameError
from riskwave.compute.oscillators import OSCILLATORS, Convention, compute


def test_those_that_differ_where_libraries_do() -> None:
    differ = {entry.name: {str(one) for one in entry.conventions} for entry in OSCILLATORS if entry.conventions}
    for name in ("ADX", "DX", "PLUS_DI", "MINUS_DI"):
        assert differ[name] == {"wilder", "tradingview", "tulip"}
    assert {"EMA", "MACD", "RSI", "ADXR", "ATR", "CMO", "STOCHRSI", "DPO", "AROON", "SMI", "OBV"} <= set(differ)


def test_an_unknown_convention_lists_those_that_exist() -> None:
    with pytest.raises(UnknownNameError, match=r"metastock.*talib.*tradingview.*tulip.*wilder"):
        compute("RSI", {"close": np.arange(30.0)}, convention="metastock")


def test_where_nothing_differs_the_result_says_talib(bars_of) -> None:
    bars = bars_of(100)
    inputs = {name: bars[name] for name in ("high", "low", "close")}
    for convention in Convention:
        result = compute("WILLR", inputs, convention=convention)
        assert result.convention == "talib"
        np.testing.assert_array_equal(result.outputs["real"], compute("WILLR", inputs).outputs["real"])
    assert compute("ADX", inputs, convention="wilder").convention == "wilder"


def test_a_preset_keeps_the_interface_and_differs_in_its_values(preset, bars_of, select) -> None:
    default = OSCILLATORS.get(preset.name)
    assert (preset.outputs, preset.params) == (default.outputs, default.params)
    assert not preset.peer
    inputs = select(preset, bars_of(300))
    result, other = run(preset, inputs), run(default, inputs)
    assert (result.convention, other.convention) == (preset.convention, "talib")
    if preset.name not in SAME_ON_MOVING_PRICES:
        for label, values in result.outputs.items():
            assert not np.array_equal(values, other.outputs[label], equal_nan=True)


SAME_ON_MOVING_PRICES = {"RSI"}  # differs on a flat series alone


@pytest.mark.parametrize(("name", "convention"), PRESETS)
def test_equals_its_definition_in_pandas(name, convention, bars_of) -> None:
    bars = pd.DataFrame(bars_of(400))
    entry = OSCILLATORS.get(name)
    ours = compute(name, {field: bars[field].to_numpy() for field in entry.inputs}, convention=convention)
    expected = PRESETS[name, convention](bars)
    for values, series in zip(ours.outputs.values(), expected, strict=True):
        wanted = np.array(series, dtype=float)
        assert ours.lookback == np.argmax(np.isfinite(wanted))
        np.testing.assert_allclose(values, wanted, rtol=1e-9, atol=1e-9 * np.nanmax(np.abs(wanted)))


def test_highest_bars_of_equal_ones_are_the_oldest() -> None:
    """TradingView's own ta.highestbars(src, 5) on a series with ties, from LuxAlgo/PineTS, tie-handling.test.ts."""
    series = [1, 2, 7, 4, 7, 3, 2, 3, 3, 5, 9, 6, 4, 3, 9, 8, 2, 5, 2, 6, 7, 8, 6, 1, 5, 7, 8, 8]
    highest = [
        -2,
        -3,
        -4,
        -4,
        -2,
        -3,
        -4,
        -3,
        -4,
        0,
        0,
        -1,
        -2,
        -3,
        -4,
        -1,
        -2,
        -3,
        -4,
        -4,
        0,
        0,
        -1,
        -2,
        -3,
        -4,
        0,
        -1,
    ]
    lowest = [0, -1, -2, -3, -4, -4, 0, -1, -2, -3, -4, -4, -4, 0, -1, -2, 0, -1, -2, -3, -4, -3, -4, 0, -1, -2, -3, -4]
    twice = np.array(series * 2, dtype=float)
    result = compute("AROON", {"high": twice, "low": twice}, {"timeperiod": 4}, convention="tradingview").outputs
    np.testing.assert_array_equal(result["aroonup"][28:], 100 * (np.array(highest) + 4) / 4)
    np.testing.assert_array_equal(result["aroondown"][28:], 100 * (np.array(lowest) + 4) / 4)


def test_a_flat_series_has_the_strength_that_pine_gives_it() -> None:
    flat = {"close": np.full(60, 100.1)}
    assert (compute("RSI", flat, convention="tradingview").outputs["real"][14:] == 100.0).all()
    assert (compute("RSI", flat).outputs["real"][14:] == 0.0).all()

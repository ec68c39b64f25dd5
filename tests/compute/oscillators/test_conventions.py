"""Presets: every formula of another convention keeps what every oscillator keeps, and is what it says it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskwave.compute.errors import UnknownNameError
from riskwave.compute.oscillators import OSCILLATORS, Convention, compute
from riskwave.compute.oscillators._program import Run

VARIANTS = [(entry, convention) for entry in OSCILLATORS for convention in entry.conventions]
every_variant = pytest.mark.parametrize(
    ("entry_", "convention"), VARIANTS, ids=[f"{entry.name}-{convention}" for entry, convention in VARIANTS]
)


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


@every_variant
def test_declaration_and_lookback(entry_, convention, bars_of, select) -> None:
    variant = entry_.under(convention)
    assert (variant.name, variant.outputs, variant.params) == (entry_.name, entry_.outputs, entry_.params)
    assert variant.source
    assert len(variant.doc) > 20
    assert not variant.peer
    result = compute(entry_.name, select(entry_, bars_of(300)), convention=convention)
    default = compute(entry_.name, select(entry_, bars_of(300)))
    assert result.convention == convention
    for label, values in result.outputs.items():
        assert np.isnan(values[: result.lookback]).all()
        assert np.isfinite(values[result.lookback :]).all()
        if entry_.name not in SAME_ON_MOVING_PRICES:
            assert not np.array_equal(values, default.outputs[label], equal_nan=True)
    if variant.low is not None:
        assert min(np.nanmin(values) for values in result.outputs.values()) >= variant.low - 1e-9


SAME_ON_MOVING_PRICES = {"RSI"}  # differs on a flat series alone


@every_variant
def test_pieces_columns_and_prefixes_have_the_bits_of_the_whole(entry_, convention, bars_of, select) -> None:
    variant = entry_.under(convention)
    panel = select(entry_, bars_of(220, symbols=3))
    whole = compute(entry_.name, panel, convention=convention).outputs
    for column in (0, 2):
        alone = compute(entry_.name, {k: v[:, column] for k, v in panel.items()}, convention=convention).outputs
        for label, values in alone.items():
            np.testing.assert_array_equal(whole[label][:, column], values)
    cut = compute(entry_.name, {k: v[:150] for k, v in panel.items()}, convention=convention).outputs
    for label, values in cut.items():
        np.testing.assert_array_equal(whole[label][:150], values)
    program = variant.program((tuple(variant.defaults().values()),))
    for sizes in ((1,), (7, 50, 2)):
        run, outputs, at, piece = Run(program, 3), [np.empty((220, 3)) for _ in variant.outputs], 0, 0
        while at < 220:
            end = min(at + sizes[piece % len(sizes)], 220)
            run.advance([panel[name][at:end] for name in variant.inputs], [output[at:end] for output in outputs])
            at, piece = end, piece + 1
        for output, label in zip(outputs, variant.outputs, strict=True):
            np.testing.assert_array_equal(output, whole[label])


@every_variant
def test_no_value_on_a_bar_with_a_missing_input(entry_, convention, bars_of, select) -> None:
    panel = select(entry_, bars_of(250, symbols=2))
    for i, values in enumerate(panel.values()):
        values[120 + i, 0] = (np.nan, np.inf, -np.inf)[i % 3]
    missing = ~np.all([np.isfinite(values) for values in panel.values()], axis=0)
    for policy in ("hold", "restart", "taint"):
        result = compute(entry_.name, panel, convention=convention, gap_policy=policy)
        for values in result.outputs.values():
            assert np.isnan(values[missing]).all()


def frame(bars):
    return pd.DataFrame(bars)


def first_sample(x, n):
    """Return the exponential average that starts from the first value."""
    return x.ewm(span=n, adjust=False).mean()


def wilder_sum(x, n):
    """Return Wilder's sum of the moves, seeded with the first n of them."""
    out = np.full(len(x), np.nan)
    out[n] = x[1 : n + 1].sum()
    for t in range(n + 1, len(x)):
        out[t] = out[t - 1] - out[t - 1] / n + x[t]
    return out


def true_range(b):
    before = b.close.shift()
    parts = pd.concat([b.high - b.low, (b.high - before).abs(), (b.low - before).abs()], axis=1)
    return parts.max(axis=1)  # without a close before, the range alone


def moves(b, up):
    rise, fall = b.high.diff(), -b.low.diff()
    mine, other = (rise, fall) if up else (fall, rise)
    return mine.where((mine > other) & (mine > 0), 0.0).to_numpy()


def rma(x, n):
    out = np.full(len(x), np.nan)
    out[n - 1] = x[:n].mean()
    for t in range(n, len(x)):
        out[t] = out[t - 1] + (x[t] - out[t - 1]) / n
    return out


def smi(b):
    high, low = b.high.rolling(13).max(), b.low.rolling(13).min()
    distance = first_sample(first_sample((b.close - (high + low) / 2).dropna(), 25), 2)
    span = first_sample(first_sample((high - low).dropna(), 25), 2)
    line = 200 * distance / span
    return line.reindex(b.index), first_sample(line, 9).reindex(b.index)


DEFINITIONS = {
    ("DPO", "tradingview"): lambda b: (b.close - b.close.rolling(20).mean().shift(11),),
    ("PLUS_DM", "wilder"): lambda b: (wilder_sum(moves(b, True), 14),),
    ("PLUS_DM", "tradingview"): lambda b: (wilder_sum(moves(b, True), 14),),
    ("MINUS_DM", "wilder"): lambda b: (wilder_sum(moves(b, False), 14),),
    ("MINUS_DM", "tradingview"): lambda b: (wilder_sum(moves(b, False), 14),),
    ("TRANGE", "tradingview"): lambda b: (true_range(b),),
    ("NATR", "tradingview"): lambda b: (100 * rma(true_range(b).to_numpy(), 14) / b.close,),
    ("SMI", "tulip"): smi,
    ("EMA", "tulip"): lambda b: (first_sample(b.close, 30),),
    ("OBV", "tradingview"): lambda b: ((np.sign(b.close.diff()).fillna(0.0) * b.volume).cumsum(),),
    ("AROONOSC", "tradingview"): lambda b: (
        100 / 14 * (b.high.rolling(15).apply(np.argmax, raw=True) - b.low.rolling(15).apply(np.argmin, raw=True)),
    ),
}


@pytest.mark.parametrize(("name", "convention"), DEFINITIONS)
def test_equals_its_definition_in_pandas(name, convention, bars_of) -> None:
    bars = frame(bars_of(400))
    entry = OSCILLATORS.get(name)
    ours = compute(name, {field: bars[field].to_numpy() for field in entry.inputs}, convention=convention)
    expected = DEFINITIONS[name, convention](bars)
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

"""Every oscillator that TA-Lib has equals TA-Lib 0.8.2, in its values and in where they begin."""

from __future__ import annotations

import numpy as np
import pytest
import talib
from talib import abstract

from riskwave.compute.oscillators import compute

# Where TA-Lib's own value is an accident, so that nothing could equal it.
MOVING_ONLY = {"STOCHRSI"}  # on an unchanged price it shows the rounding noise of its RSI, anything from 0 to 100
NORMAL_PRICES_ONLY = {"MFI"}  # it takes a money flow below 1 for none at all


def prices(entry, bars_of, count, seed=1, tick=0.25):
    return bars_of(count, seed, tick=None, still=0.0) if entry.name in MOVING_ONLY else bars_of(count, seed, tick=tick)


def peer_outputs(entry, inputs, params):
    function = abstract.Function(entry.peer)
    names = ["open", "high", "low", "close", "volume"]
    everything = {name: inputs.get(name, np.ones(len(next(iter(inputs.values()))))) for name in names}
    prices = [name for name in names if name in entry.inputs]
    keywords = {}
    if len(prices) == 1 and list(function.input_names) in (["price"], ["real"]):
        keywords["price"] = prices[0]
    result = function(everything, **params, **keywords)
    return dict(zip(function.output_names, result if isinstance(result, list) else [result], strict=True))


def assert_equal_to_peer(entry, inputs, params):
    ours = compute(entry.name, inputs, params, allow_look_ahead=True)
    peer = peer_outputs(entry, inputs, params)
    assert tuple(peer) == entry.outputs
    for label, expected in peer.items():
        actual = ours.outputs[label]
        first = np.flatnonzero(np.isfinite(expected))
        begin = first[0] if first.size else len(expected)
        if expected.dtype == np.int32:  # integers have no NaN
            begin = abstract.Function(entry.peer, **params).lookback
        assert begin == ours.lookback, f"{label} begins at {begin}, lookback is {ours.lookback}, {params}"
        scale = np.abs(expected[begin:]).max(initial=0.0)
        np.testing.assert_allclose(
            actual[begin:], expected[begin:], rtol=1e-9, atol=1e-10 * scale, err_msg=f"{label} {params}"
        )


def test_oracle_is_the_pinned_version():
    assert talib.__version__ == "0.8.2"


def test_defaults_are_the_peers(peered):
    assert dict(abstract.Function(peered.peer).parameters) == pytest.approx(peered.defaults())


def test_equals_talib_with_defaults(peered, bars_of, select):
    assert_equal_to_peer(peered, select(peered, prices(peered, bars_of, 700)), {})


def test_equals_talib_with_drawn_parameters(peered, bars_of, select, draw):
    rng = np.random.default_rng(11)
    for seed in range(12):
        inputs = select(peered, prices(peered, bars_of, 600, seed, None if seed % 2 else 0.25))
        assert_equal_to_peer(peered, inputs, draw(peered, rng, longest=30 if seed < 9 else 90))


def test_equals_talib_on_a_long_series(peered, bars_of, select):
    """Long enough for several blocks and for the chains that run side by side."""
    assert_equal_to_peer(peered, select(peered, prices(peered, bars_of, 70_000)), {})


@pytest.mark.parametrize("scale", [1e-9, 1e12])
def test_equals_talib_at_any_price_level(peered, bars_of, select, scale):
    if peered.name in NORMAL_PRICES_ONLY:
        return
    bars = select(peered, prices(peered, bars_of, 700))
    inputs = {name: values * (1.0 if name == "volume" else scale) for name, values in bars.items()}
    assert_equal_to_peer(peered, inputs, {})

"""A panel in tiles of columns gives the bits and the warnings of the whole."""

import numpy as np
import pytest

from riskwave.compute.errors import SeriesTooShortError, TooLargeError
from riskwave.compute.oscillators import ColumnWork, check_columns, compute, compute_tile, cut_columns, join_columns

CLOSE = 100.0 + np.random.default_rng(3).normal(size=(300, 7)).cumsum(axis=0)


def work(reducer="last", windows=(7, 14), policy="hold"):
    return ColumnWork("RSI", {"timeperiod": list(windows)}, policy, 0, False, "tradingview", reducer)


@pytest.mark.parametrize("reducer", ["last", "crossings", "rank"])
@pytest.mark.parametrize("count", [1, 3, 100])
def test_tiles_give_the_bits_of_the_whole(reducer, count):
    close = CLOSE.copy()
    close[40, 2] = np.nan
    close[200:, 5] = np.inf
    inputs = {"close": close}
    tiles = cut_columns(inputs, count)
    assert sum(tile.inputs["close"].shape[1] for tile in tiles) == 7
    joined = join_columns(work(reducer), inputs, [compute_tile(work(reducer), tile) for tile in tiles[::-1]])
    whole = compute("RSI", inputs, work().params, convention="tradingview", reducer=reducer)
    np.testing.assert_array_equal(joined.outputs["real"], whole.outputs["real"])
    assert joined.lookback.tolist() == whole.lookback.tolist()
    assert (joined.params, joined.warnings, joined.convention) == (whole.params, whole.warnings, whole.convention)


def test_what_is_wrong_is_said_of_the_whole():
    with pytest.raises(SeriesTooShortError):
        check_columns(work(windows=[300]), {"close": CLOSE}, 10_000)
    with pytest.raises(TooLargeError):
        check_columns(work(), {"close": CLOSE}, 2 * 7 * 8 - 1)
    check_columns(work(), {"close": CLOSE}, 2 * 7 * 8)

"""Choppiness index."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.jit import kernel
from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    elementwise,
    oscillator,
    period,
    true_range,
    window_max,
    window_min,
    window_sum,
)

Floats = NDArray[np.float64]


@kernel()
def _choppiness(path: Floats, highest: Floats, lowest: Floats, bars: int, out: Floats) -> None:
    """Compare the path with the range."""
    scale = 100.0 / math.log(bars)
    for i in range(out.size):
        span = highest[i] - lowest[i]
        out[i] = scale * math.log(path[i] / span) if span > 0.0 and path[i] > 0.0 else 0.0


@oscillator(
    name="CHOP",
    title="Choppiness index",
    group=Group.VOLATILITY,
    params=(period(14),),
    stability=Stability.EXACT,
    peer="",
    source="Dreiss; TradingView, Choppiness Index",
)
def chop(high: Series, low: Series, close: Series, timeperiod: int) -> Series:
    """Sum of the true ranges over the range of all bars, as a logarithm: 100 log(sum / range) / log(timeperiod).

    It is 100 when the market went nowhere and small in a trend. When the range is 0 it is 0.
    """
    path = window_sum(true_range(high, low, close), timeperiod)
    return elementwise(
        _choppiness, path, window_max(high, timeperiod), window_min(low, timeperiod), params=(timeperiod,)
    )

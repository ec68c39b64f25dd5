"""Klinger volume oscillator."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.jit import kernel
from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    average_pair,
    ema,
    first_ema,
    oscillator,
    period,
    recursion,
    variant,
)

Floats = NDArray[np.float64]


@kernel()
def _force(
    typical: Floats,
    before: Floats,
    span: Floats,
    span_before: Floats,
    volume: Floats,
    seen: int,
    lanes: int,
    state: Floats,
    out: Floats,
) -> None:
    """Measure the volume force; `state` holds the trend and the sum of ranges over it."""
    if seen == 0:
        state[:] = 0.0
    for t in range(out.size // lanes):
        for j in range(lanes):
            i = t * lanes + j
            trend = 1.0 if typical[i] > before[i] else -1.0
            path = (state[lanes + j] if trend == state[j] else span_before[i]) + span[i]
            state[j], state[lanes + j] = trend, path
            share = abs(2.0 * span[i] / path - 1.0) if path != 0.0 else 0.0
            out[i] = 100.0 * volume[i] * share * trend


def volume_force(high: Series, low: Series, close: Series, volume: Series) -> Series:
    """Return Klinger's volume force."""
    typical = high + low + close
    return recursion(_force, typical, typical.lag(1), high - low, (high - low).lag(1), volume, state_rows=2)[0]


@oscillator(
    name="KVO",
    title="Klinger volume oscillator",
    group=Group.VOLUME,
    params=(
        period(34, "fastperiod", doc="Bars of the faster average"),
        period(55, "slowperiod", doc="Bars of the slower average"),
        period(13, "signalperiod", low=1, doc="Bars of the signal line"),
    ),
    outputs=(
        "kvo",
        "signal",
    ),
    neutral=0.0,
    stability=Stability.CONVERGING,
    peer="",
    source=(
        "Klinger, Identifying Trends with Volume Analysis, Technical Analysis of Stocks & Commodities 15:12 (1997)"
    ),
)
def kvo(
    high: Series, low: Series, close: Series, volume: Series, fastperiod: int, slowperiod: int, signalperiod: int
) -> tuple[Series, Series]:
    """Fast less slow exponential average of the volume force, and its average.

    The force is the volume times 100 |2 dm / cm - 1|, with the sign of the trend, which is up when high + low +
    close rose and down otherwise; dm is the bar's range and cm its sum over the trend so far, with the range of the
    bar before it. Without any range the force is 0.
    """
    force = volume_force(high, low, close, volume)
    fast, slow = average_pair(force, fastperiod, slowperiod, 1)
    line = fast - slow
    return line, ema(line, signalperiod)


@variant(kvo, "tulip", source="Tulip Indicators 0.9, kvo; Achelis, Technical Analysis from A to Z, p. 170")
def kvo_tulip(
    high: Series, low: Series, close: Series, volume: Series, fastperiod: int, slowperiod: int, signalperiod: int
) -> tuple[Series, Series]:
    """All averages start from the first force, at the second bar."""
    force = volume_force(high, low, close, volume)
    fast, slow = (first_ema(force, bars) for bars in sorted((fastperiod, slowperiod)))
    line = fast - slow
    return line, first_ema(line, signalperiod)

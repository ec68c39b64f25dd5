"""Fisher transform."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.jit import kernel
from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    oscillator,
    period,
    previous,
    ratio,
    recursion,
    window_max,
    window_min,
)

Floats = NDArray[np.float64]


@kernel()
def _fisher(place: Floats, seen: int, lanes: int, state: Floats, out: Floats) -> None:
    """Smooth, transform and smooth again; `state` holds the smoothed place and the line."""
    if seen == 0:
        state[:] = 0.0
    for t in range(place.size // lanes):
        for j in range(lanes):
            i = t * lanes + j
            value = 0.66 * (place[i] - 0.5) + 0.67 * state[j]
            value = min(max(value, -0.999), 0.999)
            line = 0.5 * math.log((1.0 + value) / (1.0 - value)) + 0.5 * state[lanes + j]
            state[j], state[lanes + j] = value, line
            out[i] = line


@oscillator(
    name="FISHER",
    title="Fisher transform",
    group=Group.MOMENTUM,
    params=(period(10),),
    outputs=(
        "fisher",
        "signal",
    ),
    neutral=0.0,
    stability=Stability.CONVERGING,
    peer="",
    source="Ehlers, Using the Fisher Transform, Technical Analysis of Stocks & Commodities 20:11 (2002)",
)
def fisher(high: Series, low: Series, timeperiod: int) -> tuple[Series, Series]:
    """Fisher transform of where the median price lies in its range, and its value of the bar before.

    The place between -1 and 1 is smoothed, v = 0.66 (place - 0.5) + 0.67 v, and held within 0.999; the line is 0.5
    ln((1 + v) / (1 - v)) plus half its last value. Both start from 0. A range of 0 counts as the middle.
    """
    median = (high + low) / 2.0
    lowest = window_min(median, timeperiod)
    place = ratio(median - lowest, window_max(median, timeperiod) - lowest, empty=0.5)
    line = recursion(_fisher, place, state_rows=2)[0]
    return line, previous(line)

"""Aroon."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.jit import kernel
from riskwave.compute.oscillators._formula import (
    Group,
    Operation,
    Series,
    Stability,
    age_of_max,
    age_of_min,
    apply,
    oscillator,
    percent_left,
    period,
    variant,
)

Floats = NDArray[np.float64]


@oscillator(
    name="AROON",
    title="Aroon",
    group=Group.MOMENTUM,
    params=(period(14),),
    outputs=(
        "aroondown",
        "aroonup",
    ),
    low=0.0,
    high=100.0,
    neutral=50.0,
    stability=Stability.EXACT,
    source=("Chande, A Time Price Oscillator, Technical Analysis of Stocks & Commodities 13:9 (1995); TA-Lib AROON"),
)
def aroon(high: Series, low: Series, timeperiod: int) -> tuple[Series, Series]:
    """How recent the lowest low and the highest high of `timeperiod` + 1 bars are.

    100 means this bar, 0 the oldest. Of equal extremes the newest counts.
    """
    highest = age_of_max(high, timeperiod + 1)
    lowest = age_of_min(low, timeperiod + 1)
    return percent_left(lowest, timeperiod), percent_left(highest, timeperiod)


@kernel()
def _older_extremum(
    value: Floats, age: Floats, earlier: Floats, earlier_age: Floats, shift: float, best: Floats, best_age: Floats
) -> None:
    """Take the larger of two maxima and its age; of two equal ones the older. `earlier` is `shift` bars older."""
    for i in range(best.size):
        stay = value[i] > earlier[i]
        best[i] = value[i] if stay else earlier[i]
        best_age[i] = age[i] if stay else earlier_age[i] + shift


def age_of_oldest_max(x: Series, bars: int) -> Series:
    """Return how many bars ago the largest of the last `bars` values was; of equal ones, the oldest."""
    value, age, span = x, 0.0 * x, 1
    while span < bars:
        shift = min(span, bars - span)
        operation = Operation(_older_extremum, (float(shift),), outputs=2)
        value, age = apply(operation, value, age, value.lag(shift), age.lag(shift))
        span += shift
    return age


@variant(aroon, "tradingview", source="TradingView, Aroon, with ta.highestbars and ta.lowestbars")
def aroon_tradingview(high: Series, low: Series, timeperiod: int) -> tuple[Series, Series]:
    """Of equal extremes the oldest counts, not the newest as under the default."""
    highest = age_of_oldest_max(high, timeperiod + 1)
    lowest = age_of_oldest_max(-low, timeperiod + 1)
    return percent_left(lowest, timeperiod), percent_left(highest, timeperiod)

"""Aroon."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, age_of_max, oscillator, period


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
    stability=Stability.EXACT,
    source=("Chande, A Time Price Oscillator, Technical Analysis of Stocks & Commodities 13:9 (1995); TA-Lib AROON"),
)
def aroon(high: Series, low: Series, timeperiod: int) -> tuple[Series, Series]:
    """How recent the lowest low and the highest high of `timeperiod` + 1 bars are.

    100 means this bar, 0 the oldest. Of equal extremes the newest counts.
    """
    highest = age_of_max(high, timeperiod + 1)
    lowest = age_of_max(-low, timeperiod + 1)
    return 100.0 * (timeperiod - lowest) / timeperiod, 100.0 * (timeperiod - highest) / timeperiod

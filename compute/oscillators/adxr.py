"""Average directional movement rating."""

from __future__ import annotations

from riskwave.compute.oscillators._directional import TULIP, WILDER, average_directional_index
from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, variant


@oscillator(
    name="ADXR",
    title="Average directional movement rating",
    group=Group.MOMENTUM,
    params=(period(14),),
    low=0.0,
    high=100.0,
    stability=Stability.CONVERGING,
    source="Wilder, New Concepts in Technical Trading Systems (1978), p. 35; TA-Lib ADXR",
)
def adxr(high: Series, low: Series, close: Series, timeperiod: int) -> Series:  # noqa: ARG001 - it cancels, but belongs to the interface
    """Mean of ADX now and `timeperiod` - 1 bars ago."""
    average = average_directional_index(high, low, timeperiod)
    return (average + average.lag(timeperiod - 1)) / 2.0


@variant(adxr, "wilder", source="Wilder, New Concepts in Technical Trading Systems (1978), p. 35")
def adxr_wilder(high: Series, low: Series, close: Series, timeperiod: int) -> Series:  # noqa: ARG001 - it cancels, but belongs to the interface
    """Mean of Wilder's ADX now and `timeperiod` bars ago; the default has one bar less."""
    average = average_directional_index(high, low, timeperiod, WILDER)
    return (average + average.lag(timeperiod)) / 2.0


@variant(adxr, "tulip", source="Tulip Indicators 0.9, adxr")
def adxr_tulip(high: Series, low: Series, close: Series, timeperiod: int) -> Series:  # noqa: ARG001 - it cancels, but belongs to the interface
    """Mean of ADX, whose directional index is shown from its seed on, now and `timeperiod` - 1 bars ago."""
    average = average_directional_index(high, low, timeperiod, TULIP)
    return (average + average.lag(timeperiod - 1)) / 2.0

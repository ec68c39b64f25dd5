"""Average directional movement index."""

from __future__ import annotations

from riskwave.compute.oscillators._directional import TULIP, WILDER, average_directional_index
from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, variant


@oscillator(
    name="ADX",
    title="Average directional movement index",
    group=Group.MOMENTUM,
    params=(period(14),),
    low=0.0,
    high=100.0,
    stability=Stability.CONVERGING,
    source=(
        "Wilder, New Concepts in Technical Trading Systems (1978), p. 35; TA-Lib ADX, whose sums are "
        "seeded with one bar less than Wilder's"
    ),
)
def adx(high: Series, low: Series, close: Series, timeperiod: int) -> Series:  # noqa: ARG001 - it cancels, but belongs to the interface
    """Wilder's average of the directional movement index, seeded with the mean of its first `timeperiod` values.

    A bar without directional movement leaves it as it is.
    """
    return average_directional_index(high, low, timeperiod)


@variant(
    adx,
    "wilder",
    "tradingview",
    source="Wilder, New Concepts in Technical Trading Systems (1978); Pine Script reference, ta.dmi",
)
def adx_wilder(high: Series, low: Series, close: Series, timeperiod: int) -> Series:  # noqa: ARG001 - it cancels, but belongs to the interface
    """As with Wilder: sums seeded with `timeperiod` bars, and shown from there on: the default has one bar less."""
    return average_directional_index(high, low, timeperiod, WILDER)


@variant(adx, "tulip", source="Tulip Indicators 0.9, adx")
def adx_tulip(high: Series, low: Series, close: Series, timeperiod: int) -> Series:  # noqa: ARG001 - it cancels, but belongs to the interface
    """Shown from the seed of the sums on, one bar earlier than under the default."""
    return average_directional_index(high, low, timeperiod, TULIP)

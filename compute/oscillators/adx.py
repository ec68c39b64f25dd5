"""Average directional movement index."""

from __future__ import annotations

from riskwave.compute.oscillators._directional import average_directional_index
from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period


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

"""Wilder's moving average."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, moving_average, oscillator, period


@oscillator(
    name="RMA",
    title="Wilder's moving average",
    group=Group.OVERLAP,
    params=(period(30, low=1),),
    stability=Stability.CONVERGING,
    source="Wilder, New Concepts in Technical Trading Systems (1978); TA-Lib RMA",
)
def rma(close: Series, timeperiod: int) -> Series:
    """Wilder's moving average: exponential with k = 1 / timeperiod.

    It is seeded with the mean of the first `timeperiod` values.
    """
    return moving_average(close, timeperiod, 13)

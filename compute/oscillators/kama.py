"""Kaufman's adaptive moving average."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, moving_average, oscillator, period


@oscillator(
    name="KAMA",
    title="Kaufman's adaptive moving average",
    group=Group.OVERLAP,
    params=(period(30, low=1),),
    stability=Stability.CONVERGING,
    source="Kaufman, Smarter Trading (1995); TA-Lib KAMA",
)
def kama(close: Series, timeperiod: int) -> Series:
    """Kaufman's adaptive moving average.

    y += s^2 (x - y), where s lies between 2/31 and 2/3 as the efficiency ratio does between 0 and 1.
    """
    return moving_average(close, timeperiod, 6)

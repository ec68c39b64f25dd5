"""Donchian channel."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, window_max, window_min


@oscillator(
    name="DONCHIAN",
    title="Donchian channel",
    group=Group.OVERLAP,
    params=(period(20),),
    outputs=(
        "upperband",
        "middleband",
        "lowerband",
    ),
    stability=Stability.EXACT,
    source="Donchian; TA-Lib DONCHIAN",
)
def donchian(high: Series, low: Series, timeperiod: int) -> tuple[Series, Series, Series]:
    """Highest high, lowest low, and the middle between the two."""
    upper, lower = window_max(high, timeperiod), window_min(low, timeperiod)
    return upper, (upper + lower) / 2.0, lower

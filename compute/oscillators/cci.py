"""Commodity channel index."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    distance_in_mean_deviations,
    oscillator,
    period,
    typical_price,
)


@oscillator(
    name="CCI",
    title="Commodity channel index",
    group=Group.MOMENTUM,
    params=(period(14),),
    neutral=0.0,
    stability=Stability.EXACT,
    source="Lambert, Commodity Channel Index, Commodities 9 (1980); TA-Lib CCI",
)
def cci(high: Series, low: Series, close: Series, timeperiod: int) -> Series:
    """Distance of the typical price from its mean, in units of 0.015 mean absolute deviations.

    The typical price is (high + low + close) / 3. In a flat window it is 0.
    """
    typical = typical_price(high, low, close)
    return distance_in_mean_deviations(typical, timeperiod) / 0.015

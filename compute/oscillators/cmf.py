"""Chaikin money flow."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, ratio, window_sum
from riskwave.compute.oscillators.ad import money_flow


@oscillator(
    name="CMF",
    title="Chaikin money flow",
    group=Group.VOLUME,
    params=(period(20),),
    low=-1.0,
    high=1.0,
    neutral=0.0,
    stability=Stability.EXACT,
    source="Chaikin; TA-Lib CMF",
)
def cmf(high: Series, low: Series, close: Series, volume: Series, timeperiod: int) -> Series:
    """Volume times where the close lies in the bar's range, over the volume, both summed.

    It is 0 without volume.
    """
    flow = window_sum(money_flow(high, low, close, volume), timeperiod)
    return ratio(flow, window_sum(volume, timeperiod))

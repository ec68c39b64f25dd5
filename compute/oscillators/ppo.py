"""Percentage price oscillator."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    average_pair,
    matype,
    oscillator,
    period,
    relative,
)


@oscillator(
    name="PPO",
    title="Percentage price oscillator",
    group=Group.MOMENTUM,
    params=(
        period(12, "fastperiod", doc="Bars of the faster average"),
        period(26, "slowperiod", doc="Bars of the slower average"),
        matype("matype", 1),
    ),
    stability=Stability.CONVERGING,
    source="TA-Lib PPO",
)
def ppo(close: Series, fastperiod: int, slowperiod: int, matype: int) -> Series:
    """Fast less slow moving average, in per cent of the slow one.

    It is 0 when the slow one is 0.
    """
    fast, slow = average_pair(close, fastperiod, slowperiod, matype)
    return relative(fast, slow, slow, factor=100.0)

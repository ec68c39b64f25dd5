"""Percentage price oscillator."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    average_pair,
    first_ema,
    matype,
    oscillator,
    period,
    relative,
    variant,
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
    neutral=0.0,
    stability=Stability.CONVERGING,
    source="TA-Lib PPO",
)
def ppo(close: Series, fastperiod: int, slowperiod: int, matype: int) -> Series:
    """Fast less slow moving average, in per cent of the slow one.

    It is 0 when the slow one is 0.
    """
    fast, slow = average_pair(close, fastperiod, slowperiod, matype)
    return relative(fast, slow, slow, factor=100.0)


@variant(ppo, "tulip", source="Tulip Indicators 0.9, ppo")
def ppo_tulip(close: Series, fastperiod: int, slowperiod: int, matype: int) -> Series:
    """Exponential averages (`matype` 1 or 11) start from the first value; shown from the second bar on."""
    if matype not in {1, 11}:
        return ppo(close, fastperiod, slowperiod, matype)
    fast, slow = (first_ema(close, bars) for bars in sorted((fastperiod, slowperiod)))
    return relative(fast, slow, slow, factor=100.0).skip(1)

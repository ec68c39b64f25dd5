"""Chande momentum oscillator."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    gain_loss,
    oscillator,
    period,
    relative,
    window_sum,
)


@oscillator(
    name="CMOU",
    title="Chande momentum oscillator",
    group=Group.MOMENTUM,
    params=(period(14),),
    low=-100.0,
    high=100.0,
    neutral=0.0,
    stability=Stability.EXACT,
    source="Chande and Kroll, The New Technical Trader (1994); TA-Lib CMOU",
)
def cmou(close: Series, timeperiod: int) -> Series:
    """Rises less falls over all movement: 100 (G - L) / (G + L).

    G and L are the sums of the rises and falls of `timeperiod` changes. Without any movement it is 0.
    """
    gain, loss = gain_loss(close)
    gain, loss = window_sum(gain, timeperiod), window_sum(loss, timeperiod)
    return relative(gain, loss, gain + loss, factor=100.0)

"""Chande momentum oscillator, Wilder's smoothing."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    gain_loss,
    oscillator,
    period,
    relative,
    rma,
    variant,
)
from riskwave.compute.oscillators.cmou import cmou


@oscillator(
    name="CMO",
    title="Chande momentum oscillator, Wilder's smoothing",
    group=Group.MOMENTUM,
    params=(period(14),),
    low=-100.0,
    high=100.0,
    neutral=0.0,
    stability=Stability.CONVERGING,
    source="Chande and Kroll, The New Technical Trader (1994), with Wilder's averages as TA-Lib CMO has them",
)
def cmo(close: Series, timeperiod: int) -> Series:
    """Rises less falls over all movement: 100 (G - L) / (G + L).

    G and L are Wilder's averages of the rises and falls. Chande's own sums are CMOU. Without any movement it is 0.
    """
    gain, loss = gain_loss(close)
    gain, loss = rma(gain, timeperiod), rma(loss, timeperiod)
    return relative(gain, loss, gain + loss, factor=100.0)


@variant(
    cmo,
    "tulip",
    "tradingview",
    source="Chande and Kroll, The New Technical Trader (1994); Tulip Indicators 0.9, cmo; Pine Script reference",
    stability=Stability.EXACT,
)
def cmo_of_sums(close: Series, timeperiod: int) -> Series:
    """Chande's own form: sums of the rises and falls of `timeperiod` changes in place of Wilder's averages."""
    return cmou(close, timeperiod)

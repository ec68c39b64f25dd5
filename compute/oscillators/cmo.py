"""Chande momentum oscillator, Wilder's smoothing."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, gain_loss, oscillator, period, relative, rma


@oscillator(
    name="CMO",
    title="Chande momentum oscillator, Wilder's smoothing",
    group=Group.MOMENTUM,
    params=(period(14),),
    low=-100.0,
    high=100.0,
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

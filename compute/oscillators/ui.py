"""Ulcer index."""

from __future__ import annotations

import numpy as np

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    elementwise,
    oscillator,
    period,
    relative,
    sma,
    window_max,
)


@oscillator(
    name="UI",
    title="Ulcer index",
    group=Group.VOLATILITY,
    params=(period(14),),
    low=0.0,
    stability=Stability.EXACT,
    peer="",
    source="Martin and McCann, The Investor's Guide to Fidelity Funds (1989)",
)
def ui(close: Series, timeperiod: int) -> Series:
    """Root mean square of the falls from the highest close, in per cent.

    Every fall is measured from the highest of the `timeperiod` closes up to its own bar.
    """
    highest = window_max(close, timeperiod)
    fall = relative(close, highest, highest, factor=100.0)
    return elementwise(np.sqrt, sma(fall * fall, timeperiod))

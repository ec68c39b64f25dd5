"""Inverse Fisher transform of RSI."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.jit import kernel
from riskwave.compute.oscillators._formula import Group, Series, Stability, elementwise, oscillator, period, wma
from riskwave.compute.oscillators.rsi import rsi

Floats = NDArray[np.float64]


@kernel()
def _tanh(x: Floats, out: Floats) -> None:
    """Compute the hyperbolic tangent, with the same function on every machine and for every length."""
    for i in range(out.size):
        out[i] = math.tanh(x[i])


@oscillator(
    name="IFISHER",
    title="Inverse Fisher transform of RSI",
    group=Group.MOMENTUM,
    params=(
        period(5, doc="Bars of the RSI"),
        period(9, "wmaperiod", low=1, doc="Bars of the weighted average"),
    ),
    low=-1.0,
    high=1.0,
    neutral=0.0,
    stability=Stability.CONVERGING,
    peer="",
    source="Ehlers, The Inverse Fisher Transform, Technical Analysis of Stocks & Commodities 22:5 (2004)",
)
def ifisher(close: Series, timeperiod: int, wmaperiod: int) -> Series:
    """Hyperbolic tangent of the averaged, centred RSI: tanh(WMA(0.1 (RSI - 50)))."""
    return elementwise(_tanh, wma(0.1 * (rsi(close, timeperiod) - 50.0), wmaperiod))

"""Laguerre RSI."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskwave.compute.jit import kernel
from riskwave.compute.oscillators._formula import Group, Param, Series, Stability, oscillator, recursion

Floats = NDArray[np.float64]


@kernel()
def _laguerre(x: Floats, gamma: float, seen: int, lanes: int, state: Floats, out: Floats) -> None:
    """Pass the price through four stages, kept in `state`, and compare neighbours."""
    if seen == 0:
        for k in range(4):
            state[k * lanes : (k + 1) * lanes] = x[:lanes]
    for t in range(x.size // lanes):
        for j in range(lanes):
            i = t * lanes + j
            l0, l1, l2, l3 = state[j], state[lanes + j], state[2 * lanes + j], state[3 * lanes + j]
            # Each stage is l[t-1] + ..., written with differences so that a constant price gives exactly itself.
            n0 = x[i] + gamma * (l0 - x[i])
            n1 = l0 + gamma * (l1 - n0)
            n2 = l1 + gamma * (l2 - n1)
            n3 = l2 + gamma * (l3 - n2)
            rise = max(n0 - n1, 0.0) + max(n1 - n2, 0.0) + max(n2 - n3, 0.0)
            fall = max(n1 - n0, 0.0) + max(n2 - n1, 0.0) + max(n3 - n2, 0.0)
            state[j], state[lanes + j], state[2 * lanes + j], state[3 * lanes + j] = n0, n1, n2, n3
            both = rise + fall
            out[i] = rise / both if both != 0.0 else 0.0


@oscillator(
    name="LRSI",
    title="Laguerre RSI",
    group=Group.MOMENTUM,
    params=(Param("gamma", 0.5, "Damping; larger is smoother", 0.0, 0.99),),
    low=0.0,
    high=1.0,
    neutral=0.5,
    stability=Stability.CONVERGING,
    peer="",
    source="Ehlers, Cybernetic Analysis for Stocks and Futures (2004), chapter 14",
)
def lrsi(close: Series, gamma: float) -> Series:
    """Relative strength among the four outputs of a Laguerre filter.

    It is the share of the rises between neighbouring outputs in all their differences. The filter starts with the
    first close in all four. It is 0 when all are equal.
    """
    return recursion(_laguerre, close, state_rows=4, params=(gamma,))[0]

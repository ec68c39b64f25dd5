"""MACD with fixed 12 and 26 bars."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, macd_lines, oscillator, period


@oscillator(
    name="MACDFIX",
    title="MACD with fixed 12 and 26 bars",
    group=Group.MOMENTUM,
    params=(period(9, "signalperiod", low=1, doc="Bars of the signal line"),),
    outputs=(
        "macd",
        "macdsignal",
        "macdhist",
    ),
    neutral=0.0,
    stability=Stability.CONVERGING,
    source="Appel, The Moving Average Convergence-Divergence Trading Method (1979); TA-Lib MACDFIX",
)
def macdfix(close: Series, signalperiod: int) -> tuple[Series, Series, Series]:
    """Like MACD over 12 and 26 bars, with Appel's own factors 0.15 and 0.075 in place of 2/13 and 2/27."""
    return macd_lines(close, (0.15, 0.075), (12, 26), signalperiod)

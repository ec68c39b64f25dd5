"""MACD with fixed 12 and 26 bars."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, ema, oscillator, period, smoothed


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
    stability=Stability.CONVERGING,
    source="Appel, The Moving Average Convergence-Divergence Trading Method (1979); TA-Lib MACDFIX",
)
def macdfix(close: Series, signalperiod: int) -> tuple[Series, Series, Series]:
    """Like MACD over 12 and 26 bars, with Appel's own factors 0.15 and 0.075 in place of 2/13 and 2/27."""
    line = smoothed(close.skip(14), 0.15, 12) - smoothed(close, 0.075, 26)
    signal = ema(line, signalperiod)
    return line, signal, line - signal

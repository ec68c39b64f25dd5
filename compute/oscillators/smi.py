"""Stochastic momentum index."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    ema,
    first_ema,
    oscillator,
    period,
    ratio,
    variant,
    window_max,
    window_min,
)


@oscillator(
    name="SMI",
    title="Stochastic momentum index",
    group=Group.MOMENTUM,
    params=(
        period(13, doc="Bars of the range"),
        period(2, "fastperiod", doc="Bars of the second smoothing"),
        period(25, "slowperiod", doc="Bars of the first smoothing"),
        period(9, "signalperiod", doc="Bars of the signal line"),
    ),
    outputs=(
        "smi",
        "smisignal",
    ),
    neutral=0.0,
    stability=Stability.CONVERGING,
    source="Blau, Momentum, Direction, and Divergence (1995); TA-Lib SMI",
)
def smi(
    high: Series, low: Series, close: Series, timeperiod: int, fastperiod: int, slowperiod: int, signalperiod: int
) -> tuple[Series, Series]:
    """Distance of the close from the middle of the range, over half the range, both smoothed twice, in per cent.

    The range is that of the highest high and the lowest low of `timeperiod` bars. Without a range it is 0.
    """
    highest, lowest = window_max(high, timeperiod), window_min(low, timeperiod)
    distance = ema(ema(close - (highest + lowest) / 2.0, slowperiod), fastperiod)
    span = ema(ema(highest - lowest, slowperiod), fastperiod)
    smi_line = 200.0 * ratio(distance, span)
    return smi_line, ema(smi_line, signalperiod)


@variant(smi, "tulip", source="Tulip Indicators 0.9, smi")
def smi_tulip(
    high: Series, low: Series, close: Series, timeperiod: int, fastperiod: int, slowperiod: int, signalperiod: int
) -> tuple[Series, Series]:
    """All averages start from their first value, and are shown from there on."""
    highest, lowest = window_max(high, timeperiod), window_min(low, timeperiod)
    distance = first_ema(first_ema(close - (highest + lowest) / 2.0, slowperiod), fastperiod)
    span = first_ema(first_ema(highest - lowest, slowperiod), fastperiod)
    smi_line = 200.0 * ratio(distance, span)
    return smi_line, first_ema(smi_line, signalperiod)

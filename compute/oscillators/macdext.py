"""MACD with a choice of averages."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    aligned_averages,
    matype,
    moving_average,
    oscillator,
    period,
)


@oscillator(
    name="MACDEXT",
    title="MACD with a choice of averages",
    group=Group.MOMENTUM,
    params=(
        period(12, "fastperiod", doc="Bars of the faster average"),
        matype("fastmatype"),
        period(26, "slowperiod", doc="Bars of the slower average"),
        matype("slowmatype"),
        period(9, "signalperiod", low=1, doc="Bars of the signal line"),
        matype("signalmatype"),
    ),
    outputs=(
        "macd",
        "macdsignal",
        "macdhist",
    ),
    neutral=0.0,
    stability=Stability.CONVERGING,
    source="Appel, The Moving Average Convergence-Divergence Trading Method (1979); TA-Lib MACDEXT",
)
def macdext(
    close: Series,
    fastperiod: int,
    fastmatype: int,
    slowperiod: int,
    slowmatype: int,
    signalperiod: int,
    signalmatype: int,
) -> tuple[Series, Series, Series]:
    """Difference of a fast and a slow average, its own average, and the distance between the two.

    Both averages are seeded so that they begin on the same bar. A fast period above the slow one means the two the
    other way round.
    """
    if fastperiod > slowperiod:
        fastperiod, slowperiod, fastmatype, slowmatype = slowperiod, fastperiod, slowmatype, fastmatype
    fast, slow = aligned_averages(close, (fastperiod, fastmatype), (slowperiod, slowmatype))
    line = fast - slow
    signal = moving_average(line, signalperiod, signalmatype)
    return line, signal, line - signal

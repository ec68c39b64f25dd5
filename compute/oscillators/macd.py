"""Moving average convergence/divergence."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    ema,
    first_ema,
    macd_lines,
    oscillator,
    period,
    smoothed,
    variant,
)


@oscillator(
    name="MACD",
    title="Moving Average Convergence/Divergence",
    group=Group.MOMENTUM,
    params=(
        period(12, "fastperiod", doc="Bars of the faster average"),
        period(26, "slowperiod", doc="Bars of the slower average"),
        period(9, "signalperiod", low=1, doc="Bars of the signal line"),
    ),
    outputs=("macd", "macdsignal", "macdhist"),
    neutral=0.0,
    stability=Stability.CONVERGING,
    source="Appel, The Moving Average Convergence-Divergence Trading Method (1979); TA-Lib MACD",
)
def macd(close: Series, fastperiod: int, slowperiod: int, signalperiod: int) -> tuple[Series, Series, Series]:
    """Difference of a fast and a slow exponential average, its own average, and the distance between the two.

    macd = EMA(close, fast) - EMA(close, slow); macdsignal = EMA(macd, signal); macdhist = macd - macdsignal. Both
    averages are seeded with means that end on the same bar, the first that the slower one has. A fast period above
    the slow one means the two the other way round.
    """
    fast, slow = sorted((fastperiod, slowperiod))
    return macd_lines(close, (2.0 / (fast + 1), 2.0 / (slow + 1)), (fast, slow), signalperiod)


@variant(
    macd,
    "tradingview",
    source="Pine Script reference, ta.macd and ta.ema; what it shows starts each average with the mean of its own bars",
)
def macd_tradingview(
    close: Series, fastperiod: int, slowperiod: int, signalperiod: int
) -> tuple[Series, Series, Series]:
    """Each average is seeded with the mean of its own first bars: the faster one earlier than the slower one."""
    fast, slow = (ema(close, bars) for bars in sorted((fastperiod, slowperiod)))
    line = fast - slow
    signal = ema(line, signalperiod)
    return line, signal, line - signal


@variant(macd, "tulip", source="Tulip Indicators 0.9, macd; Achelis, Technical Analysis from A to Z, p. 167")
def macd_tulip(close: Series, fastperiod: int, slowperiod: int, signalperiod: int) -> tuple[Series, Series, Series]:
    """Both averages start from the first close, the signal line from the first macd shown, at bar slowperiod - 1.

    Over 12 and 26 bars the factors are Appel's own, 0.15 and 0.075, in place of 2/13 and 2/27.
    """
    fast, slow = sorted((fastperiod, slowperiod))
    factors = (0.15, 0.075) if (fast, slow) == (12, 26) else (2.0 / (fast + 1), 2.0 / (slow + 1))
    line = (smoothed(close, factors[0], 1) - smoothed(close, factors[1], 1)).skip(slow - 1)
    signal = first_ema(line, signalperiod)
    return line, signal, line - signal

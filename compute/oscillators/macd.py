"""Moving average convergence/divergence."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, macd_lines, oscillator, period


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

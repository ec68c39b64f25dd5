"""Price momentum oscillator."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, ema, oscillator, period, smoothed
from riskwave.compute.oscillators.roc import roc


@oscillator(
    name="PMO",
    title="Price momentum oscillator",
    group=Group.MOMENTUM,
    params=(
        period(35, "firstperiod", doc="Bars of the first smoothing"),
        period(20, "secondperiod", doc="Bars of the second smoothing"),
        period(10, "signalperiod", low=1, doc="Bars of the signal line"),
    ),
    outputs=(
        "pmo",
        "signal",
    ),
    neutral=0.0,
    stability=Stability.CONVERGING,
    peer="",
    source="Swenlin, DecisionPoint, Price Momentum Oscillator",
)
def pmo(close: Series, firstperiod: int, secondperiod: int, signalperiod: int) -> tuple[Series, Series]:
    """Rate of change from bar to bar, smoothed twice with factors 2 / n, times 10, and its exponential average.

    The smoothings are seeded with the mean of their first n values.
    """
    once = smoothed(roc(close, 1), 2.0 / firstperiod, firstperiod)
    line = smoothed(10.0 * once, 2.0 / secondperiod, secondperiod)
    return line, ema(line, signalperiod)

"""Elder-ray: bull and bear power."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, ema, oscillator, period


@oscillator(
    name="ERI",
    title="Elder-ray: bull and bear power",
    group=Group.MOMENTUM,
    params=(period(13, low=1),),
    outputs=(
        "bullpower",
        "bearpower",
    ),
    neutral=0.0,
    stability=Stability.CONVERGING,
    source="Elder, Trading for a Living (1993); TA-Lib ERI",
)
def eri(high: Series, low: Series, close: Series, timeperiod: int) -> tuple[Series, Series]:
    """High and low less the exponential average of the close."""
    average = ema(close, timeperiod)
    return high - average, low - average

"""Zero-lag exponential moving average."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, moving_average, oscillator, period


@oscillator(
    name="ZLEMA",
    title="Zero-lag exponential moving average",
    group=Group.OVERLAP,
    params=(period(30, low=1),),
    stability=Stability.CONVERGING,
    source="Ehlers and Way, Zero Lag (2010); TA-Lib ZLEMA",
)
def zlema(close: Series, timeperiod: int) -> Series:
    """Zero-lag exponential average: of twice the value less the value half a window ago."""
    return moving_average(close, timeperiod, 12)

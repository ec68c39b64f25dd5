"""Bollinger bands."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Param,
    Series,
    Stability,
    matype,
    moving_average,
    oscillator,
    period,
    window_deviation,
)


@oscillator(
    name="BBANDS",
    title="Bollinger bands",
    group=Group.OVERLAP,
    params=(
        period(20),
        Param("nbdevup", 2.0, "Standard deviations above the average", -3e37, 3e37),
        Param("nbdevdn", 2.0, "Standard deviations below the average", -3e37, 3e37),
        matype("matype"),
    ),
    outputs=(
        "upperband",
        "middleband",
        "lowerband",
    ),
    stability=Stability.EXACT,
    source="Bollinger, Bollinger on Bollinger Bands (2001); TA-Lib BBANDS",
)
def bbands(
    close: Series, timeperiod: int, nbdevup: float, nbdevdn: float, matype: int
) -> tuple[Series, Series, Series]:
    """Average of the closes, and bands some standard deviations of the window above and below it.

    The deviation is that of the population, around the window's own mean.
    """
    middle = moving_average(close, timeperiod, matype)
    spread = window_deviation(close, timeperiod)
    return middle + nbdevup * spread, middle, middle - nbdevdn * spread

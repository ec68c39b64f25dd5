"""Keltner channel."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Param,
    Series,
    Stability,
    ema,
    oscillator,
    period,
    rma,
    true_range,
)


@oscillator(
    name="KC",
    title="Keltner channel",
    group=Group.OVERLAP,
    params=(
        period(20),
        period(10, "atrperiod", low=1, doc="Bars of the average true range"),
        Param("nbdev", 2.0, "Average true ranges above and below the average", -3e37, 3e37),
    ),
    outputs=(
        "upperband",
        "middleband",
        "lowerband",
    ),
    stability=Stability.CONVERGING,
    source="Keltner, How to Make Money in Commodities (1960), with Raschke's average true range; TA-Lib KC",
)
def kc(
    high: Series, low: Series, close: Series, timeperiod: int, atrperiod: int, nbdev: float
) -> tuple[Series, Series, Series]:
    """Exponential average of the typical price, and bands some average true ranges above and below it.

    The typical price is (high + low + close) / 3. Both averages are seeded to begin on the same bar.
    """
    lookback = max(timeperiod - 1, atrperiod)
    middle = ema(((high + low + close) / 3.0).skip(lookback - timeperiod + 1), timeperiod)
    spread = nbdev * rma(true_range(high, low, close).skip(lookback - atrperiod), atrperiod)
    return middle + spread, middle, middle - spread

"""Fast stochastic."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, matype, moving_average, oscillator, period
from riskwave.compute.oscillators.stoch import raw_stochastic


@oscillator(
    name="STOCHF",
    title="Fast stochastic",
    group=Group.MOMENTUM,
    params=(
        period(5, "fastk_period", low=1, doc="Bars of the range"),
        period(3, "fastd_period", low=1, doc="Bars of the average that makes %D"),
        matype("fastd_matype"),
    ),
    outputs=(
        "fastk",
        "fastd",
    ),
    neutral=50.0,
    stability=Stability.EXACT,
    source="Lane, Lane's Stochastics, Technical Analysis of Stocks & Commodities 2:3 (1984); TA-Lib STOCHF",
)
def stochf(
    high: Series, low: Series, close: Series, fastk_period: int, fastd_period: int, fastd_matype: int
) -> tuple[Series, Series]:
    """Where the close lies in the range of the last bars (%K), and the average of that (%D).

    100 (close - L) / (H - L), with H the highest high and L the lowest low of `fastk_period` bars, and 0 when they
    are equal.
    """
    fastk = raw_stochastic(high, low, close, fastk_period)
    return fastk, moving_average(fastk, fastd_period, fastd_matype)

"""Relative vigor index."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, ratio, window_sum


def _symmetric(x: Series) -> Series:
    return ((x + x.lag(3)) + 2.0 * (x.lag(1) + x.lag(2))) / 6.0


@oscillator(
    name="RVGI",
    title="Relative vigor index",
    group=Group.MOMENTUM,
    params=(period(14, low=1),),
    outputs=(
        "rvgi",
        "signal",
    ),
    low=-1.0,
    high=1.0,
    neutral=0.0,
    stability=Stability.EXACT,
    peer="",
    source="Ehlers, Relative Vigor Index, Technical Analysis of Stocks & Commodities 20:1 (2002)",
)
def rvgi(open: Series, high: Series, low: Series, close: Series, timeperiod: int) -> tuple[Series, Series]:
    """Body of the bars over their range, and the average of that.

    Both are averaged over four bars with weights 1, 2, 2, 1 and then summed; the second output is averaged with
    these weights too. It is 0 when the range is 0. Not the relative volatility index, which is RVI.
    """
    line = ratio(window_sum(_symmetric(close - open), timeperiod), window_sum(_symmetric(high - low), timeperiod))
    return line, _symmetric(line)

"""Know sure thing."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, period, sma
from riskwave.compute.oscillators.roc import roc


@oscillator(
    name="KST",
    title="Know sure thing",
    group=Group.MOMENTUM,
    params=(
        period(10, "rocperiod1", low=1, doc="Bars of rate of change 1"),
        period(15, "rocperiod2", low=1, doc="Bars of rate of change 2"),
        period(20, "rocperiod3", low=1, doc="Bars of rate of change 3"),
        period(30, "rocperiod4", low=1, doc="Bars of rate of change 4"),
        period(10, "smaperiod1", low=1, doc="Bars of its average"),
        period(10, "smaperiod2", low=1, doc="Bars of its average"),
        period(10, "smaperiod3", low=1, doc="Bars of its average"),
        period(15, "smaperiod4", low=1, doc="Bars of its average"),
        period(9, "signalperiod", low=1, doc="Bars of the signal line"),
    ),
    outputs=(
        "kst",
        "signal",
    ),
    neutral=0.0,
    stability=Stability.EXACT,
    peer="",
    source="Pring, Summed Rate of Change, Technical Analysis of Stocks & Commodities 10:9 (1992)",
)
def kst(
    close: Series,
    rocperiod1: int,
    rocperiod2: int,
    rocperiod3: int,
    rocperiod4: int,
    smaperiod1: int,
    smaperiod2: int,
    smaperiod3: int,
    smaperiod4: int,
    signalperiod: int,
) -> tuple[Series, Series]:
    """Sum of four averaged rates of change, weighted 1 to 4, and its simple average."""
    lengths = ((rocperiod1, smaperiod1), (rocperiod2, smaperiod2), (rocperiod3, smaperiod3), (rocperiod4, smaperiod4))
    parts = [sma(roc(close, change_bars), average_bars) for change_bars, average_bars in lengths]
    line = (parts[0] + 2.0 * parts[1]) + (3.0 * parts[2] + 4.0 * parts[3])
    return line, sma(line, signalperiod)

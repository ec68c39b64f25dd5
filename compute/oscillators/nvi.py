"""Negative volume index."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    compounded,
    oscillator,
    previous,
    relative,
    where_greater,
)


@oscillator(
    name="NVI",
    title="Negative volume index",
    group=Group.VOLUME,
    stability=Stability.PATH_DEPENDENT,
    source="Fosback, Stock Market Logic (1976); TA-Lib NVI",
)
def nvi(close: Series, volume: Series) -> Series:
    """Product of the changes of the close on the bars whose volume fell.

    It starts with 1000.
    """
    before = previous(close)
    growth = where_greater(previous(volume), volume, relative(close, before, before), 0.0)
    return compounded(growth, 1000.0)

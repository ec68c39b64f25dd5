"""Positive volume index."""

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
    name="PVI",
    title="Positive volume index",
    group=Group.VOLUME,
    stability=Stability.PATH_DEPENDENT,
    source="Fosback, Stock Market Logic (1976); TA-Lib PVI",
)
def pvi(close: Series, volume: Series) -> Series:
    """Product of the changes of the close on the bars whose volume rose.

    It starts with 1000.
    """
    before = previous(close)
    growth = where_greater(volume, previous(volume), relative(close, before, before), 0.0)
    return compounded(growth, 1000.0)

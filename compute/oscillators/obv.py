"""On balance volume."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import (
    Group,
    Series,
    Stability,
    oscillator,
    previous,
    signed_volume,
    total,
    variant,
    where_greater,
)


@oscillator(
    name="OBV",
    title="On balance volume",
    group=Group.VOLUME,
    stability=Stability.PATH_DEPENDENT,
    source="Granville, Granville's New Key to Stock Market Profits (1963); TA-Lib OBV",
)
def obv(close: Series, volume: Series) -> Series:
    """Sum of the volumes, counted negative where the close fell and not at all where it stood still.

    It starts with the first bar's volume.
    """
    return total(signed_volume(close, volume))


@variant(obv, "tulip", "tradingview", source="Tulip Indicators 0.9, obv; Pine Script reference, ta.obv")
def obv_from_zero(close: Series, volume: Series) -> Series:
    """As under the default, but from 0 in place of the first bar's volume: a constant less."""
    flow = where_greater(close, previous(close), volume, where_greater(previous(close), close, -volume, 0.0))
    return total(flow)

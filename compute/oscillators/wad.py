"""Williams accumulation/distribution."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, oscillator, total, williams_flow


@oscillator(
    name="WAD",
    title="Williams accumulation/distribution",
    group=Group.MOMENTUM,
    stability=Stability.PATH_DEPENDENT,
    source="Williams, How I Made One Million Dollars (1973); TA-Lib WAD",
)
def wad(high: Series, low: Series, close: Series) -> Series:
    """Sum of the distances of the close to the true low when it rose, to the true high when it fell.

    The true low is the lower of low and previous close, the true high the higher of high and previous close. It
    starts with 0.
    """
    return total(williams_flow(high, low, close))

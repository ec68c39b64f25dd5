"""MESA adaptive moving average."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Param, Series, Stability, oscillator
from riskwave.compute.oscillators._hilbert import mesa


@oscillator(
    name="MAMA",
    title="MESA adaptive moving average",
    group=Group.OVERLAP,
    params=(
        Param("fastlimit", 0.5, "Largest factor", 0.01, 0.99),
        Param("slowlimit", 0.05, "Smallest factor", 0.01, 0.99),
    ),
    outputs=(
        "mama",
        "fama",
    ),
    stability=Stability.CONVERGING,
    source="Ehlers, MAMA, Technical Analysis of Stocks & Commodities 19:9 (2001); TA-Lib MAMA",
)
def mama(close: Series, fastlimit: float, slowlimit: float) -> tuple[Series, Series]:
    """Exponential average with a factor that falls as the phase turns faster, and a slower one behind it.

    The factor is `fastlimit` over the turn in degrees, and at least `slowlimit`; the second average has half of it.
    """
    return mesa(close, fastlimit, slowlimit)

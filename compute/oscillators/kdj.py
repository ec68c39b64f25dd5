"""KDJ stochastic."""

from __future__ import annotations

from riskwave.compute.oscillators._formula import Group, Series, Stability, matype, moving_average, oscillator, period
from riskwave.compute.oscillators.stoch import raw_stochastic


@oscillator(
    name="KDJ",
    title="KDJ stochastic",
    group=Group.MOMENTUM,
    params=(
        period(9, "fastk_period", low=1, doc="Bars of the range"),
        period(3, "slowk_period", low=1, doc="Bars of the average that makes K"),
        matype("slowk_matype", 13),
        period(3, "slowd_period", low=1, doc="Bars of the average that makes D"),
        matype("slowd_matype", 13),
    ),
    outputs=(
        "k",
        "d",
        "j",
    ),
    neutral=50.0,
    stability=Stability.CONVERGING,
    source="TA-Lib KDJ",
)
def kdj(
    high: Series,
    low: Series,
    close: Series,
    fastk_period: int,
    slowk_period: int,
    slowk_matype: int,
    slowd_period: int,
    slowd_matype: int,
) -> tuple[Series, Series, Series]:
    """Slow stochastic K with its average D, and J = 3 K - 2 D, which runs ahead of both."""
    raw = raw_stochastic(high, low, close, fastk_period)
    k = moving_average(raw, slowk_period, slowk_matype, own=13)
    d = moving_average(k, slowd_period, slowd_matype, own=13)
    return k, d, 3.0 * k - 2.0 * d

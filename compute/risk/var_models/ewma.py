"""Exponentially weighted volatility with a normal distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.jit import kernel
from riskwave.compute.registry import Param
from riskwave.compute.risk.tails import normal_tail
from riskwave.compute.risk.var_model import VAR_MODELS, Forecasts, VarModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from riskwave.compute.registry import Value


@kernel()
def ewma_variance(returns: NDArray[np.float64], window_bars: int, decay: float) -> NDArray[np.float64]:
    """Return the variance forecast for each period after the window, which starts it with its mean square."""
    result = np.empty(len(returns) - window_bars)
    variance = 0.0
    for now in range(window_bars):
        variance += returns[now] * returns[now] / window_bars
    for now in range(window_bars, len(returns)):
        result[now - window_bars] = variance
        variance = decay * variance + (1.0 - decay) * returns[now] * returns[now]
    return result


def forecast_ewma(
    returns: NDArray[np.float64], window_bars: int, probability: float, params: Mapping[str, Value]
) -> Forecasts:
    """Return the tail of the normal distribution with mean zero and exponentially weighted variance."""
    deviation = np.sqrt(ewma_variance(returns, window_bars, float(params["decay"])))
    quantile, shortfall = normal_tail(probability)
    return Forecasts(quantile * deviation, shortfall * deviation)


VAR_MODELS.add(
    VarModel(
        name="ewma",
        title="Exponentially weighted",
        doc="Normal returns with mean zero and a variance that follows the market; the window only starts it.",
        source="RiskMetrics Technical Document, J.P. Morgan and Reuters (1996)",
        forecast=forecast_ewma,
        params=(Param("decay", 0.94, "Weight of a period relative to the one after it", low=0.5, high=0.9999),),
    )
)

"""Normal distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.risk._rolling_kernels import rolling_moments
from riskwave.compute.risk.tails import normal_tail
from riskwave.compute.risk.var_model import VAR_MODELS, Forecasts, VarModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from riskwave.compute.registry import Value


def forecast_normal(
    returns: NDArray[np.float64], window_bars: int, probability: float, _params: Mapping[str, Value]
) -> Forecasts:
    """Return the tail of the normal distribution with the window's mean and standard deviation (ddof 1)."""
    mean, squares = rolling_moments(returns, window_bars)[:2, :-1]
    deviation = np.sqrt(squares / (window_bars - 1))
    quantile, shortfall = normal_tail(probability)
    return Forecasts(mean + quantile * deviation, mean + shortfall * deviation)


VAR_MODELS.add(
    VarModel(
        name="normal",
        title="Normal",
        doc="Normal returns with the window's mean and standard deviation; understates fat tails.",
        source="RiskMetrics Technical Document, J.P. Morgan and Reuters (1996)",
        forecast=forecast_normal,
    )
)

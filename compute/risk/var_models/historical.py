"""Historical simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.estimates import SHORTFALL_ESTIMATORS
from riskwave.compute.registry import Param
from riskwave.compute.risk._rolling_kernels import rolling_tail
from riskwave.compute.risk.rolling import quantile_position
from riskwave.compute.risk.var_model import VAR_MODELS, Forecasts, VarModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from riskwave.compute.registry import Value


def forecast_historical(
    returns: NDArray[np.float64], window_bars: int, probability: float, params: Mapping[str, Value]
) -> Forecasts:
    """Return quantile (linear) and mean of the tail of the window before each period."""
    position = quantile_position("linear", window_bars, probability)
    inside = window_bars * probability if params["es_estimator"] == "rockafellar_uryasev" else 0.0
    order = np.argsort(returns, kind="stable")
    quantile, tail_mean = rolling_tail(returns, order, window_bars, position, inside)[:, :-1]
    return Forecasts(quantile, tail_mean)


VAR_MODELS.add(
    VarModel(
        name="historical",
        title="Historical simulation",
        doc="Quantile and tail mean of the window; assumes that the next period is drawn from it.",
        source="Hendricks (1996)",
        forecast=forecast_historical,
        params=(
            Param(
                "es_estimator",
                SHORTFALL_ESTIMATORS[0],
                "How expected shortfall is estimated",
                choices=SHORTFALL_ESTIMATORS,
            ),
        ),
    )
)

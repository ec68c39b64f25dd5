"""Student's t distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.registry import Param
from riskwave.compute.risk._rolling_kernels import rolling_moments
from riskwave.compute.risk.tails import student_tail
from riskwave.compute.risk.var_model import VAR_MODELS, Forecasts, VarModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from riskwave.compute.registry import Value


def forecast_student_t(
    returns: NDArray[np.float64], window_bars: int, probability: float, params: Mapping[str, Value]
) -> Forecasts:
    """Return the tail of Student's t with the window's mean and standard deviation (ddof 1)."""
    n = float(params["degrees_of_freedom"])
    mean, squares = rolling_moments(returns, window_bars)[:2, :-1]
    scale = np.sqrt(squares / (window_bars - 1) * (n - 2.0) / n)
    quantile, shortfall = student_tail(probability, n)
    return Forecasts(mean + quantile * scale, mean + shortfall * scale)


VAR_MODELS.add(
    VarModel(
        name="student_t",
        title="Student's t",
        doc="Student's t with the window's mean and standard deviation and the given degrees of freedom.",
        source="McNeil, Frey and Embrechts (2015), section 2.3",
        forecast=forecast_student_t,
        params=(Param("degrees_of_freedom", 6.0, "Fewer give fatter tails", low=2.1, high=1000.0),),
    )
)

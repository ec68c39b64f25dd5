"""Cornish and Fisher's expansion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.result_warning import ResultWarning
from riskwave.compute.risk._rolling_kernels import rolling_moments
from riskwave.compute.risk.tails import normal_tail
from riskwave.compute.risk.var_model import VAR_MODELS, Forecasts, VarModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from riskwave.compute.registry import Value


def cornish_fisher_tail(
    probability: float, skewness: NDArray[np.float64], excess_kurtosis: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return quantile and expected shortfall of a distribution of mean 0, variance 1 and the given third moments.

    The expansion is a cubic in the normal quantile z, so that its mean below one follows from those of z, z^2 and z^3.
    """
    z, mean_z = normal_tail(probability)
    mean_z2 = 1.0 + z * mean_z
    mean_z3 = (z * z + 2.0) * mean_z

    def expand(first: float, second: float, third: float) -> NDArray[np.float64]:
        expanded: NDArray[np.float64] = (
            first
            + (second - 1.0) * skewness / 6.0
            + (third - 3.0 * first) * excess_kurtosis / 24.0
            - (2.0 * third - 5.0 * first) * skewness**2 / 36.0
        )
        return expanded

    return expand(z, z**2, z**3), expand(mean_z, mean_z2, mean_z3)


def is_monotone(skewness: NDArray[np.float64], excess_kurtosis: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where the expansion rises in z, as a quantile must (Maillard 2012)."""
    quadratic = excess_kurtosis / 8.0 - skewness**2 / 6.0
    linear = skewness / 3.0
    constant = 1.0 - excess_kurtosis / 8.0 + 5.0 * skewness**2 / 36.0
    monotone: NDArray[np.bool_] = (quadratic >= 0.0) & (constant > 0.0) & (linear**2 <= 4.0 * quadratic * constant)
    return monotone


def forecast_cornish_fisher(
    returns: NDArray[np.float64], window_bars: int, probability: float, _params: Mapping[str, Value]
) -> Forecasts:
    """Return the tail of the expansion with the window's first four moments."""
    mean, m2, m3, m4 = rolling_moments(returns, window_bars)[:, :-1]
    moves = m2 > 0.0
    variance = np.where(moves, m2 / window_bars, 1.0)
    skewness = m3 / window_bars / variance**1.5
    excess_kurtosis = np.where(moves, m4 / window_bars / variance**2 - 3.0, 0.0)
    quantile, shortfall = cornish_fisher_tail(probability, skewness, excess_kurtosis)
    deviation = np.sqrt(m2 / (window_bars - 1))
    outside = int((~is_monotone(skewness, excess_kurtosis)).sum())
    warnings: tuple[ResultWarning, ...] = ()
    if outside:
        message = (
            f"skewness and kurtosis of {outside} windows lie outside the domain in which the expansion is a quantile; "
            "the forecasts made from them are unreliable"
        )
        warnings = (ResultWarning("CORNISH_FISHER_DOMAIN", message, "method"),)
    return Forecasts(mean + quantile * deviation, mean + shortfall * deviation, warnings)


VAR_MODELS.add(
    VarModel(
        name="cornish_fisher",
        title="Cornish-Fisher",
        doc="Normal quantile corrected for the window's skewness and kurtosis; warns where tails are too fat for it.",
        source="Cornish and Fisher (1938); domain: Maillard (2012)",
        forecast=forecast_cornish_fisher,
    )
)

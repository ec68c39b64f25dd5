"""Tail ratio."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from riskwave.compute.estimates import Estimate
from riskwave.compute.risk.measure import MEASURES, Measure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from riskwave.compute.risk.rolling import RollingSample
    from riskwave.compute.risk.sample import PortfolioSample


def tail_ratio(sample: PortfolioSample) -> Estimate:
    """Return the size of the 95 % quantile over that of the 5 % quantile."""
    lower, upper = np.quantile(sample.ordered, (0.05, 0.95))
    return Estimate(float(abs(upper / lower)) if lower != 0.0 else math.nan, method="sample quantiles (linear)")


def rolling_tail_ratio(sample: RollingSample) -> NDArray[np.float64]:
    """Return the same of every window."""
    lower, upper = (sample.quantile(probability, "linear") for probability in (0.05, 0.95))
    return np.abs(upper / np.where(lower != 0.0, lower, np.nan))


MEASURES.add(
    Measure(
        name="tail_ratio",
        title="Tail ratio",
        unit="",
        doc="Size of the 95 % quantile of the returns over that of the 5 % quantile.",
        formula="|q(0.95)| / |q(0.05)|",
        source="as in empyrical and pyfolio",
        higher_is_better=True,
        compute=tail_ratio,
        rolling=rolling_tail_ratio,
        undefined_when="the 5 % quantile is zero",
    )
)

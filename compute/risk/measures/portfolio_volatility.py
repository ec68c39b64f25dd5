"""Standard deviation, annualised."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from riskwave.compute.estimates import positive_estimate, standard_deviation_standard_error
from riskwave.compute.risk.measure import MEASURES, Measure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.estimates import Estimate
    from riskwave.compute.risk.rolling import RollingSample
    from riskwave.compute.risk.sample import PortfolioSample


def portfolio_volatility(sample: PortfolioSample) -> Estimate:
    """Return the standard deviation of a period (ddof 1) times the root of the periods of a year."""
    deviation = sample.standard_deviation
    error = 0.0
    if deviation > 0.0:
        error = standard_deviation_standard_error(deviation, sample.kurtosis, sample.count)
    method = "standard deviation, ddof 1; fourth moment, log-normal"
    estimate = positive_estimate(deviation, error, sample.settings.confidence, method)
    return estimate.scaled(math.sqrt(sample.settings.periods_per_year))


def rolling_portfolio_volatility(sample: RollingSample) -> NDArray[np.float64]:
    """Return the same of every window."""
    return sample.standard_deviation * math.sqrt(sample.settings.periods_per_year)


MEASURES.add(
    Measure(
        name="portfolio_volatility",
        title="Annual volatility",
        unit="fraction a year",
        doc="Standard deviation of the returns (ddof 1) times the root of the periods of a year.",
        formula="s(r) sqrt(P)",
        source="error: Var(s^2) = sigma^4 (kurtosis - (n - 3) / (n - 1)) / n, Cramer (1946)",
        higher_is_better=False,
        compute=portfolio_volatility,
        rolling=rolling_portfolio_volatility,
    )
)

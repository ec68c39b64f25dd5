"""Mean return, annualised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.compute.estimates import mean_estimate
from riskwave.compute.risk.measure import MEASURES, Measure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from riskwave.compute.estimates import Estimate
    from riskwave.compute.risk.rolling import RollingSample
    from riskwave.compute.risk.sample import PortfolioSample


def portfolio_return(sample: PortfolioSample) -> Estimate:
    """Return the mean return of a period times the periods of a year."""
    settings = sample.settings
    mean = mean_estimate(sample.mean, sample.standard_deviation, sample.count, settings.confidence)
    return mean.scaled(settings.periods_per_year)


def rolling_portfolio_return(sample: RollingSample) -> NDArray[np.float64]:
    """Return the same of every window."""
    return sample.mean * sample.settings.periods_per_year


MEASURES.add(
    Measure(
        name="portfolio_return",
        title="Annual return",
        unit="fraction a year",
        doc="Arithmetic mean of the returns times the periods of a year; not compounded.",
        formula="mean(r) P",
        source="error: Student (1908)",
        higher_is_better=True,
        compute=portfolio_return,
        rolling=rolling_portfolio_return,
    )
)

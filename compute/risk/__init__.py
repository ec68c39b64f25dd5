"""Portfolio metrics, each with its error.

`analyze_portfolio` is the whole report; `MEASURES` lists the numbers in it, one module of `measures` each.
"""

from riskwave.compute.risk.covariance import (
    COVARIANCE_ESTIMATORS,
    CovarianceEstimator,
    CovarianceReport,
    compute_covariance,
)
from riskwave.compute.risk.decomposition import RiskDecomposition
from riskwave.compute.risk.measure import MEASURES, Measure
from riskwave.compute.risk.portfolio import PortfolioReport, analyze_portfolio
from riskwave.compute.risk.sample import PortfolioSample, RiskSettings
from riskwave.compute.risk.wealth import DrawdownPeriod, WealthCurve

__all__ = [
    "COVARIANCE_ESTIMATORS",
    "MEASURES",
    "CovarianceEstimator",
    "CovarianceReport",
    "DrawdownPeriod",
    "Measure",
    "PortfolioReport",
    "PortfolioSample",
    "RiskDecomposition",
    "RiskSettings",
    "WealthCurve",
    "analyze_portfolio",
    "compute_covariance",
]

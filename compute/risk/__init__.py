"""Portfolio metrics, each with its error.

`analyze_portfolio` is the whole report; `MEASURES` lists the numbers in it, one module of `measures` each.
"""

from riskwave.compute.risk.backtest import BacktestResult
from riskwave.compute.risk.backtesting import BacktestReport, backtest_risk
from riskwave.compute.risk.covariance import (
    COVARIANCE_ESTIMATORS,
    CovarianceEstimator,
    CovarianceReport,
    compute_covariance,
)
from riskwave.compute.risk.decomposition import RiskDecomposition
from riskwave.compute.risk.episodes import EPISODES, Episode
from riskwave.compute.risk.measure import MEASURES, Measure
from riskwave.compute.risk.portfolio import PortfolioReport, analyze_portfolio
from riskwave.compute.risk.rolling import MEASURES_DEFAULT, RollingRisk, RollingSample, rolling_risk
from riskwave.compute.risk.sample import QUANTILE_METHODS, PortfolioSample, RiskSettings
from riskwave.compute.risk.stress import Scenario, ScenarioResult, StressReport, stress_portfolio
from riskwave.compute.risk.var_model import VAR_MODELS, VarModel
from riskwave.compute.risk.warm_up import warm_up, warm_up_steps
from riskwave.compute.risk.wealth import DrawdownPeriod, WealthCurve

__all__ = [
    "COVARIANCE_ESTIMATORS",
    "EPISODES",
    "MEASURES",
    "MEASURES_DEFAULT",
    "QUANTILE_METHODS",
    "VAR_MODELS",
    "BacktestReport",
    "BacktestResult",
    "CovarianceEstimator",
    "CovarianceReport",
    "DrawdownPeriod",
    "Episode",
    "Measure",
    "PortfolioReport",
    "PortfolioSample",
    "RiskDecomposition",
    "RiskSettings",
    "RollingRisk",
    "RollingSample",
    "Scenario",
    "ScenarioResult",
    "StressReport",
    "VarModel",
    "WealthCurve",
    "analyze_portfolio",
    "backtest_risk",
    "compute_covariance",
    "rolling_risk",
    "stress_portfolio",
    "warm_up",
    "warm_up_steps",
]

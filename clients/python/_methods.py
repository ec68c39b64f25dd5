"""Every rpc of the contract with its deadline and whether it may be repeated: the one table of how calls are treated.

A deadline is what a caller waits at most, retries included; `timeout_s` of each call and of `connect` replaces it.
"""

from __future__ import annotations

from grpc_health.v1 import health_pb2 as health

from riskwave._calls import Method
from riskwave.v1 import indicator_service_pb2 as indicator
from riskwave.v1 import job_service_pb2 as job
from riskwave.v1 import market_data_service_pb2 as market
from riskwave.v1 import portfolio_service_pb2 as portfolio
from riskwave.v1 import risk_service_pb2 as risk
from riskwave.v1 import simulation_service_pb2 as simulation
from riskwave.v1 import system_service_pb2 as system

_LOOK_UP_S = 10.0
"""Reads what is there."""
_COMPUTE_S = 60.0
"""Computes, or may have to ask a vendor."""
_SIMULATE_S = 600.0
"""Computes for long: what outlasts this belongs into a job."""
_UNTIL_CLOSED = None
"""Stays open until the caller closes it."""

_INDICATOR = "/riskwave.v1.IndicatorService/"
LIST_INDICATORS = Method(
    _INDICATOR + "ListIndicators",
    indicator.ListIndicatorsRequest,
    indicator.ListIndicatorsResponse,
    _LOOK_UP_S,
    idempotent=True,
)
COMPUTE_INDICATORS = Method(
    _INDICATOR + "ComputeIndicators",
    indicator.ComputeIndicatorsRequest,
    indicator.ComputeIndicatorsResponse,
    _COMPUTE_S,
    idempotent=True,
)
STREAM_INDICATORS = Method(
    _INDICATOR + "StreamIndicators",
    indicator.StreamIndicatorsRequest,
    indicator.StreamIndicatorsResponse,
    _UNTIL_CLOSED,
    idempotent=False,
)

_RISK = "/riskwave.v1.RiskService/"
ANALYZE_PORTFOLIO = Method(
    _RISK + "AnalyzePortfolio",
    risk.AnalyzePortfolioRequest,
    risk.AnalyzePortfolioResponse,
    _COMPUTE_S,
    idempotent=True,
)
COMPUTE_ROLLING_RISK = Method(
    _RISK + "ComputeRollingRisk",
    risk.ComputeRollingRiskRequest,
    risk.ComputeRollingRiskResponse,
    _COMPUTE_S,
    idempotent=True,
)
COMPUTE_COVARIANCE = Method(
    _RISK + "ComputeCovariance",
    risk.ComputeCovarianceRequest,
    risk.ComputeCovarianceResponse,
    _COMPUTE_S,
    idempotent=True,
)
STRESS_TEST = Method(_RISK + "StressTest", risk.StressTestRequest, risk.StressTestResponse, _COMPUTE_S, idempotent=True)
BACKTEST_RISK = Method(
    _RISK + "BacktestRisk", risk.BacktestRiskRequest, risk.BacktestRiskResponse, _SIMULATE_S, idempotent=True
)
OPTIMIZE_PORTFOLIO = Method(
    _RISK + "OptimizePortfolio",
    risk.OptimizePortfolioRequest,
    risk.OptimizePortfolioResponse,
    _COMPUTE_S,
    idempotent=True,
)

_SIMULATION = "/riskwave.v1.SimulationService/"
LIST_MODELS = Method(
    _SIMULATION + "ListModels",
    simulation.ListModelsRequest,
    simulation.ListModelsResponse,
    _LOOK_UP_S,
    idempotent=True,
)
ESTIMATE_SIMULATION = Method(
    _SIMULATION + "EstimateSimulation",
    simulation.EstimateSimulationRequest,
    simulation.EstimateSimulationResponse,
    _COMPUTE_S,
    idempotent=True,
)
SIMULATE = Method(
    _SIMULATION + "Simulate", simulation.SimulateRequest, simulation.SimulateResponse, _SIMULATE_S, idempotent=True
)
STREAM_SIMULATION = Method(
    _SIMULATION + "StreamSimulation",
    simulation.StreamSimulationRequest,
    simulation.StreamSimulationResponse,
    _SIMULATE_S,
    idempotent=True,
)
PRICE_DERIVATIVE = Method(
    _SIMULATION + "PriceDerivative",
    simulation.PriceDerivativeRequest,
    simulation.PriceDerivativeResponse,
    _SIMULATE_S,
    idempotent=True,
)
STREAM_PRICE = Method(
    _SIMULATION + "StreamPrice",
    simulation.StreamPriceRequest,
    simulation.StreamPriceResponse,
    _SIMULATE_S,
    idempotent=True,
)

_JOB = "/riskwave.v1.JobService/"
CREATE_JOB = Method(_JOB + "CreateJob", job.CreateJobRequest, job.CreateJobResponse, _COMPUTE_S, idempotent=True)
GET_JOB = Method(_JOB + "GetJob", job.GetJobRequest, job.GetJobResponse, _LOOK_UP_S, idempotent=True)
LIST_JOBS = Method(_JOB + "ListJobs", job.ListJobsRequest, job.ListJobsResponse, _LOOK_UP_S, idempotent=True)
WATCH_JOB = Method(_JOB + "WatchJob", job.WatchJobRequest, job.WatchJobResponse, _UNTIL_CLOSED, idempotent=True)
GET_JOB_RESULT = Method(
    _JOB + "GetJobResult", job.GetJobResultRequest, job.GetJobResultResponse, _COMPUTE_S, idempotent=True
)
CANCEL_JOB = Method(_JOB + "CancelJob", job.CancelJobRequest, job.CancelJobResponse, _LOOK_UP_S, idempotent=True)
DELETE_JOB = Method(_JOB + "DeleteJob", job.DeleteJobRequest, job.DeleteJobResponse, _LOOK_UP_S, idempotent=False)

_MARKET = "/riskwave.v1.MarketDataService/"
LIST_ASSETS = Method(
    _MARKET + "ListAssets", market.ListAssetsRequest, market.ListAssetsResponse, _LOOK_UP_S, idempotent=True
)
LIST_SOURCES = Method(
    _MARKET + "ListSources", market.ListSourcesRequest, market.ListSourcesResponse, _LOOK_UP_S, idempotent=True
)
GET_PRICES = Method(
    _MARKET + "GetPrices", market.GetPricesRequest, market.GetPricesResponse, _COMPUTE_S, idempotent=True
)
IMPORT_PRICES = Method(
    _MARKET + "ImportPrices", market.ImportPricesRequest, market.ImportPricesResponse, _SIMULATE_S, idempotent=False
)
WATCH_PRICES = Method(
    _MARKET + "WatchPrices", market.WatchPricesRequest, market.WatchPricesResponse, _UNTIL_CLOSED, idempotent=True
)

_PORTFOLIO = "/riskwave.v1.PortfolioService/"
PUT_PORTFOLIO = Method(
    _PORTFOLIO + "PutPortfolio",
    portfolio.PutPortfolioRequest,
    portfolio.PutPortfolioResponse,
    _LOOK_UP_S,
    idempotent=True,
)
GET_PORTFOLIO = Method(
    _PORTFOLIO + "GetPortfolio",
    portfolio.GetPortfolioRequest,
    portfolio.GetPortfolioResponse,
    _LOOK_UP_S,
    idempotent=True,
)
LIST_PORTFOLIOS = Method(
    _PORTFOLIO + "ListPortfolios",
    portfolio.ListPortfoliosRequest,
    portfolio.ListPortfoliosResponse,
    _LOOK_UP_S,
    idempotent=True,
)
DELETE_PORTFOLIO = Method(
    _PORTFOLIO + "DeletePortfolio",
    portfolio.DeletePortfolioRequest,
    portfolio.DeletePortfolioResponse,
    _LOOK_UP_S,
    idempotent=False,
)
WATCH_PORTFOLIO = Method(
    _PORTFOLIO + "WatchPortfolio",
    portfolio.WatchPortfolioRequest,
    portfolio.WatchPortfolioResponse,
    _UNTIL_CLOSED,
    idempotent=True,
)

_SYSTEM = "/riskwave.v1.SystemService/"
GET_SERVER_INFO = Method(
    _SYSTEM + "GetServerInfo",
    system.GetServerInfoRequest,
    system.GetServerInfoResponse,
    _LOOK_UP_S,
    idempotent=True,
)
GET_STATISTICS = Method(
    _SYSTEM + "GetStatistics",
    system.GetStatisticsRequest,
    system.GetStatisticsResponse,
    _LOOK_UP_S,
    idempotent=True,
)
CHECK_HEALTH = Method(
    "/grpc.health.v1.Health/Check", health.HealthCheckRequest, health.HealthCheckResponse, _LOOK_UP_S, idempotent=True
)

"""riskwave: oscillators, portfolio risk and Monte Carlo from a compute server, over gRPC.

    import riskwave as rw

    with rw.connect("localhost:50051") as client:
        report = client.risk.analyze(weights={"WTI": 0.6, "BRENT": 0.4}, start="2015-01-01")
        report.portfolio_volatility, report.var_95, report.to_pandas()

`connect_async` gives the same calls to be awaited. Importing this is quick: the parts are loaded when used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from riskwave._awaiting import AsyncStream
    from riskwave._blocking import Stream
    from riskwave._client import AsyncClient, Client, connect, connect_async
    from riskwave._derivative import DerivativeOptions
    from riskwave._errors import (
        AccessDeniedError,
        CallCancelledError,
        ConflictError,
        DeadlineExceededError,
        FieldViolation,
        InternalError,
        InvalidRequestError,
        MessageTooLargeError,
        NotFoundError,
        NotImplementedByServerError,
        OverloadedError,
        PreconditionError,
        RiskwaveError,
        UnavailableError,
        UnknownNameError,
    )
    from riskwave._estimates import Estimate, Histogram, Quantile
    from riskwave._indicator_results import IndicatorResult, IndicatorResults, IndicatorSpec
    from riskwave._indicator_stream import IndicatorStream
    from riskwave._indicators import BarOptions, IndicatorCall
    from riskwave._inputs import PortfolioOptions
    from riskwave._jobs import CancelReport, Job, JobEvent, JobSpec
    from riskwave._meta import PriceProvenance, ResultMeta, ResultWarning
    from riskwave._model_results import Catalogue, DerivativePrice, DerivativePriceUpdate, Greek, ModelSpec, PayoffSpec
    from riskwave._parameters import ParameterSpec
    from riskwave._portfolio_report import DrawdownPeriod, Measure, PortfolioReport, RiskContribution
    from riskwave._portfolios import Portfolio, PortfolioUpdate
    from riskwave._price_coverage import Coverage, Gap, PriceRevision
    from riskwave._price_results import (
        Asset,
        BudgetWindow,
        FetchOutcome,
        ImportCount,
        ImportReport,
        Prices,
        PriceSeries,
        PriceUpdate,
        Source,
    )
    from riskwave._prices import NewSeries
    from riskwave._results import Rows
    from riskwave._risk import BacktestOptions
    from riskwave._risk_results import (
        Backtest,
        Covariance,
        Optimization,
        RollingRisk,
        Scenario,
        ScenarioResult,
        StressReport,
        TestResult,
    )
    from riskwave._server import (
        CacheStatistics,
        Capability,
        Component,
        KernelStatistics,
        Limits,
        MethodStatistics,
        ServerInfo,
        ServerStatistics,
    )
    from riskwave._simulation import SimulationOptions
    from riskwave._simulation_results import (
        DistributionSummary,
        Simulation,
        SimulationCost,
        SimulationProgress,
        SimulationStatistics,
        SimulationUpdate,
        TailEstimate,
        ThresholdProbability,
        WealthFan,
    )


_HOMES = {
    "_awaiting": ("AsyncStream",),
    "_blocking": ("Stream",),
    "_client": (
        "AsyncClient",
        "Client",
        "connect",
        "connect_async",
    ),
    "_derivative": ("DerivativeOptions",),
    "_errors": (
        "AccessDeniedError",
        "CallCancelledError",
        "ConflictError",
        "DeadlineExceededError",
        "FieldViolation",
        "InternalError",
        "InvalidRequestError",
        "MessageTooLargeError",
        "NotFoundError",
        "NotImplementedByServerError",
        "OverloadedError",
        "PreconditionError",
        "RiskwaveError",
        "UnavailableError",
        "UnknownNameError",
    ),
    "_estimates": (
        "Estimate",
        "Histogram",
        "Quantile",
    ),
    "_indicator_results": (
        "IndicatorResult",
        "IndicatorResults",
        "IndicatorSpec",
    ),
    "_indicator_stream": ("IndicatorStream",),
    "_indicators": (
        "BarOptions",
        "IndicatorCall",
    ),
    "_inputs": ("PortfolioOptions",),
    "_jobs": (
        "CancelReport",
        "Job",
        "JobEvent",
        "JobSpec",
    ),
    "_meta": (
        "PriceProvenance",
        "ResultMeta",
        "ResultWarning",
    ),
    "_model_results": (
        "Catalogue",
        "DerivativePrice",
        "DerivativePriceUpdate",
        "Greek",
        "ModelSpec",
        "PayoffSpec",
    ),
    "_parameters": ("ParameterSpec",),
    "_portfolio_report": (
        "DrawdownPeriod",
        "Measure",
        "PortfolioReport",
        "RiskContribution",
    ),
    "_portfolios": (
        "Portfolio",
        "PortfolioUpdate",
    ),
    "_price_coverage": (
        "Coverage",
        "Gap",
        "PriceRevision",
    ),
    "_price_results": (
        "Asset",
        "BudgetWindow",
        "FetchOutcome",
        "ImportCount",
        "ImportReport",
        "PriceSeries",
        "PriceUpdate",
        "Prices",
        "Source",
    ),
    "_prices": ("NewSeries",),
    "_results": ("Rows",),
    "_risk": ("BacktestOptions",),
    "_risk_results": (
        "Backtest",
        "Covariance",
        "Optimization",
        "RollingRisk",
        "Scenario",
        "ScenarioResult",
        "StressReport",
        "TestResult",
    ),
    "_server": (
        "CacheStatistics",
        "Capability",
        "Component",
        "KernelStatistics",
        "Limits",
        "MethodStatistics",
        "ServerInfo",
        "ServerStatistics",
    ),
    "_simulation": ("SimulationOptions",),
    "_simulation_results": (
        "DistributionSummary",
        "Simulation",
        "SimulationCost",
        "SimulationProgress",
        "SimulationStatistics",
        "SimulationUpdate",
        "TailEstimate",
        "ThresholdProbability",
        "WealthFan",
    ),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "AccessDeniedError",
    "Asset",
    "AsyncClient",
    "AsyncStream",
    "Backtest",
    "BacktestOptions",
    "BarOptions",
    "BudgetWindow",
    "CacheStatistics",
    "CallCancelledError",
    "CancelReport",
    "Capability",
    "Catalogue",
    "Client",
    "Component",
    "ConflictError",
    "Covariance",
    "Coverage",
    "DeadlineExceededError",
    "DerivativeOptions",
    "DerivativePrice",
    "DerivativePriceUpdate",
    "DistributionSummary",
    "DrawdownPeriod",
    "Estimate",
    "FetchOutcome",
    "FieldViolation",
    "Gap",
    "Greek",
    "Histogram",
    "ImportCount",
    "ImportReport",
    "IndicatorCall",
    "IndicatorResult",
    "IndicatorResults",
    "IndicatorSpec",
    "IndicatorStream",
    "InternalError",
    "InvalidRequestError",
    "Job",
    "JobEvent",
    "JobSpec",
    "KernelStatistics",
    "Limits",
    "Measure",
    "MessageTooLargeError",
    "MethodStatistics",
    "ModelSpec",
    "NewSeries",
    "NotFoundError",
    "NotImplementedByServerError",
    "Optimization",
    "OverloadedError",
    "ParameterSpec",
    "PayoffSpec",
    "Portfolio",
    "PortfolioOptions",
    "PortfolioReport",
    "PortfolioUpdate",
    "PreconditionError",
    "PriceProvenance",
    "PriceRevision",
    "PriceSeries",
    "PriceUpdate",
    "Prices",
    "Quantile",
    "ResultMeta",
    "ResultWarning",
    "RiskContribution",
    "RiskwaveError",
    "RollingRisk",
    "Rows",
    "Scenario",
    "ScenarioResult",
    "ServerInfo",
    "ServerStatistics",
    "Simulation",
    "SimulationCost",
    "SimulationOptions",
    "SimulationProgress",
    "SimulationStatistics",
    "SimulationUpdate",
    "Source",
    "Stream",
    "StressReport",
    "TailEstimate",
    "TestResult",
    "ThresholdProbability",
    "UnavailableError",
    "UnknownNameError",
    "WealthFan",
    "__version__",
    "connect",
    "connect_async",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used."""
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("riskwave")
    elif name in _HOME_OF:
        value = getattr(importlib.import_module(f"riskwave.{_HOME_OF[name]}"), name)
    else:
        raise AttributeError(f"module 'riskwave' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__

"""One module a service of the contract: decode, call, encode, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.server.services.indicator import IndicatorService
from riskwave.server.services.market_data import MarketDataService
from riskwave.server.services.portfolio import PortfolioService
from riskwave.server.services.risk import RiskService
from riskwave.server.services.simulation import SimulationService
from riskwave.server.services.system import SystemService

if TYPE_CHECKING:
    from collections.abc import Mapping

    from riskwave.server.runtime import Runtime


def make_services(runtime: Runtime, capabilities: Mapping[str, bool]) -> dict[str, object]:
    """Return the objects that answer, by the full name of their service.

    Parameters
    ----------
    runtime
        The parts that they share.
    capabilities
        Every call and whether it is served; filled by the caller from what is returned.
    """
    return {
        "riskwave.v1.IndicatorService": IndicatorService(runtime),
        "riskwave.v1.MarketDataService": MarketDataService(runtime),
        "riskwave.v1.PortfolioService": PortfolioService(runtime),
        "riskwave.v1.RiskService": RiskService(runtime),
        "riskwave.v1.SimulationService": SimulationService(runtime),
        "riskwave.v1.SystemService": SystemService(runtime, capabilities),
    }

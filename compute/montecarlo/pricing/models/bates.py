"""Bates' stochastic volatility with jumps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from riskwave.compute.montecarlo.jumps import NORMAL_JUMPS, normal_growth
from riskwave.compute.montecarlo.pricing import variance
from riskwave.compute.montecarlo.pricing.jumps import add_normal_jumps, in_turn
from riskwave.compute.montecarlo.pricing.model import PRICING_MODELS, PricingModel, Shocks
from riskwave.compute.montecarlo.pricing.models import heston

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.pricing.market import Market
    from riskwave.compute.montecarlo.pricing.model import Simulator


def _simulator(market: Market) -> Simulator:
    return in_turn(
        variance.simulator(market, float(market.carries[0]) - normal_growth(market.params)), add_normal_jumps(market)
    )


PRICING_MODELS.add(
    PricingModel(
        name="bates",
        title="Bates",
        doc="Heston's model with normal jumps of the price's logarithm at Poisson times.",
        reference="Bates (1996), Jumps and stochastic volatility. RFS 9(1)",
        params=(*heston.PARAMS, *NORMAL_JUMPS),
        shocks=lambda _assets: Shocks(1, 3),
        simulator=_simulator,
        terminal=heston.terminal,
        volatility=heston.volatility,
        with_volatility=heston.with_volatility,
        step_ns=14.5,
        takes_volatility=False,
        step_years_max=heston.STEP_YEARS_MAX,
        warnings=heston.feller,
    )
)

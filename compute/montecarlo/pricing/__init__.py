"""Prices of derivatives by simulation, each with its error, and exactly where a closed form is known.

plan_pricing(spec)                   checks a request and cuts it into chunks
price_chunk(spec, chunk)             simulates one, anywhere
merge_prices(spec, sums)             merges them, in whatever order they come
boundaries(spec)                     the numbers of paths at which a precision target is looked at
target_reached(spec, result)         whether it is reached
price(spec)                          does all of it in one thread
warm_up_steps(), steps_of(spec)      what compiles or loads the kernels, and which of it a price needs

A price has a payoff of `PAYOFFS` and a model of `PRICING_MODELS`; each payoff lists the models that it goes with.
"""

from riskwave.compute.montecarlo.pricing.engine import (
    PriceResult,
    merge_prices,
    price,
    price_chunk,
    target_reached,
)
from riskwave.compute.montecarlo.pricing.model import PRICING_MODELS, PricingModel
from riskwave.compute.montecarlo.pricing.payoff import PAYOFFS, Payoff
from riskwave.compute.montecarlo.pricing.plan import boundaries, plan_pricing
from riskwave.compute.montecarlo.pricing.spec import GREEKS, SAMPLINGS, PriceSums, PricingSpec
from riskwave.compute.montecarlo.pricing.warm_up import steps_of, warm_up_steps

__all__ = [
    "GREEKS",
    "PAYOFFS",
    "PRICING_MODELS",
    "SAMPLINGS",
    "Payoff",
    "PriceResult",
    "PriceSums",
    "PricingModel",
    "PricingSpec",
    "boundaries",
    "merge_prices",
    "plan_pricing",
    "price",
    "price_chunk",
    "steps_of",
    "target_reached",
    "warm_up_steps",
]

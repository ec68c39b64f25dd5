"""Prices of derivatives by simulation, each with its error, and exactly where a closed form is known.

plan_pricing(spec)                   checks a request and cuts it into chunks
price_chunk(spec, chunk)             simulates one, anywhere
merge_prices(spec, sums)             merges them, in whatever order they come
price(spec)                          does all of it in one thread
"""

from riskwave.compute.montecarlo.pricing.engine import (
    PriceResult,
    PriceSums,
    PricingSpec,
    merge_prices,
    plan_pricing,
    price,
    price_chunk,
)
from riskwave.compute.montecarlo.pricing.payoff import PAYOFFS, Payoff

__all__ = [
    "PAYOFFS",
    "Payoff",
    "PriceResult",
    "PriceSums",
    "PricingSpec",
    "merge_prices",
    "plan_pricing",
    "price",
    "price_chunk",
]

"""Closed forms of lognormal expectations, not discounted: Black's formula and what follows from it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.pricing.market import Market


def black(forward: float, strike: float, deviation: float, sign: float) -> float:
    """Return E max(sign (X - strike), 0) for a lognormal X of mean `forward` whose logarithm has `deviation`.

    NaN where the deviation is NaN: X is not lognormal.
    """
    if deviation == 0.0:
        return max(sign * (forward - strike), 0.0)
    d1 = math.log(forward / strike) / deviation + 0.5 * deviation
    d2 = d1 - deviation
    return float(sign * (forward * special.ndtr(sign * d1) - strike * special.ndtr(sign * d2)))


def probability_beyond(forward: float, strike: float, deviation: float, sign: float) -> float:
    """Return the probability that the same X ends beyond the strike: above for sign 1, below for -1."""
    if deviation == 0.0:
        return float(sign * (forward - strike) > 0.0)
    d2 = math.log(forward / strike) / deviation - 0.5 * deviation
    return float(special.ndtr(sign * d2))


def geometric_mean(market: Market, *, include_start: bool) -> tuple[float, float]:
    """Return mean and log deviation of the geometric mean of the prices at the fixings, with or without the start.

    Kemna and Vorst (1990), for discrete fixings of one price in geometric Brownian motion: the logarithm at the k-th
    of n fixings varies with all after it, so its time counts 2 (n - k) + 1 times.
    """
    sigma, dt = float(market.volatilities[0]), market.step_years
    times = (market.fixings + 1 if len(market.fixings) else np.arange(1, market.steps + 1)) * dt
    n = len(times)
    count = n + 1 if include_start else n
    mean = (float(market.carries[0]) - 0.5 * sigma**2) * math.fsum(times) / count
    variance = sigma**2 * math.fsum(times * np.arange(2 * n - 1, 0, -2)) / count**2
    return float(market.spots[0]) * math.exp(mean + 0.5 * variance), math.sqrt(variance)

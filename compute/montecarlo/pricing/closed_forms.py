"""Closed forms of lognormal expectations, not discounted: Black's formula and what follows from it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from scipy import special

if TYPE_CHECKING:
    from riskwave.compute.montecarlo.pricing.paths import Lognormal


def black(forward: float, strike: float, deviation: float, kind: str) -> float:
    """Return E max(+-(X - strike), 0) for a lognormal X of mean `forward` whose logarithm has `deviation`."""
    sign = 1.0 if kind == "call" else -1.0
    if deviation == 0.0:
        return max(sign * (forward - strike), 0.0)
    d1 = math.log(forward / strike) / deviation + 0.5 * deviation
    d2 = d1 - deviation
    return float(sign * (forward * special.ndtr(sign * d1) - strike * special.ndtr(sign * d2)))


def probability_beyond(forward: float, strike: float, deviation: float, kind: str) -> float:
    """Return the probability that the same X ends beyond the strike: above for a call, below for a put."""
    sign = 1.0 if kind == "call" else -1.0
    if deviation == 0.0:
        return float(sign * (forward - strike) > 0.0)
    d2 = math.log(forward / strike) / deviation - 0.5 * deviation
    return float(special.ndtr(sign * d2))


def terminal(law: Lognormal) -> tuple[float, float]:
    """Return mean and log deviation of the price at maturity."""
    forward = law.spot * math.exp(law.carry * law.maturity_years)
    return forward, law.volatility * math.sqrt(law.maturity_years)


def geometric_mean(law: Lognormal, *, include_start: bool) -> tuple[float, float]:
    """Return mean and log deviation of the geometric mean of the prices at the steps, with or without the start.

    Kemna and Vorst (1990), for discrete fixings.
    """
    n = law.steps
    count = n + 1 if include_start else n
    mean = law.step_drift * n * (n + 1) / 2.0 / count
    variance = law.step_deviation**2 * n * (n + 1) * (2 * n + 1) / 6.0 / count**2
    return law.spot * math.exp(mean + 0.5 * variance), math.sqrt(variance)

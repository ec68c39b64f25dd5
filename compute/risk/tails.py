"""Quantile and expected shortfall of standard distributions, in closed form."""

from __future__ import annotations

import math

from scipy import special


def normal_tail(probability: float) -> tuple[float, float]:
    """Return quantile and expected shortfall of the standard normal distribution's lower tail."""
    quantile = float(special.ndtri(probability))
    return quantile, -math.exp(-0.5 * quantile**2) / math.sqrt(2.0 * math.pi) / probability


def student_tail(probability: float, degrees_of_freedom: float) -> tuple[float, float]:
    """Return quantile and expected shortfall of the lower tail of Student's t with variance n / (n - 2)."""
    n = degrees_of_freedom
    quantile = float(special.stdtrit(n, probability))
    log_density = float(special.gammaln(0.5 * (n + 1.0)) - special.gammaln(0.5 * n)) - 0.5 * math.log(n * math.pi)
    density = math.exp(log_density - 0.5 * (n + 1.0) * math.log1p(quantile**2 / n))
    return quantile, -density * (n + quantile**2) / (n - 1.0) / probability

"""Means of prices at given times: exact where that is known, and refused where equal steps do not meet the times."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from riskwave.compute.errors import InputError
from riskwave.compute.montecarlo.pricing import PricingSpec, plan_pricing, price

MARKET = {"spot": 100.0, "volatility": 0.3, "risk_free_rate": 0.05, "maturity_years": 1.0, "seed": 3}
TIMES = [(0.1, 0.2, 0.7), (3 / 365, 7 / 365, 12 / 365, 1.0), (1.0,), (0.25, 0.5)]


def spec_of(times, *, average="arithmetic", include_start=False, **changes):
    params = {"strike": 100.0, "average": average, "include_start": include_start}
    given = MARKET | {"payoff": "asian", "payoff_params": params, "paths": 40_000, "fixing_times": times}
    return PricingSpec(**(given | changes))


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("include_start", [False, True])
def test_the_geometric_mean_is_lognormal(times, include_start):
    found = price(spec_of(times, average="geometric", include_start=include_start))
    at = np.array([0.0, *times] if include_start else times)
    centre = np.log(100.0) + (0.05 - 0.045) * at.mean()
    deviation = 0.3 * math.sqrt(np.minimum.outer(at, at).mean())
    d = (centre - math.log(100.0)) / deviation
    forward = math.exp(centre + deviation**2 / 2)
    exact = math.exp(-0.05) * (forward * stats.norm.cdf(d + deviation) - 100.0 * stats.norm.cdf(d))
    assert found.exact_price == pytest.approx(exact, rel=1e-12)
    assert abs(found.price.value - exact) < 4 * found.price.standard_error


@pytest.mark.parametrize("sampling", ["independent", "antithetic", "sobol"])
def test_a_mean_of_two_prices_by_quadrature(sampling):
    """Given the first price, half of the second one exceeds what is missing: Black's formula within an integral."""
    first, second = 0.2, 0.7

    def worth(z):
        spot = 100.0 * math.exp((0.05 - 0.045) * first + 0.3 * math.sqrt(first) * z)
        left, strike = second - first, 200.0 - spot
        forward, deviation = spot * math.exp(0.05 * left), 0.3 * math.sqrt(left)
        if strike <= 0.0:
            return 0.5 * (forward - strike) * stats.norm.pdf(z)
        d = math.log(forward / strike) / deviation + deviation / 2
        return 0.5 * (forward * stats.norm.cdf(d) - strike * stats.norm.cdf(d - deviation)) * stats.norm.pdf(z)

    exact = math.exp(-0.05) * integrate.quad(worth, -9, 9, limit=200)[0]
    found = price(spec_of((first, second), sampling=sampling, paths=32_768)).price
    assert abs(found.value - exact) < 4 * found.standard_error


def test_every_step_named_is_every_step():
    named, unnamed = spec_of((0.25, 0.5, 0.75, 1.0)), spec_of((), steps=4)
    assert price(named).price == price(unnamed).price
    finer = price(spec_of((0.25, 0.5, 0.75, 1.0), steps=12)).price
    assert abs(finer.value - price(named).price.value) < 4 * math.hypot(
        finer.standard_error, price(named).price.standard_error
    )


def test_other_models_and_sensitivities():
    plain = price(spec_of((0.1, 0.6), model="merton", model_params={"intensity": 0.0}, greeks=("delta", "vega")))
    same = price(spec_of((0.1, 0.6), greeks=("delta", "vega")))
    for one, other in ((plain.price, same.price), (plain.greeks["delta"], same.greeks["delta"])):
        assert abs(one.value - other.value) < 4 * math.hypot(one.standard_error, other.standard_error)
    heston = price(spec_of((0.1, 0.6), model="heston", volatility=None))
    assert heston.price.value > 0


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"times": (0.5, 0.5)}, "fixing_times[1]", "was 0.5; it must be ascending"),
        ({"times": (0.0, 0.5)}, "fixing_times[0]", "above 0 up to the maturity of 1 years"),
        ({"times": (0.5, 1.5)}, "fixing_times[1]", "from 0 to 1"),
        ({"times": (0.5, math.nan)}, "fixing_times[1]", "from 0 to 1"),
        ({"times": (0.5, 2**-0.5)}, "fixing_times", "a whole number up to 10000"),
        ({"times": (0.3,), "steps": 4}, "fixing_times", "multiples of 0.25 years"),
        ({"times": (0.5,), "payoff": "european", "payoff_params": {}}, "fixing_times", "left out for the payoff"),
        ({"times": (0.5,), "greeks": ("theta",)}, "greeks", "without theta"),
    ],
)
def test_times_that_cannot_be_are_refused(changes, field, says):
    with pytest.raises(InputError) as caught:
        plan_pricing(spec_of(**changes))
    assert caught.value.field == field
    assert says in str(caught.value)

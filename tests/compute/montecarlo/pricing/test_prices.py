"""Simulated prices against published and closed-form ones, by distance in standard errors."""

import doctest
import math
import random
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from riskwave.compute.errors import InputError, TooLargeError, UnknownNameError
from riskwave.compute.montecarlo.pricing import (
    PAYOFFS,
    PricingSpec,
    engine,
    merge_prices,
    plan_pricing,
    price,
    price_chunk,
)

SEEDS = range(50, 70)
BAND = stats.chi2.ppf([0.0005, 0.9995], len(SEEDS))


def spec_of(payoff, params, **options):
    market = {"spot": 100.0, "volatility": 0.2, "risk_free_rate": 0.05, "maturity_years": 1.0, "paths": 200_000}
    return PricingSpec(payoff=payoff, payoff_params=params, **(market | {"seed": 3} | options))


def black_scholes(kind, s, k, r, q, v, t):
    d1 = (math.log(s / k) + (r - q + v * v / 2) * t) / (v * math.sqrt(t))
    d2 = d1 - v * math.sqrt(t)
    sign = 1 if kind == "call" else -1
    cdf = stats.norm.cdf
    return sign * (s * math.exp(-q * t) * cdf(sign * d1) - k * math.exp(-r * t) * cdf(sign * d2))


CLEWLOW = {"risk_free_rate": 0.06, "dividend_yield": 0.03, "steps": 10}
LEVY = {"spot": 90.0, "volatility": 0.13, "risk_free_rate": 0.025, "dividend_yield": 0.06, "maturity_years": 11 / 12}
BGK = {"volatility": 0.3, "risk_free_rate": 0.1, "maturity_years": 0.2}
HALF = {"volatility": 0.2, "risk_free_rate": 0.1, "maturity_years": 0.5}

# Published, or by quadrature from the same law; sources beside the values.
CASES = [
    # Clewlow and Strickland (1998), pp. 118-123, and its arithmetic twin by quadrature
    ("asian", {"average": "geometric"}, CLEWLOW, 5.3425606635),
    ("asian", {}, CLEWLOW, 5.53274097),
    # Levy (1997), average price put from today over 11/12 of a year; exact by quadrature, n fixings with the start
    ("asian", {"strike": 87.0, "kind": "put", "include_start": True}, LEVY | {"steps": 3}, 1.586403),
    ("asian", {"strike": 87.0, "kind": "put", "include_start": True}, LEVY | {"steps": 51}, 1.740606),
    # Broadie, Glasserman and Kou (1997), down-and-out call observed 50 times or all the time
    ("barrier", {"barrier": 87.0}, BGK | {"steps": 50}, 6.281198),
    ("barrier", {"barrier": 91.0}, BGK | {"steps": 50}, 5.977069),
    ("barrier", {"barrier": 95.0}, BGK | {"steps": 50}, 4.906789),
    ("barrier", {"barrier": 99.0}, BGK | {"steps": 50}, 2.336387),
    ("barrier", {"barrier": 87.0, "monitoring": "continuous"}, BGK, 6.24385),
    ("barrier", {"barrier": 95.0, "monitoring": "continuous"}, BGK, 4.39750),
    ("barrier", {"barrier": 99.0, "monitoring": "continuous"}, BGK | {"steps": 7}, 1.17079),
    # El Babsiri and Noel (1998), knock-in calls
    (
        "barrier",
        {"barrier": 90.0, "type": "down_and_in", "monitoring": "continuous"},
        {"dividend_yield": 0.02},
        1.64005,
    ),
    (
        "barrier",
        {"barrier": 110.0, "type": "up_and_in", "monitoring": "continuous"},
        {"dividend_yield": 0.02},
        9.11008,
    ),
    # Broadie, Glasserman and Kou (1999), floating lookback call; Conze and Viswanathan (1991) by Haug, fixed ones
    ("lookback", {}, {"volatility": 0.3}, 23.7884),
    ("lookback", {"style": "fixed"}, HALF, 14.1702),
    ("lookback", {"style": "fixed", "strike": 105.0}, HALF, 9.8905),
    ("lookback", {"style": "fixed", "kind": "put"}, HALF | {"steps": 3}, 8.3177),
]


@pytest.mark.parametrize(("payoff", "params", "options", "exact"), CASES)
def test_published_values(payoff, params, options, exact):
    found = price(spec_of(payoff, params, **options)).price
    assert abs(found.value - exact) <= 4 * found.standard_error + 1e-4  # the last digit printed
    assert found.standard_error < 0.02


@pytest.mark.parametrize("kind", ["call", "put"])
@pytest.mark.parametrize("strike", [80.0, 100.0, 125.0])
@pytest.mark.parametrize("sampling", ["independent", "antithetic"])
def test_european_and_digital_options(kind, strike, sampling):
    params = {"kind": kind, "strike": strike}
    exact = black_scholes(kind, 100.0, strike, 0.05, 0.02, 0.2, 1.0)
    found = price(spec_of("european", params, dividend_yield=0.02, sampling=sampling))
    assert found.exact_price == pytest.approx(exact, rel=1e-12)
    assert abs(found.price.value - exact) <= 4 * found.price.standard_error
    step = 1e-4  # a digital option is the slope of European ones along the strike
    slope = -(
        black_scholes(kind, 100.0, strike + step, 0.05, 0.02, 0.2, 1.0)
        - black_scholes(kind, 100.0, strike - step, 0.05, 0.02, 0.2, 1.0)
    ) / (2 * step)
    exact = slope if kind == "call" else -slope
    found = price(spec_of("digital", params, dividend_yield=0.02, sampling=sampling))
    assert found.exact_price == pytest.approx(exact, rel=1e-6)
    assert abs(found.price.value - exact) <= 4 * found.price.standard_error


@pytest.mark.parametrize(
    ("payoff", "params", "options", "exact", "sampling"),
    [
        ("european", {}, {}, black_scholes("call", 100, 100, 0.05, 0, 0.2, 1), "independent"),
        ("european", {}, {}, black_scholes("call", 100, 100, 0.05, 0, 0.2, 1), "antithetic"),
        ("asian", {}, CLEWLOW, 5.53274097, "independent"),
        ("asian", {}, CLEWLOW, 5.53274097, "antithetic"),
        ("barrier", {"barrier": 95.0}, BGK | {"steps": 50}, 4.906789, "independent"),
        ("lookback", {"style": "fixed"}, HALF, 14.1702, "antithetic"),
    ],
)
def test_errors_over_twenty_seeds(payoff, params, options, exact, sampling):
    runs = [
        price(spec_of(payoff, params, **options, paths=20_000, seed=seed, sampling=sampling)).price for seed in SEEDS
    ]
    chi_square = sum(((item.value - exact) / item.standard_error) ** 2 for item in runs)
    assert BAND[0] <= chi_square <= BAND[1]
    spread = np.std([item.value for item in runs], ddof=1)
    assert np.mean([item.standard_error for item in runs]) == pytest.approx(spread, rel=0.55)  # 20 runs tell no more


def test_the_geometric_mean_controls_the_arithmetic_one():
    assert price(spec_of("asian", {}, **CLEWLOW)).variance_reduction > 1_000


def test_in_and_out_make_the_european_option():
    params = {"barrier": 93.0}
    parts = [
        price(spec_of("barrier", params | {"type": kind}, steps=20)).price for kind in ("down_and_in", "down_and_out")
    ]
    exact = black_scholes("call", 100, 100, 0.05, 0, 0.2, 1)
    assert parts[0].value + parts[1].value == pytest.approx(exact, abs=1e-9)  # the same paths and the same control


@pytest.mark.parametrize("payoff", ["european", "asian", "barrier", "lookback"])
def test_any_order_of_chunks_gives_the_same_bits(payoff):
    spec = spec_of(payoff, {}, steps=50, paths=300_001)
    chunks = plan_pricing(spec)
    sums = [price_chunk(spec, chunk) for chunk in chunks]
    assert len(sums) > 1
    assert sum(item.count for item in sums) == 300_001
    expected = merge_prices(spec, sums)
    for seed in range(3):
        random.Random(seed).shuffle(sums)
        assert repr(merge_prices(spec, sums)) == repr(expected)  # NaN where no closed form is known


@pytest.mark.parametrize(
    ("payoff", "params", "amount"),
    [
        ("european", {"strike": 90.0}, 100.0 * math.exp(0.05) - 90.0),
        ("digital", {"strike": 90.0}, 1.0),
        ("asian", {"strike": 90.0}, np.mean(100.0 * np.exp(0.05 * np.arange(1, 13) / 12)) - 90.0),
        ("barrier", {"strike": 90.0, "barrier": 95.0}, 100.0 * math.exp(0.05) - 90.0),
        ("lookback", {}, 100.0 * math.exp(0.05) - 100.0),
    ],
)
def test_zero_volatility_is_exact(payoff, params, amount):
    found = price(spec_of(payoff, params, volatility=0.0, paths=1_000))
    assert found.price.value == pytest.approx(amount * math.exp(-0.05), rel=1e-12)
    assert found.price.standard_error == pytest.approx(0.0, abs=1e-7)


def test_at_maturity_it_pays_at_once():
    found = price(spec_of("european", {"strike": 90.0}, maturity_years=0.0, paths=100))
    assert (found.price.value, found.exact_price) == (pytest.approx(10.0), 10.0)


@pytest.mark.parametrize(
    ("payoff", "params", "change", "kind", "field"),
    [
        ("europaen", {}, {}, UnknownNameError, "payoff"),
        ("european", {"strke": 1.0}, {}, UnknownNameError, "payoff_params"),
        ("european", {"strike": 0.0}, {}, InputError, "payoff_params.strike"),
        ("european", {"kind": "both"}, {}, InputError, "payoff_params.kind"),
        ("european", {}, {"spot": 0.0}, InputError, "spot"),
        ("european", {}, {"volatility": -0.1}, InputError, "volatility"),
        ("european", {}, {"volatility": math.nan}, InputError, "volatility"),
        ("european", {}, {"maturity_years": -1.0}, InputError, "maturity_years"),
        ("european", {}, {"maturity_years": 100.0, "volatility": 10.0}, InputError, "maturity_years"),
        ("european", {}, {"paths": 1}, InputError, "paths"),
        ("european", {}, {"paths": 10**13}, TooLargeError, "paths"),
        ("european", {}, {"paths": 11, "sampling": "antithetic"}, InputError, "paths"),
        ("european", {}, {"steps": 10**6}, TooLargeError, "steps"),
        ("european", {}, {"seed": 2**64}, InputError, "seed"),
        ("barrier", {"barrier": 100.0}, {}, InputError, "payoff_params.barrier"),
        ("barrier", {"barrier": 99.0, "type": "up_and_out"}, {}, InputError, "payoff_params.barrier"),
    ],
)
def test_bad_input_is_refused_by_name(payoff, params, change, kind, field):
    with pytest.raises(InputError) as caught:
        plan_pricing(spec_of(payoff, params, **change))
    assert type(caught.value) is kind
    assert caught.value.field == field


def test_every_payoff_says_what_it_is():
    assert {"asian", "barrier", "digital", "european", "lookback"} < set(PAYOFFS.names())
    for payoff in PAYOFFS:
        assert payoff.doc.endswith(".")
        assert payoff.reference
        assert all(param.doc.endswith(".") for param in payoff.params)


def test_a_longer_run_continues_the_shorter_one():
    spec = spec_of("european", {}, paths=2_560)
    half = price_chunk(spec, plan_pricing(spec)[0])
    again = price_chunk(replace(spec, paths=10_000_000), plan_pricing(spec)[0])
    assert half.sums == again.sums


def test_examples():
    assert doctest.testmod(engine).failed == 0

"""Sensitivities against derivatives of exact prices."""

import math

import pytest

from riskwave.compute.montecarlo.pricing import GREEKS, PricingSpec, price

BASE = {"s": 100.0, "r": 0.05, "q": 0.02, "v": 0.2, "t": 1.0}


def derivatives(function):
    """Central differences of an exact price; theta is the slope as the time to maturity shrinks."""

    def slope(name, step):
        up, down = ({**BASE, name: BASE[name] + sign * step} for sign in (1, -1))
        return (function(**up) - function(**down)) / (2 * step)

    step = 0.05
    middle = function(**BASE)
    gamma = (function(**{**BASE, "s": 100 + step}) - 2 * middle + function(**{**BASE, "s": 100 - step})) / step**2
    return {
        "delta": slope("s", 0.01),
        "gamma": gamma,
        "vega": slope("v", 1e-4),
        "rho": slope("r", 1e-5),
        "theta": -slope("t", 1e-4),
    }


def spec_of(payoff, params=None, **changes):
    market = {
        "spot": 100.0,
        "volatility": 0.2,
        "risk_free_rate": 0.05,
        "dividend_yield": 0.02,
        "maturity_years": 1.0,
        "paths": 200_000,
        "seed": 21,
        "greeks": GREEKS,
    }
    return PricingSpec(payoff=payoff, payoff_params=params or {}, **(market | changes))


def compare(found, expected, allowance=0.0):
    assert set(found) == set(expected)
    for name, value in expected.items():
        estimate = found[name]
        assert abs(estimate.value - value) <= 4 * estimate.standard_error + allowance * abs(value), name
        assert estimate.low < estimate.value < estimate.high


@pytest.mark.parametrize("kind", ["call", "put"])
@pytest.mark.parametrize("sampling", ["independent", "antithetic"])
def test_european(exact, kind, sampling):
    sign = 1 if kind == "call" else -1
    found = price(spec_of("european", {"strike": 105.0, "kind": kind}, sampling=sampling)).greeks
    compare(found, derivatives(lambda s, r, q, v, t: exact.black_scholes(sign, s, 105.0, r, q, v, t)))
    assert found["delta"].method.startswith("pathwise derivative")


def test_digital_by_likelihood_ratio(exact):
    def worth(s, r, q, v, t):
        h = 1e-3
        calls = [exact.black_scholes(1, s, 105.0 + e, r, q, v, t) for e in (h, -h)]
        return (calls[1] - calls[0]) / (2 * h)

    found = price(spec_of("digital", {"strike": 105.0})).greeks
    expected = derivatives(worth)
    expected["gamma"] = pytest.approx  # replaced below: a third difference of a price has no digits left
    d = math.log(100 / 105) + (0.05 - 0.02 - 0.02)
    d2, d1 = d / 0.2, d / 0.2 + 0.2
    density = math.exp(-0.5 * d2 * d2) / math.sqrt(2 * math.pi)
    expected["gamma"] = -math.exp(-0.05) * density * d1 / (100.0**2 * 0.2**2)
    compare(found, expected)
    assert all(estimate.method.startswith("likelihood ratio") for estimate in found.values())


def test_barrier_watched_all_the_time(exact):
    params = {"barrier": 90.0, "strike": 100.0, "monitoring": "continuous"}
    found = price(spec_of("barrier", params)).greeks
    expected = derivatives(lambda s, r, q, v, t: exact.down_and_out_call(s, 100.0, 90.0, r, q, v, t))
    compare(found, expected, allowance=0.005)  # a difference of one per cent of the spot is not a slope


def test_geometric_asian(exact):
    def worth(s, r, q, v, t):
        n = 12
        mean = (r - q - v * v / 2) * t * (n + 1) / (2 * n)
        variance = v * v * t * (n + 1) * (2 * n + 1) / (6 * n * n)
        return math.exp(-r * t) * exact.black(1, s * math.exp(mean + variance / 2), 100.0, math.sqrt(variance))

    found = price(spec_of("asian", {"average": "geometric"})).greeks
    compare(found, derivatives(worth), allowance=0.002)
    assert found["delta"].method.startswith("pathwise derivative")


def test_floating_lookback_is_its_own_delta(exact):
    found = price(spec_of("lookback", {}, dividend_yield=0.0, greeks=("delta", "vega", "gamma")))
    worth = exact.lookback_floating_call
    assert found.greeks["delta"].value == pytest.approx(found.price.value / 100.0, abs=4 * found.price.standard_error)
    vega = (worth(100, 0.05, 0.2001, 1.0) - worth(100, 0.05, 0.1999, 1.0)) / 2e-4
    assert abs(found.greeks["vega"].value - vega) <= 4 * found.greeks["vega"].standard_error
    assert abs(found.greeks["gamma"].value) < 1e-9  # homogeneous of degree one


def test_heston(exact):
    params = {"initial_variance": 0.04, "kappa": 2.0, "theta": 0.04, "vol_of_vol": 0.5, "rho": -0.7}

    def worth(s, r, q, v, t):
        return exact.lewis(exact.heston(v * v, 2.0, 0.04, 0.5, -0.7, t), 1, s, 100.0, r, q, t)

    spec = spec_of("european", {}, model="heston", model_params=params, volatility=None, steps=16)
    compare(price(spec).greeks, derivatives(worth), allowance=0.005)


def test_merton(exact):
    def worth(s, r, q, v, t):
        return exact.merton_series(1, s, 100.0, r, q, v, t, 0.3, -0.1, 0.15)

    compare(price(spec_of("european", {}, model="merton")).greeks, derivatives(worth), allowance=0.003)


def test_two_assets_have_two_deltas(exact):
    spec = spec_of("exchange", spot=[100.0, 95.0], volatility=[0.2, 0.3], greeks=("delta", "vega", "theta"))
    found = price(spec).greeks
    assert set(found) == {"delta[0]", "delta[1]", "vega[0]", "vega[1]", "theta"}

    def worth(a=100.0, b=95.0, v=0.2, w=0.3, t=1.0):
        return exact.margrabe(a, b, 0.02, 0.02, v, w, 0.0, t)

    expected = {
        "delta[0]": (worth(a=100.01) - worth(a=99.99)) / 0.02,
        "delta[1]": (worth(b=95.01) - worth(b=94.99)) / 0.02,
        "vega[0]": (worth(v=0.2001) - worth(v=0.1999)) / 2e-4,
        "vega[1]": (worth(w=0.3001) - worth(w=0.2999)) / 2e-4,
        "theta": -(worth(t=1.001) - worth(t=0.999)) / 2e-3,
    }
    compare(found, expected, allowance=0.001)


def test_early_exercise(exact):
    params = {"kind": "put", "strike": 105.0, "exercise_dates": 10}
    found = price(spec_of("bermudan", params, dividend_yield=0.0, greeks=("delta", "vega"))).greeks

    def worth(s=100.0, v=0.2):
        return exact.lattice(-1, s, 105.0, 0.05, 0.0, v, 1.0, 10)

    compare(found, {"delta": (worth(s=101) - worth(s=99)) / 2, "vega": (worth(v=0.21) - worth(v=0.19)) / 0.02}, 0.01)


def test_scrambled_points_give_sensitivities_too(exact):
    found = price(spec_of("european", {}, sampling="sobol", paths=32 * 1_024)).greeks
    compare(found, derivatives(lambda s, r, q, v, t: exact.black_scholes(1, s, 100.0, r, q, v, t)))


def test_without_volatility_differences_take_over():
    found = price(spec_of("european", {"strike": 90.0}, volatility=0.0, greeks=("delta", "rho", "vega"))).greeks
    assert found["delta"].value == pytest.approx(math.exp(-0.02), rel=1e-9)
    assert found["rho"].value == pytest.approx(90 * math.exp(-0.05), rel=1e-6)
    assert found["vega"].method.startswith("forward difference")
    assert found["vega"].value == pytest.approx(0.0, abs=0.5)

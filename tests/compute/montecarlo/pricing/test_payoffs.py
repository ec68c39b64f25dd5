"""Payoffs of several assets, rebates, paths under other models, and early exercise, against exact prices."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from riskwave.compute.montecarlo.pricing import PricingSpec, price

SEEDS = range(200, 220)
BAND = stats.chi2.ppf([0.0005, 0.9995], len(SEEDS))


def spec_of(payoff, params=None, **changes):
    market = {"spot": 100.0, "volatility": 0.2, "risk_free_rate": 0.05, "maturity_years": 1.0, "paths": 100_000}
    return PricingSpec(payoff=payoff, payoff_params=params or {}, **(market | {"seed": 5} | changes))


def even(rho, assets):
    return np.full((assets, assets), rho) + (1 - rho) * np.eye(assets)


TWO = {"spot": [100.0, 96.0], "volatility": [0.2, 0.1], "risk_free_rate": 0.1, "dividend_yield": 0.05}
HAUG = {"volatility": 0.25, "risk_free_rate": 0.08, "dividend_yield": 0.04, "maturity_years": 0.5}
MARGRABE = {"spot": [22.0, 20.0], "dividend_yield": [0.06, 0.04], "volatility": [0.2, 0.25]}
BASKET = {"spot": [100.0] * 4, "volatility": 0.4, "maturity_years": 5.0, "risk_free_rate": 0.0}


def rebate(side, barrier, **more):
    return {"type": side, "barrier": barrier, "rebate": 3.0, "monitoring": "continuous"} | more


CASES = [
    # Haug (1998), pp. 52-53, to six digits by Margrabe's formula
    ("exchange", {}, MARGRABE | {"maturity_years": 0.1, "correlation": even(-0.5, 2)}, 2.282681),
    ("exchange", {}, MARGRABE | {"maturity_years": 0.5, "correlation": even(0.5, 2)}, 2.373643),
    # Dempster and Hong (2000); Choi (2018), S2
    ("spread", {"strike": 0.4}, TWO | {"correlation": even(0.5, 2)}, 8.312460732881),
    ("spread", {"strike": 4.0}, TWO | {"correlation": even(0.5, 2)}, 6.653065107468),
    (
        "spread",
        {"strike": 100.0},
        {"spot": [200.0, 100.0], "volatility": [0.15, 0.3], "risk_free_rate": 0.0, "correlation": even(-0.9, 2)},
        23.1398673777858619,
    ),
    # Krekel, de Kock, Korn and Man (2004), digits by Choi (2018)
    ("basket", {"strike": 100.0}, BASKET | {"correlation": even(0.5, 4)}, 28.0073695445039341),
    ("basket", {"strike": 50.0}, BASKET | {"correlation": even(0.5, 4)}, 54.3101760503818554),
    ("basket", {"strike": 100.0}, BASKET | {"correlation": even(0.95, 4)}, 33.9186874338078042),
    # Haug (1998), p. 72; to four digits by the closed form
    ("barrier", rebate("down_and_out", 95.0), HAUG, 6.7924),
    ("barrier", rebate("down_and_out", 95.0), HAUG | {"steps": 6}, 6.7924),
    ("barrier", rebate("up_and_out", 105.0), HAUG, 2.3580),
    ("barrier", rebate("down_and_in", 95.0), HAUG | {"steps": 3}, 4.0109),
    ("barrier", rebate("up_and_in", 105.0), HAUG, 8.4482),
    ("barrier", rebate("up_and_out", 105.0, kind="put", strike=90.0), HAUG, 3.7760),
    # Goldman, Sosin and Gatto (1979) by Haug
    ("lookback", {"kind": "put"}, {"risk_free_rate": 0.1, "volatility": 0.3, "maturity_years": 0.5}, 15.3526),
    # Longstaff and Schwartz (2001), table 1, by a binomial tree with their dates
    ("bermudan", {"kind": "put", "strike": 40.0, "exercise_dates": 50}, {"spot": 36.0, "risk_free_rate": 0.06}, 4.4780),
    (
        "bermudan",
        {"kind": "put", "strike": 40.0, "exercise_dates": 50},
        {"spot": 44.0, "risk_free_rate": 0.06, "volatility": 0.4},
        3.9483,
    ),
    # Glasserman (2003), p. 462: the larger of two assets, nine dates
    *(
        (
            "bermudan",
            {"underlying": "maximum", "exercise_dates": 9},
            {"spot": [spot, spot], "dividend_yield": 0.1, "maturity_years": 3.0},
            value,
        )
        for spot, value in ((90.0, 8.08), (100.0, 13.90), (110.0, 21.34))
    ),
]


@pytest.mark.parametrize(("payoff", "params", "options", "expected"), CASES)
def test_published_values(payoff, params, options, expected):
    found = price(spec_of(payoff, params, **options)).price
    last_digit = 0.005 if expected in {8.08, 13.90, 21.34} else 1e-4
    assert abs(found.value - expected) <= 4 * found.standard_error + last_digit


@pytest.mark.parametrize(
    ("payoff", "params", "options"),
    [
        ("spread", {"strike": 4.0}, TWO | {"correlation": even(0.5, 2)}),
        ("basket", {"strike": 100.0}, BASKET | {"correlation": even(0.5, 4)}),
        ("exchange", {}, MARGRABE),
        ("barrier", rebate("down_and_out", 95.0), HAUG),
        ("bermudan", {"kind": "put", "strike": 40.0, "exercise_dates": 10}, {"spot": 40.0}),
        ("american", {"kind": "put", "strike": 40.0}, {"spot": 40.0, "steps": 20}),
        ("asian", {}, {"risk_free_rate": 0.06, "dividend_yield": 0.03, "steps": 10}),
        ("digital", {}, {}),
        ("lookback", {"style": "fixed"}, {"risk_free_rate": 0.1, "maturity_years": 0.5}),
    ],
)
def test_the_error_over_seeds_is_the_reported_one(exact, payoff, params, options):
    expected = {
        "spread": lambda: 6.653065107468,
        "basket": lambda: 28.0073695445039341,
        "exchange": lambda: exact.margrabe(22, 20, 0.06, 0.04, 0.2, 0.25, 0.0, 1.0),
        "barrier": lambda: 6.7924,
        "bermudan": lambda: exact.lattice(-1, 40, 40, 0.05, 0, 0.2, 1.0, 10, per_date=100),
        "american": lambda: exact.lattice(-1, 40, 40, 0.05, 0, 0.2, 1.0, 20, per_date=60),
        "asian": lambda: 5.53274097,
        "digital": lambda: math.exp(-0.05) * stats.norm.cdf((0.05 - 0.02) / 0.2),
        "lookback": lambda: 14.1702,
    }[payoff]()
    # The policy of an early exercise is not the best one: few paths keep that below a tenth of the error.
    runs = [price(spec_of(payoff, params, **(options | {"seed": seed, "paths": 4_000}))).price for seed in SEEDS]
    scores = np.array([(run.value - expected) / run.standard_error for run in runs])
    assert BAND[0] < float(scores @ scores) < BAND[1]


@pytest.mark.parametrize("barrier", [87.0, 95.0])
def test_discrete_barrier_against_quadrature(exact, barrier):
    market = {"volatility": 0.3, "risk_free_rate": 0.1, "maturity_years": 0.2, "steps": 50}
    found = price(spec_of("barrier", {"barrier": barrier}, **market)).price
    expected = exact.discrete_barrier(100, 100, barrier, 0.1, 0, 0.3, 0.2, 50)
    assert abs(found.value - expected) <= 4 * found.standard_error


def test_a_rebate_paid_at_maturity_and_one_at_the_hit_differ_by_interest():
    """Without an option left, a knock-out with a rebate is a bond that pays early when hit."""
    far = {"type": "down_and_out", "strike": 1e9, "rebate": 1.0, "barrier": 90.0, "monitoring": "continuous"}
    at_hit = price(spec_of("barrier", far, steps=2)).price
    at_end = price(spec_of("barrier", far | {"rebate_at": "maturity"}, steps=2)).price
    # Rubinstein and Reiner (1991): the value of 1 at the first passage and at maturity
    s, h, r, v, t = 100.0, 90.0, 0.05, 0.2, 1.0
    mu, lam = (r - v * v / 2) / v**2, math.sqrt(((r - v * v / 2) / v**2) ** 2 + 2 * r / v**2)
    z = math.log(h / s) / (v * math.sqrt(t)) + lam * v * math.sqrt(t)
    cdf = stats.norm.cdf
    hit = (h / s) ** (mu + lam) * cdf(z) + (h / s) ** (mu - lam) * cdf(z - 2 * lam * v * math.sqrt(t))
    x = math.log(s / h) / (v * math.sqrt(t)) + mu * v * math.sqrt(t)
    y = math.log(h / s) / (v * math.sqrt(t)) + mu * v * math.sqrt(t)
    never = cdf(x) - (h / s) ** (2 * mu) * cdf(y)
    assert abs(at_hit.value - hit) <= 4 * at_hit.standard_error
    assert abs(at_end.value - math.exp(-r * t) * (1 - never)) <= 4 * at_end.standard_error


def test_arithmetic_asian_under_heston():
    """Ballestra, Pacelli and Zirilli (2007) give 22.50 within bounds 22.48 and 22.52."""
    params = {"initial_variance": 0.09, "kappa": 11.35, "theta": 0.022, "vol_of_vol": 0.618, "rho": -0.5}
    market = {"spot": 120.0, "model": "heston", "volatility": None, "model_params": params, "steps": 12}
    found = price(spec_of("asian", {}, **market)).price
    assert abs(found.value - 22.50) <= 4 * found.standard_error + 0.02


@pytest.mark.parametrize("model", ["merton", "kou"])
def test_knocked_in_and_knocked_out_make_the_whole(model):
    market = {"model": model, "steps": 20}
    parts = [
        price(spec_of("barrier", {"type": kind}, **market)).price.value for kind in ("down_and_in", "down_and_out")
    ]
    forward = price(spec_of("european", {}, **market)).price
    assert sum(parts) == pytest.approx(forward.value, rel=1e-12)


# ---- early exercise ------------------------------------------------------------------------------------------------


def test_a_call_without_dividends_is_never_exercised_early(exact):
    found = price(spec_of("american", {}))
    assert found.price.value == pytest.approx(exact.black_scholes(1, 100, 100, 0.05, 0, 0.2, 1), rel=1e-12)
    assert found.price.standard_error == 0.0  # the control is the same European option, path by path


def test_exercise_at_once_where_waiting_costs():
    found = price(spec_of("american", {"kind": "put", "strike": 160.0}, volatility=0.1))
    assert (found.price.value, found.price.standard_error) == (pytest.approx(60.0, rel=1e-12), 0.0)
    later = price(spec_of("bermudan", {"kind": "put", "strike": 160.0, "exercise_dates": 4}, volatility=0.1)).price
    assert abs(later.value - (160 * math.exp(-0.05 / 4) - 100)) <= 4 * later.standard_error


def test_the_policy_does_not_know_the_future(exact):
    """Few paths make a bad policy, and a bad policy must cost: an estimate from its own paths would be too high."""
    expected = exact.lattice(-1, 36, 40, 0.06, 0, 0.2, 1.0, 10, per_date=100)
    found = price(spec_of("bermudan", {"kind": "put", "strike": 40.0}, spot=36.0, risk_free_rate=0.06, paths=400_000))
    assert abs(found.price.value - expected) <= 4 * found.price.standard_error
    assert found.price.standard_error < 0.005


def test_one_date_is_a_european_option(exact):
    found = price(spec_of("bermudan", {"kind": "put", "exercise_dates": 1}, sampling="antithetic")).price
    assert found.value == pytest.approx(exact.black_scholes(-1, 100, 100, 0.05, 0, 0.2, 1), rel=1e-12)


@pytest.mark.parametrize("model", ["merton", "kou", "schwartz1f"])
def test_early_exercise_under_other_models_is_worth_something(model):
    market = {"model": model, "spot": 20.0, "paths": 50_000}
    right = {"kind": "put", "strike": 22.0, "exercise_dates": 10}
    american = price(spec_of("bermudan", right, **market)).price
    european = price(spec_of("european", {"kind": "put", "strike": 22.0}, **market)).price
    assert american.value > european.value + 4 * (american.standard_error + european.standard_error)


def test_average_and_extremes_of_assets_are_ordered():
    market = {"spot": [100.0, 100.0, 100.0], "dividend_yield": 0.1, "correlation": even(0.3, 3), "paths": 20_000}
    worth = [
        price(spec_of("bermudan", {"underlying": name, "exercise_dates": 4}, **market)).price.value
        for name in ("minimum", "average", "maximum")
    ]
    assert worth == sorted(worth)


def test_weights_that_sum_to_two_double_the_basket():
    market = {"spot": [50.0, 50.0], "correlation": even(0.5, 2)}
    once = price(spec_of("basket", {"strike": 100.0}, weights=[1.0, 1.0], **market)).price.value
    twice = price(spec_of("basket", {"strike": 200.0}, weights=[2.0, 2.0], **market)).price.value
    assert twice == pytest.approx(2 * once, rel=1e-12)


def test_assets_that_move_as_one_are_one():
    market = {"spot": [100.0, 100.0], "correlation": even(1.0, 2)}
    both = price(spec_of("basket", {}, **market))
    single = price(replace(spec_of("european", {}), seed=5)).exact_price
    assert both.price.value == pytest.approx(single, abs=4 * both.price.standard_error + 1e-9)

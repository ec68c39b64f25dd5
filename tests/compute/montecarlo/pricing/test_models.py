"""Every model against exact prices: distance in standard errors, over seeds, and the size of the reported error."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from riskwave.compute.montecarlo.philox import INDEPENDENT, PRICE_DRAW, split_seed
from riskwave.compute.montecarlo.pricing import PRICING_MODELS, PricingSpec, price
from riskwave.compute.montecarlo.pricing.noise import pseudo_noise
from riskwave.compute.montecarlo.pricing.task import task_of

SEEDS = range(100, 120)
BAND = stats.chi2.ppf([0.0005, 0.9995], len(SEEDS))
BOOK = {"spot": 100.0, "risk_free_rate": 0.05, "dividend_yield": 0.02, "maturity_years": 1.0}
HESTON = {"initial_variance": 0.04, "kappa": 2.0, "theta": 0.04, "vol_of_vol": 0.5, "rho": -0.7}
JUMPS = {"intensity": 0.3, "jump_mean": -0.1, "jump_deviation": 0.15}
KOU = {"intensity": 1.0, "up_probability": 0.4, "up_rate": 10.0, "down_rate": 5.0}
ENRON = {"kappa": 1.19, "lambda_chi": 0.014, "mu_xi": 0.0161, "sigma_chi": 0.158, "sigma_xi": 0.115, "rho": 0.189}
MARKETS = {
    "gbm": BOOK | {"volatility": 0.2, "steps": 3},
    "merton": BOOK | {"volatility": 0.2, "model_params": JUMPS, "steps": 3},
    "kou": BOOK | {"volatility": 0.16, "model_params": KOU, "steps": 2},
    "heston": BOOK | {"model_params": HESTON, "steps": 24},
    "bates": BOOK | {"model_params": HESTON | JUMPS, "steps": 24},
    "schwartz1f": {"spot": 20.0, "volatility": 0.326, "maturity_years": 2.0, "risk_free_rate": 0.03, "steps": 5},
    "schwartz_smith": {
        "spot": 19.609223,
        "maturity_years": 5.0,
        "risk_free_rate": 0.03,
        "model_params": ENRON | {"chi0": 0.119},
        "steps": 4,
    },
    "gibson_schwartz": {
        "spot": 50.0,
        "volatility": 0.3,
        "maturity_years": 2.0,
        "risk_free_rate": 0.03,
        "model_params": {"delta0": 0.1, "alpha": 0.05},
        "steps": 4,
    },
}


def spec_of(model, strike=100.0, **changes):
    market = MARKETS[model] | {"payoff": "european", "payoff_params": {"strike": strike}, "paths": 100_000, "seed": 7}
    return PricingSpec(**(market | {"model": model} | changes))


def futures_law(model):
    """Forward and deviation of the commodity models, written out from the published formulas (checked below)."""
    if model == "schwartz1f":
        k, v, t, a = 0.694, 0.326, 2.0, 2.856
        variance = v * v * (1 - math.exp(-2 * k * t)) / (2 * k)
        return math.exp(math.exp(-k * t) * math.log(20.0) + (1 - math.exp(-k * t)) * a + variance / 2), variance
    if model == "schwartz_smith":
        k, t, sx, sc, rho = 1.19, 5.0, 0.115, 0.158, 0.189
        e = math.exp(-k * t)
        variance = (1 - e * e) * sc**2 / (2 * k) + sx**2 * t + 2 * (1 - e) * rho * sx * sc / k
        xi = math.log(19.609223) - 0.119
        return math.exp(e * 0.119 + xi + 0.0161 * t - (1 - e) * 0.014 / k + variance / 2), variance
    # Gibson-Schwartz: the variance by integrating the squared loading of the price on its two Brownian motions
    k, t, v, w, rho, d0, a = 1.0, 2.0, 0.3, 0.5, 0.75, 0.1, 0.05
    s = (np.arange(200_000) + 0.5) * t / 200_000
    b = (1 - np.exp(-k * s)) / k
    variance = float(np.mean(v * v - 2 * rho * v * w * b + w * w * b * b) * t)
    held = a * t + (d0 - a) * (1 - math.exp(-k * t)) / k
    return 50.0 * math.exp(0.03 * t - held + float(np.mean(w * w * b * b - 2 * rho * v * w * b)) * t / 2), variance


def exact_price(exact, model, strike, sign=1):
    if model in {"schwartz1f", "schwartz_smith", "gibson_schwartz"}:
        forward, variance = futures_law(model)
        discount = math.exp(-0.03 * MARKETS[model]["maturity_years"])
        return discount * exact.black(sign, forward, strike, math.sqrt(variance))
    phi = {
        "gbm": exact.brownian(0.2, 1.0),
        "merton": exact.product(exact.brownian(0.2, 1.0), exact.merton_jumps(0.3, -0.1, 0.15, 1.0)),
        "kou": exact.product(exact.brownian(0.16, 1.0), exact.kou_jumps(1.0, 0.4, 10.0, 5.0, 1.0)),
        "heston": exact.heston(0.04, 2.0, 0.04, 0.5, -0.7, 1.0),
        "bates": exact.product(exact.heston(0.04, 2.0, 0.04, 0.5, -0.7, 1.0), exact.merton_jumps(0.3, -0.1, 0.15, 1.0)),
    }[model]
    return exact.lewis(phi, sign, 100.0, strike, 0.05, 0.02, 1.0)


def test_every_model_is_here():
    assert set(MARKETS) == set(PRICING_MODELS.names())


@pytest.mark.parametrize("model", MARKETS)
@pytest.mark.parametrize("moneyness", [0.8, 1.0, 1.2])
@pytest.mark.parametrize("sampling", ["independent", "antithetic"])
def test_european_options(exact, model, moneyness, sampling):
    kind, sign = ("call", 1) if moneyness >= 1.0 else ("put", -1)
    strike = moneyness * MARKETS[model]["spot"]
    params = {"strike": strike, "kind": kind}
    found = price(spec_of(model, payoff_params=params, sampling=sampling))
    expected = exact_price(exact, model, strike, sign)
    assert abs(found.price.value - expected) <= 4 * found.price.standard_error
    if not math.isnan(found.exact_price):
        assert found.exact_price == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("model", MARKETS)
def test_the_error_over_seeds_is_the_reported_one(exact, model):
    strike = MARKETS[model]["spot"]
    expected = exact_price(exact, model, strike)
    runs = [price(spec_of(model, strike, seed=seed, paths=20_000)).price for seed in SEEDS]
    scores = np.array([(run.value - expected) / run.standard_error for run in runs])
    assert BAND[0] < float(scores @ scores) < BAND[1]


@pytest.mark.parametrize("model", MARKETS)
def test_the_reported_error_is_the_true_one(model):
    """400 seeds: the spread of the estimates is known to 3.5 %, a quarter of the 15 % that are allowed."""
    spec = replace(spec_of(model, MARKETS[model]["spot"], paths=512), steps=min(MARKETS[model]["steps"], 8))
    runs = [price(replace(spec, seed=seed)).price for seed in range(400)]
    spread = np.std([run.value for run in runs], ddof=1)
    assert np.sqrt(np.mean([run.standard_error**2 for run in runs])) == pytest.approx(spread, rel=0.15)


# ---- published values ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # Schwartz (1997) and Schwartz-Smith (2000) futures prices under the parameters of the R package NFCP
        ({"model": "schwartz1f", "maturity_years": 0.25}, 19.780566),
        ({"model": "schwartz1f", "maturity_years": 2.0}, 18.667290),
        ({"model": "schwartz_smith", "maturity_years": 0.5}, 18.796292),
        ({"model": "schwartz_smith", "maturity_years": 9.0}, 21.280284),
        # Gibson-Schwartz futures by the R package schwartz97
        ({"model": "gibson_schwartz", "maturity_years": 0.25, "model_params": {}}, 50.24067446),
        ({"model": "gibson_schwartz", "maturity_years": 5.0, "model_params": {}}, 57.42309852),
        ({"model": "gibson_schwartz", "maturity_years": 1.0}, 46.52742601),
    ],
)
def test_futures_prices(changes, expected):
    spec = spec_of(
        changes["model"], payoff_params={"strike": 1e-9}, **{k: v for k, v in changes.items() if k != "model"}
    )
    found = price(spec)
    forward = math.exp(0.03 * spec.maturity_years)
    assert found.exact_price * forward == pytest.approx(expected, abs=2e-6)
    assert abs(found.price.value * forward - expected) <= 4 * found.price.standard_error * forward


@pytest.mark.parametrize(
    ("years", "carry", "params", "strike", "steps", "expected"),
    [
        # Andersen (2008), case I; Broadie and Kaya (2006), both cases; Smith (2007)
        (10.0, 0.0, (0.04, 0.5, 0.04, 1.0, -0.9), 100.0, 80, 13.08467014),
        (1.0, 0.0319, (0.010201, 6.21, 0.019, 0.61, -0.7), 100.0, 32, 6.80611331),
        (5.0, 0.05, (0.09, 2.0, 0.09, 1.0, -0.3), 100.0, 80, 34.99975835),
        (4.0, 0.0, (0.0194, 1.0407, 0.0586, 0.5196, -0.6747), 100.0, 64, 15.1679067),
    ],
)
def test_published_heston_prices(years, carry, params, strike, steps, expected):
    names = ("initial_variance", "kappa", "theta", "vol_of_vol", "rho")
    spec = PricingSpec(
        payoff="european",
        payoff_params={"strike": strike},
        model="heston",
        model_params=dict(zip(names, params, strict=True)),
        spot=100.0,
        risk_free_rate=carry,
        maturity_years=years,
        paths=100_000,
        steps=steps,
        seed=5,
    )
    found = price(spec).price
    assert abs(found.value - expected) <= 4 * found.standard_error


@pytest.mark.parametrize("steps", [1, 5])
def test_the_expected_price_is_exact_under_the_variance_scheme(steps):
    """The martingale correction holds at every length of step, also one of five years."""
    params = {"initial_variance": 0.09, "kappa": 1.0, "theta": 0.09, "vol_of_vol": 1.0, "rho": -0.3}
    task = task_of(spec_of("heston", model_params=params, steps=steps, maturity_years=5.0))
    noise = pseudo_noise(task.model.shocks(1), steps, 0, 400_000, PRICE_DRAW, split_seed(3), INDEPENDENT)
    logs = np.empty((1, steps, 400_000))
    task.model.simulator(task.market)(noise, logs)
    prices = np.exp(logs[0, -1])
    error = prices.std() / math.sqrt(len(prices))
    assert abs(prices.mean() - 100.0 * math.exp(0.03 * 5.0)) <= 4 * error


# ---- limits in which a model is another ----------------------------------------------------------------------------


def test_without_random_variance_it_is_black_and_scholes(exact):
    params = {"initial_variance": 0.09, "kappa": 3.0, "theta": 0.04, "vol_of_vol": 0.0}
    mean = 0.04 + 0.05 * (1 - math.exp(-3.0)) / 3.0
    for steps in (1, 7):
        found = price(spec_of("heston", model_params=params, steps=steps)).price
        expected = exact.black_scholes(1, 100, 100, 0.05, 0.02, math.sqrt(mean), 1)
        assert abs(found.value - expected) <= 4 * found.standard_error


def test_bates_without_random_variance_is_merton(exact):
    params = JUMPS | {"initial_variance": 0.04, "theta": 0.04, "kappa": 1.0, "vol_of_vol": 0.0}
    found = price(spec_of("bates", model_params=params, steps=5)).price
    expected = exact.merton_series(1, 100, 100, 0.05, 0.02, 0.2, 1.0, 0.3, -0.1, 0.15)
    assert abs(found.value - expected) <= 4 * found.standard_error


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        ("gbm", {"volatility": 0.0}),
        ("merton", {"volatility": 0.0, "model_params": {"intensity": 0.0}}),
        ("kou", {"volatility": 0.0, "model_params": {"intensity": 0.0}}),
        ("heston", {"model_params": {"initial_variance": 0.0, "theta": 0.0}}),
        ("bates", {"model_params": {"initial_variance": 0.0, "theta": 0.0, "intensity": 0.0}}),
    ],
)
def test_nothing_random_is_exact(model, changes):
    found = price(spec_of(model, 90.0, **changes)).price
    assert found.value == pytest.approx(100 * math.exp(-0.02) - 90 * math.exp(-0.05), rel=1e-12)
    assert found.standard_error == 0.0


def test_commodities_without_volatility_follow_their_forward():
    flat = {"sigma_chi": 0.0, "sigma_xi": 0.0}
    spec = spec_of("schwartz_smith", 15.0, model_params=MARKETS["schwartz_smith"]["model_params"] | flat)
    found = price(spec)
    assert found.price.value == pytest.approx(found.exact_price, rel=1e-12)
    assert found.price.standard_error == 0.0


def test_a_broken_feller_condition_is_reported():
    assert [w.code for w in price(spec_of("heston", paths=1_000)).warnings] == ["FELLER_CONDITION_BROKEN"]
    kept = price(spec_of("heston", paths=1_000, model_params=HESTON | {"vol_of_vol": 0.39}))
    assert kept.warnings == ()

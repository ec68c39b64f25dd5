"""What is wrong with a request is said by field, value and what would be right, before anything is simulated."""

import math
from dataclasses import replace

import pytest

from riskwave.compute.errors import (
    InputError,
    NotPositiveSemidefiniteError,
    ShapeMismatchError,
    TooLargeError,
    UnknownNameError,
)
from riskwave.compute.montecarlo.pricing import (
    PRICING_MODELS,
    PricingSpec,
    merge_prices,
    plan_pricing,
    price,
    price_chunk,
)

PAIR = {"spot": [100.0, 100.0]}
ODD = [[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]]
HESTON = {"model": "heston", "volatility": None}


def spec_of(payoff="european", **changes):
    market = {"spot": 100.0, "volatility": 0.2, "maturity_years": 1.0, "paths": 1_000}
    return PricingSpec(payoff=payoff, **(market | changes))


@pytest.mark.parametrize(
    ("payoff", "changes", "kind", "field", "says"),
    [
        ("european", {"model": "hesston"}, UnknownNameError, "model", "heston"),
        ("european", {"model": "merton", "model_params": {"lambda": 1.0}}, UnknownNameError, "model_params", "inten"),
        ("basket", HESTON, InputError, "model", "goes with the payoff basket: gbm"),
        ("american", HESTON, InputError, "model", "gbm, kou, merton, schwartz1f"),
        (
            "barrier",
            HESTON | {"payoff_params": {"monitoring": "continuous"}},
            InputError,
            "payoff_params.monitoring",
            "discrete",
        ),
        ("lookback", {"model": "merton"}, InputError, "payoff_params.monitoring", "goes with gbm"),
        ("european", {"volatility": None}, InputError, "volatility", "given for the model gbm"),
        ("european", {"model": "heston"}, InputError, "volatility", "left out"),
        ("european", {"volatility": -0.1}, InputError, "volatility", "from 0 to 10"),
        ("european", HESTON | {"model_params": {"rho": 1.1}}, InputError, "model_params.rho", "from -1 to 1"),
        ("european", {"model": "kou", "model_params": {"up_rate": 1.0}}, InputError, "model_params.up_rate", "2.01"),
        ("european", {"model": "schwartz1f", "dividend_yield": 0.1}, InputError, "dividend_yield", "drift"),
        ("european", PAIR, InputError, "spot", "1 for the payoff european"),
        ("exchange", {}, InputError, "spot", "2 for the payoff exchange"),
        ("basket", {}, InputError, "spot", "2 to 32"),
        ("basket", {"spot": [[1.0]]}, InputError, "spot", "one price"),
        ("exchange", PAIR | {"volatility": [0.1, 0.2, 0.3]}, ShapeMismatchError, "volatility", "(2,)"),
        ("exchange", PAIR | {"volatility": [0.1, math.nan]}, InputError, "volatility[1]", "from 0"),
        ("basket", PAIR | {"weights": [1.0]}, ShapeMismatchError, "weights", "(2,)"),
        ("basket", PAIR | {"weights": [0.0, 0.0]}, InputError, "weights", "above 0"),
        ("exchange", PAIR | {"correlation": [[1.0]]}, ShapeMismatchError, "correlation", "(2, 2)"),
        ("exchange", PAIR | {"correlation": [[1, 2], [2, 1]]}, InputError, "correlation", "from -1 to 1"),
        ("exchange", PAIR | {"correlation": [[1, 0.5], [0.4, 1]]}, InputError, "correlation", "symmetric"),
        ("exchange", PAIR | {"correlation": [[0.9, 0.5], [0.5, 1]]}, InputError, "correlation", "diagonal"),
        (
            "basket",
            {"spot": [1.0, 1.0, 1.0], "correlation": ODD},
            NotPositiveSemidefiniteError,
            "correlation",
            "eigenvalue -0.8",
        ),
        ("barrier", {"payoff_params": {"barrier": 100.0}}, InputError, "payoff_params.barrier", "reached already"),
        ("european", {"paths": 1}, InputError, "paths", "from 2"),
        ("european", {"paths": 999, "sampling": "antithetic"}, InputError, "paths", "pairs"),
        ("european", {"paths": 1_000, "sampling": "sobol"}, InputError, "paths", "1024"),
        ("european", {"paths": 512, "sampling": "sobol", "steps": 10_000, **HESTON}, None, "", ""),
        ("european", {"paths": 512, "sampling": "halton"}, InputError, "sampling", "sobol"),
        (
            "european",
            {"paths": 512, "sampling": "sobol", "steps": 10_000, "volatility": None, "model": "bates"},
            TooLargeError,
            "steps",
            "at most 5300",
        ),
        ("american", {"steps": 5_000}, TooLargeError, "steps", "at most 2048"),
        ("american", {"maturity_years": 50.0}, TooLargeError, "steps", "at most 2048"),
        ("bermudan", {"steps": 7}, InputError, "steps", "the 10 exercise dates"),
        ("european", {"greeks": ("delta", "speed")}, InputError, "greeks", "gamma"),
        ("european", {"greeks": ("delta", "delta")}, InputError, "greeks", "once"),
        ("european", {"greeks": ("delta",), "maturity_years": 0.0}, InputError, "greeks", "kinks"),
        ("european", {"target_se": -1.0}, InputError, "target_se", "from 0"),
        ("european", {"seed": 2**64}, InputError, "seed", "18446744073709551615"),
        ("european", {"maturity_years": 100.0, "risk_free_rate": 9.0}, InputError, "maturity_years", "short enough"),
    ],
)
def test_bad_input_is_refused_by_name(payoff, changes, kind, field, says):
    if kind is None:  # large, and allowed
        assert plan_pricing(spec_of(payoff, **changes))
        return
    with pytest.raises(InputError) as caught:
        plan_pricing(spec_of(payoff, **changes))
    assert type(caught.value) is kind
    assert caught.value.field == field
    assert says in str(caught.value)


@pytest.mark.parametrize("model", PRICING_MODELS.names())
def test_at_maturity_every_model_pays_at_once(model):
    takes = {} if PRICING_MODELS.get(model).takes_volatility else {"volatility": None}
    found = price(spec_of(model=model, maturity_years=0.0, payoff_params={"strike": 90.0}, paths=100, **takes)).price
    assert (found.value, found.standard_error) == (pytest.approx(10.0, rel=1e-12), 0.0)


def test_sums_beyond_all_numbers_are_no_estimate():
    spec = spec_of()
    sums = price_chunk(spec, plan_pricing(spec)[0])
    with pytest.raises(InputError) as caught:
        merge_prices(spec, [replace(sums, sums=(((math.nan,), *sums.sums[0][1:]),))])
    assert caught.value.field == "maturity_years"


def test_an_expectation_that_hangs_on_rare_paths_is_not_trusted():
    """20,000 large jumps: the expected price is 100, and nearly every path ends near 0."""
    wild = {"model": "merton", "model_params": {"intensity": 200.0, "jump_mean": 2.0}, "maturity_years": 100.0}
    assert [warning.code for warning in price(spec_of(**wild)).warnings] == ["ERRORS_TOO_SMALL"]
    assert price(spec_of(model="merton")).warnings == ()


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"payoff_params": {"strike": 1e4}}, ["ERRORS_TOO_SMALL"]),
        ({"payoff_params": {"strike": 1e4}, "volatility": 0.0}, []),
        ({"payoff_params": {"strike": 1e4}, "maturity_years": 0.0}, []),
        ({"payoff_params": {"strike": 1e4}, "sampling": "sobol", "paths": 1_024}, ["ERRORS_TOO_SMALL"]),
        ({"payoff_params": {"strike": 100.0}}, []),
    ],
)
def test_paths_that_all_pay_nothing_tell_no_error(changes, codes):
    assert [warning.code for warning in price(spec_of(**changes)).warnings] == codes

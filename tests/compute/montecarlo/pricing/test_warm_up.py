"""Each price finds its kernels compiled when the steps that it names have run, and compiles none that it does not."""

import functools
import gc

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from riskwave.compute.montecarlo import pricing

STEPS = pricing.warm_up_steps()
SPOT, MATURITY = 100.0, 1.0
PAIRS = [(model, name) for name in pricing.PAYOFFS.names() for model in pricing.PAYOFFS.get(name).models]


def spec_of(model, payoff, **changes):
    assets = max(pricing.PAYOFFS.get(payoff).assets[0], 1)
    volatility = 0.2 if pricing.PRICING_MODELS.get(model).takes_volatility else None
    monitored = any(param.name == "monitoring" for param in pricing.PAYOFFS.get(payoff).params)
    params = {"monitoring": "discrete"} if monitored and model != "gbm" else {}
    given = {"payoff_params": params, "paths": 64, "maturity_years": 0.1, "greeks": pricing.GREEKS} | changes
    return pricing.PricingSpec(
        model=model, payoff=payoff, spot=SPOT if assets == 1 else (SPOT,) * assets, volatility=volatility, **given
    )


@functools.lru_cache
def compiled_and_remembered():
    """Return every kernel and every cache of this package, all of whose modules the steps' names have imported."""
    # By type: asking a dead weak proxy what it is an instance of raises.
    found = [each for each in gc.get_objects() if issubclass(type(each), Dispatcher | functools._lru_cache_wrapper)]
    ours = [each for each in found if getattr(each, "__module__", "").startswith("riskwave.compute")]
    return (
        [each for each in ours if isinstance(each, Dispatcher)],
        [each for each in ours if not isinstance(each, Dispatcher)],
    )


def forget():
    """Forget what is loaded, which the disk has, and what was remembered of calls."""
    dispatchers, caches = compiled_and_remembered()
    for each in dispatchers:
        each._reset_overloads()
    for each in caches:
        each.cache_clear()


def signatures():
    return {
        (id(each), each.py_func.__qualname__, str(one))
        for each in compiled_and_remembered()[0]
        for one in each.signatures
    }


# Loading takes half a second a pair: each model and each payoff once with the plain other, and some that mix.
SOME = [pair for pair in PAIRS if "gbm" in pair or "european" in pair]
SOME += [("bates", "asian"), ("schwartz_smith", "barrier"), ("kou", "american"), ("gibson_schwartz", "lookback")]


@pytest.mark.parametrize(("model", "payoff"), SOME, ids=["-".join(pair) for pair in SOME])
def test_a_price_needs_its_steps_alone(model, payoff):
    spec = spec_of(model, payoff)
    forget()
    for name in pricing.steps_of(spec):
        STEPS[name]()
    before = signatures()
    pricing.price(spec)
    assert signatures() - before == set()


def test_the_steps_of_a_price_are_steps():
    names = {name for pair in PAIRS for name in pricing.steps_of(spec_of(*pair))}
    assert names | set(pricing.steps_of(spec_of("gbm", "asian", sampling="sobol"))) == set(STEPS)


@pytest.mark.parametrize("pair", [("gbm", "asian"), ("heston", "european"), ("gbm", "barrier")])
def test_sobol_points_have_a_step_of_their_own(pair):
    forget()
    spec = spec_of(*pair, sampling="sobol")
    for name in pricing.steps_of(spec):
        STEPS[name]()
    before = signatures()
    assert np.isfinite(pricing.price(spec).price.value)
    assert signatures() - before == set()

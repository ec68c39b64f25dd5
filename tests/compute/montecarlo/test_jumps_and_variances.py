"""Portfolios whose prices jump, or whose variances or convenience yields move, against their exact laws."""

import math
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats

from riskwave.compute.errors import InputError, NotPositiveSemidefiniteError
from riskwave.compute.jit import kernel
from riskwave.compute.montecarlo import (
    Chunk,
    SimulationSpec,
    digest,
    plan_chunks,
    run,
    simulate_chunk,
    simulate_path,
    summarize,
    validate,
)
from riskwave.compute.montecarlo.normal_tail import normal_tail

DAYS = 126
YEARS = DAYS / 252
MEAN, VARIANCE = 0.0004, 2e-4
LOG_VARIANCE = 252 * math.log1p(VARIANCE / (1 + MEAN) ** 2)  # a year
ONE = SimulationSpec(
    mean=[MEAN], covariance=[[VARIANCE]], weights=[1.0], paths=2_000, horizon_days=DAYS, distributions=True
)
COVARIANCE = np.array([[VARIANCE, 0.6e-4], [0.6e-4, 1e-4]])
TWO = replace(ONE, mean=[MEAN, -1e-4], covariance=COVARIANCE, weights=[0.7, 0.3])

MERTON = {"intensity": 8.0, "jump_mean": -0.03, "jump_deviation": 0.04}
KOU = {"intensity": 12.0, "up_probability": 0.3, "up_rate": 25.0, "down_rate": 40.0}
HESTON = {"kappa": 3.0, "vol_of_vol": 0.4, "rho": -0.6}
BROKEN = {"kappa": 0.5, "vol_of_vol": 0.9, "rho": 0.3, "initial_ratio": 2.0}
YIELD = {"delta0": 0.2, "kappa": 1.5, "alpha": -0.05, "sigma_delta": 0.4, "rho": 0.6}


def heston_of(oracles, kappa, vol_of_vol, rho, initial_ratio=1.0):
    return oracles.heston(initial_ratio * LOG_VARIANCE, kappa, LOG_VARIANCE, vol_of_vol, rho, YEARS)


def characteristic(oracles, model, params):
    """Return that of the logarithm of what a price is at the end, as a part of its expectation."""
    brownian = oracles.brownian(math.sqrt(LOG_VARIANCE), YEARS)
    if model == "merton":
        return lambda u: brownian(u) * oracles.merton_jumps(*MERTON.values(), YEARS)(u)
    if model == "kou":
        return lambda u: brownian(u) * oracles.kou_jumps(*KOU.values(), YEARS)(u)
    heston = heston_of(oracles, **{name: params[name] for name in params if name not in MERTON})
    if model == "heston":
        return heston
    return lambda u: heston(u) * oracles.merton_jumps(*MERTON.values(), YEARS)(u)


def distribution_of(phi):
    """Invert a characteristic function by Gil-Pelaez on a grid."""
    u = (np.arange(6_000) + 0.5) * 0.05
    x = np.linspace(-2.5, 1.5, 1_201)
    values = (np.exp(-1j * np.outer(x, u)) * phi(u) / u).imag.sum(axis=1)
    below = 0.5 - values * 0.05 / math.pi
    return lambda points: np.interp(points, x, below)


@pytest.mark.parametrize(
    ("model", "params", "changes"),
    [
        ("merton", MERTON, {}),
        ("merton", MERTON, {"terminal_only": True}),
        ("merton", MERTON, {"sampling": "antithetic"}),
        ("kou", KOU, {}),
        ("kou", KOU, {"terminal_only": True}),
        ("heston", HESTON, {}),
        ("heston", BROKEN, {}),
        ("bates", HESTON | MERTON, {}),
    ],
)
def test_one_asset_ends_as_the_exact_law_says(pricing_oracles, model, params, changes):
    phi = characteristic(pricing_oracles, model, params)
    below = distribution_of(phi)
    forward = (1 + MEAN) ** DAYS
    spread = forward * math.sqrt(phi(-2j).real - 1.0)
    z, errors = [], []
    for seed in range(20):
        result = run(replace(ONE, model=model, params=params, seed=seed, **changes))
        logs = np.log1p(result.distributions["returns"]) - math.log(forward)
        independent = logs[::2] if changes.get("sampling") else logs
        assert stats.kstest(independent, below).pvalue > 1e-4
        mean, std = result.statistics.mean_return, result.statistics.std_return
        z.append((mean.value - (forward - 1.0)) / mean.standard_error)
        errors.append(mean.standard_error)
        assert abs(std.value - spread) < 5 * std.standard_error
    assert np.abs(z).max() < 4
    assert 5e-4 < stats.chi2(20).cdf(np.square(z).sum()) < 1 - 5e-4
    if not changes.get("sampling"):
        assert abs(np.mean(errors) / (spread / math.sqrt(2_000)) - 1) < 0.15


@pytest.mark.parametrize("common", [False, True])
@pytest.mark.parametrize("rebalancing", ["daily", "none"])
@pytest.mark.parametrize("model", ["merton", "kou"])
def test_two_assets_jump_alone_or_together(pricing_oracles, model, rebalancing, common):
    params, jumps = (MERTON, pricing_oracles.merton_jumps) if model == "merton" else (KOU, pricing_oracles.kou_jumps)
    square = jumps(*params.values(), 1 / 252)(-2j).real  # E e^2J of a day, as a part of the squared expectation
    growth, weights = 1 + np.array(TWO.mean), np.array(TWO.weights)
    second = (np.outer(growth, growth) + COVARIANCE) * np.where(np.eye(2) + common > 0, square, 1.0)
    if rebalancing == "daily":
        mean, moment = (weights @ growth) ** DAYS, (weights @ second @ weights) ** DAYS
    else:
        mean, moment = weights @ growth**DAYS, weights @ second**DAYS @ weights
    params = params | {"common_jumps": common}
    for terminal in (False, True):
        spec = replace(TWO, model=model, params=params, rebalancing=rebalancing, paths=40_000, terminal_only=terminal)
        found = run(spec).statistics
        assert abs(found.mean_return.value - (mean - 1)) < 4 * found.mean_return.standard_error
        assert abs(found.std_return.value - math.sqrt(moment - mean**2)) < 4 * found.std_return.standard_error


def test_without_jumps_and_still_variances_it_is_geometric_brownian_motion():
    plain = run(replace(TWO, model="gbm", seed=3)).distributions["returns"]
    still = {"kappa": 2.0, "vol_of_vol": 0.0, "rho": 0.5}
    for model, params in [
        ("merton", {"intensity": 0.0}),
        ("kou", {"intensity": 0.0}),
        ("heston", still),
        ("bates", still | {"intensity": 0.0}),
    ]:
        found = run(replace(TWO, model=model, params=params, seed=3)).distributions["returns"]
        np.testing.assert_allclose(found, plain, rtol=0, atol=2e-5, err_msg=model)


def test_independent_variances_add_up(pricing_oracles):
    spec = replace(TWO, covariance=np.eye(2) * VARIANCE, mean=[MEAN, MEAN], model="heston", params=HESTON)
    found = run(replace(spec, rebalancing="none", paths=40_000)).statistics
    forward = (1 + MEAN) ** DAYS
    square = heston_of(pricing_oracles, **HESTON)(-2j).real
    spread = forward * math.sqrt((0.49 + 0.09) * (square - 1.0))
    assert abs(found.mean_return.value - (forward - 1)) < 4 * found.mean_return.standard_error
    assert abs(found.std_return.value - spread) < 4 * found.std_return.standard_error


def test_twins_are_one_asset():
    for model, params in [("heston", BROKEN), ("gibson_schwartz", YIELD)]:
        spec = replace(TWO, mean=[MEAN] * 2, covariance=np.full((2, 2), VARIANCE), model=model, params=params)
        twins = run(spec).distributions["returns"]
        alone = run(replace(ONE, model=model, params=params)).distributions["returns"]
        if model == "heston":
            np.testing.assert_allclose(twins, alone, atol=1e-5, rtol=0)
        else:  # other normals: the yields' come first, being larger
            assert stats.ks_2samp(twins, alone).pvalue > 1e-3


@pytest.mark.parametrize("model", ["heston", "bates", "gibson_schwartz"])
def test_the_prices_are_correlated_as_given(model):
    params = {"sigma_delta": 0.4} if model == "gibson_schwartz" else {"vol_of_vol": 0.4}
    params |= {"intensity": 0.0} if model == "bates" else {}
    spec = replace(TWO, model=model, params=params, paths=40_000, sample_paths=40_000, horizon_days=2)
    paths = np.log(run(spec).sample_paths)
    days = (paths[:, 1:] - paths[:, :-1]).reshape(-1, 2)
    exact = 0.6e-4 / math.sqrt(VARIANCE * 1e-4)
    found = np.corrcoef(days, rowvar=False)[0, 1]
    assert abs(math.atanh(found) - math.atanh(exact)) < 4 / math.sqrt(len(days))


def yield_covariance(first, second, correlation, years=YEARS, *, kappa, sigma_delta, rho, **_start):
    """Of two log prices: the integral over the time that a shock has had to act, for volatilities a year."""

    def reach(s):
        return s if kappa == 0 else -math.expm1(-kappa * s) / kappa

    def rate(s):
        b = reach(s)
        return first * second - rho * sigma_delta * (first + second) * b + (sigma_delta * b) ** 2

    return correlation * integrate.quad(rate, 0, years, epsabs=1e-15)[0]


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("kappa", [0.0, 0.02, 1.5, 60.0])
def test_a_price_with_a_yield_is_lognormal(kappa, terminal):
    params = YIELD | {"kappa": kappa}
    variance = yield_covariance(*[math.sqrt(LOG_VARIANCE)] * 2, 1.0, **params)
    reach = YEARS if kappa == 0 else -math.expm1(-kappa * YEARS) / kappa
    forward = (1 + MEAN) ** DAYS * math.exp(-0.25 * reach)
    law = stats.norm(math.log(forward) - variance / 2, math.sqrt(variance))
    z = []
    for seed in range(20):
        spec = replace(ONE, model="gibson_schwartz", params=params, seed=seed, terminal_only=terminal, paths=1_000)
        result = run(spec)
        assert stats.kstest(np.log1p(result.distributions["returns"]), law.cdf).pvalue > 1e-4
        mean = result.statistics.mean_return
        z.append((mean.value - (forward - 1)) / mean.standard_error)
    assert np.abs(z).max() < 4
    assert 5e-4 < stats.chi2(20).cdf(np.square(z).sum()) < 1 - 5e-4


@pytest.mark.parametrize("terminal", [False, True])
def test_prices_with_yields_have_the_exact_moments(terminal):
    spec = replace(TWO, model="gibson_schwartz", params=YIELD, rebalancing="none", paths=40_000, terminal_only=terminal)
    growth, weights = 1 + np.array(TWO.mean), np.array(TWO.weights)
    logs = 252 * np.log1p(COVARIANCE / np.outer(growth, growth))
    sigma = np.sqrt(np.diagonal(logs))
    correlation = logs / np.outer(sigma, sigma)
    across = [[yield_covariance(sigma[i], sigma[j], correlation[i, j], **YIELD) for j in (0, 1)] for i in (0, 1)]
    ends = growth**DAYS * math.exp(0.25 * math.expm1(-1.5 * YEARS) / 1.5)
    spread = math.sqrt(weights @ (np.outer(ends, ends) * np.expm1(across)) @ weights)
    found = run(spec).statistics
    assert abs(found.mean_return.value - (weights @ ends - 1)) < 4 * found.mean_return.standard_error
    assert abs(found.std_return.value - spread) < 4 * found.std_return.standard_error


EVERY = [
    replace(TWO, model="merton", params=MERTON, paths=5_001),
    replace(TWO, model="kou", params=KOU | {"common_jumps": True}, sampling="antithetic", paths=5_000),
    replace(TWO, model="heston", params=BROKEN, rebalancing="none", paths=3_001),
    replace(TWO, model="bates", params=HESTON | MERTON, sampling="antithetic", paths=3_000),
    replace(TWO, model="gibson_schwartz", params=YIELD, paths=5_001),
]
SPECS = pytest.mark.parametrize("spec", [replace(one, horizon_days=21) for one in EVERY], ids=lambda one: one.model)


@SPECS
def test_the_bits_depend_on_nothing_else(spec):
    whole = simulate_chunk(spec, Chunk(0, 0, 1_000))
    for size in (97, 256):
        pieces = [simulate_chunk(spec, Chunk(0, first, min(size, 1_000 - first))) for first in range(0, 1_000, size)]
        np.testing.assert_array_equal(np.hstack([piece.results for piece in pieces]), whole.results)
    np.testing.assert_array_equal(simulate_path(spec, 777).results[:, 0], whole.results[:, 777])
    expected = digest(run(spec))
    chunks = list(plan_chunks(spec))
    for workers in (2, 7):
        random.Random(workers).shuffle(chunks)
        with ThreadPoolExecutor(workers) as pool:
            results = list(pool.map(lambda chunk: simulate_chunk(spec, chunk), chunks))
        assert digest(summarize(spec, results)) == expected


@SPECS
def test_paths_of_the_assets_are_kept_and_ends_are_finite(spec):
    found = simulate_chunk(replace(spec, sample_paths=4), Chunk(0, 0, 4))
    growth = found.asset_paths[:, -1] if spec.rebalancing == "none" else found.asset_paths
    if spec.rebalancing == "none":
        np.testing.assert_allclose(growth @ np.array(spec.weights) - 1, found.results[0], rtol=1e-12)
    else:
        daily = (growth[:, 1:] / growth[:, :-1]) @ np.array(spec.weights)
        np.testing.assert_allclose(daily.prod(axis=1) - 1, found.results[0], rtol=1e-11)


@pytest.mark.parametrize(
    ("model", "params"),
    [
        ("merton", {"intensity": 0.0}),
        ("heston", HESTON),
        ("bates", HESTON | {"intensity": 0.0}),
        ("gibson_schwartz", {"sigma_delta": 0.0}),
    ],
)
def test_no_volatility_is_exact(model, params):
    spec = replace(ONE, covariance=[[0.0]], model=model, params=params, paths=20)
    returns = run(spec).distributions["returns"]
    np.testing.assert_allclose(returns, (1 + MEAN) ** DAYS - 1, rtol=1e-11)


def test_jumps_alone_are_a_compound_poisson_process():
    params = {"intensity": 3.0, "jump_mean": -0.1, "jump_deviation": 0.0}
    spec = replace(ONE, covariance=[[0.0]], model="merton", params=params, paths=20_000)
    for terminal in (False, True):
        logs = np.log1p(run(replace(spec, terminal_only=terminal)).distributions["returns"])
        drift = DAYS * math.log1p(MEAN) - 3.0 * YEARS * math.expm1(-0.1)
        counts = (drift - logs) / 0.1
        np.testing.assert_allclose(counts, np.round(counts), atol=1e-6)
        seen = np.bincount(np.round(counts).astype(int), minlength=8)[:8]
        expected = 20_000 * stats.poisson(3.0 * YEARS).pmf(np.arange(8))
        assert (np.abs(seen - expected) < 4 * np.sqrt(expected) + 4).all()


def test_what_is_allowed_is_reported():
    warned = validate(replace(ONE, model="bates", params=BROKEN | MERTON))
    assert [one.code for one in warned] == ["FELLER_CONDITION_BROKEN", "JUMPS_ADDED"]
    assert [one.field for one in warned] == ["params.vol_of_vol", "params.intensity"]
    assert "0.01414" in warned[1].message
    assert validate(replace(ONE, model="heston", params={"vol_of_vol": 0.2})) == ()
    assert validate(replace(ONE, model="merton", params={"intensity": 0.0})) == ()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"model": "merton", "params": {"intensity": -1.0}}, "params.intensity"),
        ({"model": "kou", "params": {"up_rate": 1.0}}, "params.up_rate"),
        ({"model": "heston", "params": {"rho": -1.5}}, "params.rho"),
        ({"model": "heston", "params": {"theta": 0.04}}, "params"),
        ({"model": "gibson_schwartz", "params": {"sigma_delta": math.nan}}, "params.sigma_delta"),
        ({"model": "gibson_schwartz", "params": {"sigma_delta": 10.0, "kappa": 0.0}, "horizon_days": 9_000},
         "horizon_days"),
        ({"model": "merton", "params": {"intensity": 200.0, "jump_deviation": 2.0}}, "horizon_days"),
        ({"model": "heston", "sampling": "sobol", "paths": 4_096}, "sampling"),
        ({"model": "bates", "mode": "collapsed"}, "mode"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_name(changes, field):
    with pytest.raises(InputError) as refusal:
        validate(replace(ONE, **changes))
    assert refusal.value.field == field


@pytest.mark.parametrize("model", ["merton", "kou", "heston", "bates", "gibson_schwartz"])
def test_a_correlation_that_cannot_be_is_refused(model):
    impossible = [[1e-4, 2e-4], [2e-4, 1e-4]]
    with pytest.raises(NotPositiveSemidefiniteError):
        validate(replace(TWO, covariance=impossible, model=model))


@kernel()
def _tails(values, out):
    for i in range(len(values)):
        out[i] = normal_tail(values[i])


def test_the_tail_of_the_normal_distribution():
    x = np.linspace(-7.5, 7.5, 100_001)
    out = np.empty_like(x)
    _tails(x, out)
    np.testing.assert_allclose(out, stats.norm.sf(x), rtol=7e-10)

"""The normal model against the exact laws, by distance in standard errors."""

import math

import numpy as np
import pytest
from scipy import stats

from riskwave.compute.montecarlo import SimulationSpec, plan_chunks, run, simulate_chunk

TWO_ASSETS = {
    "mean": np.array([0.0004, 0.0006]),
    "covariance": np.array([[1e-4, 0.6e-4], [0.6e-4, 4e-4]]),
    "weights": np.array([0.6, 0.4]),
}
SEEDS = range(100, 120)
BAND = stats.chi2.ppf([0.0005, 0.9995], len(SEEDS))


def one_asset(law, **options):
    given = {"paths": 200_000, "seed": 7, "horizon_days": law.days} | options
    return SimulationSpec(mean=[law.mean], covariance=[[law.deviation**2]], weights=[1.0], **given)


def expectations(law):
    """Exact value, and exact standard error times the root of the number of paths where it is known."""
    q = {p: law.return_quantile(p) for p in (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)}
    error = {p: math.sqrt(p * (1 - p)) / law.return_density(value) for p, value in q.items()}
    drawdown_mean, drawdown_std = law.drawdown_moments
    loss = law.return_cdf(0.0)
    spread = law.return_std * 0.5 * math.sqrt(law.return_kurtosis - 1.0)
    return {
        "mean": (law.return_mean, law.return_std),
        "std": (law.return_std, spread),
        **{f"q{p}": (q[p], error[p]) for p in q},
        "loss": (loss, math.sqrt(loss * (1 - loss))),
        "es0.05": (law.return_shortfall(0.05), None),
        "es0.01": (law.return_shortfall(0.01), None),
        "volatility": (law.volatility.mean(), law.volatility.std()),
        "volatility q0.05": (law.volatility.ppf(0.05), None),
        "volatility q0.95": (law.volatility.ppf(0.95), None),
        "sharpe": (law.sharpe.mean(), law.sharpe.std()),
        "sharpe std": (law.sharpe.std(), None),
        "sharpe q0.05": (law.sharpe.ppf(0.05), None),
        "sharpe q0.95": (law.sharpe.ppf(0.95), None),
        "drawdown": (-drawdown_mean, drawdown_std),
        "drawdown std": (drawdown_std, None),
        **{f"drawdown q{p}": (-law.drawdown_quantile(1 - p), None) for p in (0.01, 0.05, 0.5, 0.95)},
    }


def estimates_of(result):
    s = result.statistics
    _, volatility, drawdown, sharpe = result.summaries
    at = {item.name: {q.probability: q.estimate for q in item.quantiles} for item in result.summaries}
    return {
        "mean": s.mean_return,
        "std": s.std_return,
        **{f"q{p}": estimate for p, estimate in at["returns"].items()},
        "loss": s.probability_of_loss,
        "es0.05": s.cvar_5,
        "es0.01": s.cvar_1,
        "volatility": volatility.mean,
        "volatility q0.05": at["volatilities"][0.05],
        "volatility q0.95": at["volatilities"][0.95],
        "sharpe": sharpe.mean,
        "sharpe std": sharpe.standard_deviation,
        "sharpe q0.05": at["sharpe_ratios"][0.05],
        "sharpe q0.95": at["sharpe_ratios"][0.95],
        "drawdown": drawdown.mean,
        "drawdown std": drawdown.standard_deviation,
        **{f"drawdown q{p}": at["max_drawdowns"][p] for p in (0.01, 0.05, 0.5, 0.95)},
    }


@pytest.fixture(scope="module")
def exact_a(case_a):
    return expectations(case_a)


@pytest.fixture(scope="module")
def exact_b(case_b):
    return expectations(case_b)


@pytest.mark.parametrize("mode", ["collapsed", "full"])
@pytest.mark.parametrize("case", ["a", "b"])
def test_every_statistic_within_four_standard_errors(case, mode, request):
    law, exact = request.getfixturevalue(f"case_{case}"), request.getfixturevalue(f"exact_{case}")
    found = estimates_of(run(one_asset(law, mode=mode)))
    distances = {name: (found[name].value - exact[name][0]) / found[name].standard_error for name in exact}
    assert {name: z for name, z in distances.items() if not abs(z) <= 4.0} == {}


@pytest.mark.parametrize("sampling", ["independent", "antithetic"])
def test_errors_over_twenty_seeds(case_a, exact_a, sampling):
    paths = 20_000
    runs = [estimates_of(run(one_asset(case_a, paths=paths, seed=seed, sampling=sampling))) for seed in SEEDS]
    for name, (value, error) in exact_a.items():
        estimates = [found[name] for found in runs]
        chi_square = sum(((item.value - value) / item.standard_error) ** 2 for item in estimates)
        assert BAND[0] <= chi_square <= BAND[1], name
        if error is not None and sampling == "independent":
            mean_error = np.mean([item.standard_error for item in estimates])
            assert mean_error == pytest.approx(error / math.sqrt(paths), rel=0.15), name


def test_antithetic_pairs_lower_the_error_of_the_mean(case_a):
    plain, paired = (
        run(one_asset(case_a, paths=20_000, sampling=sampling)).statistics for sampling in ("independent", "antithetic")
    )
    assert paired.mean_return.standard_error < 0.3 * plain.mean_return.standard_error


def test_antithetic_paths_mirror_each_other():
    law_spec = SimulationSpec(
        **TWO_ASSETS, paths=1_000, horizon_days=1, sampling="antithetic", distributions=True, mode="full"
    )
    returns = run(law_spec).distributions["returns"]
    np.testing.assert_allclose(returns[0::2] + returns[1::2], 2 * 0.00048, atol=1e-15)


@pytest.mark.parametrize(
    ("mode", "rebalancing", "mean", "std"),
    [
        ("collapsed", "daily", 0.12854701610732322, 0.20487332764916838),
        ("full", "daily", 0.12854701610732322, 0.20487332764916838),
        ("full", "none", 0.1288904855452897, 0.20869156174003056),
    ],
)
def test_two_assets(mode, rebalancing, mean, std):
    """Closed forms: (1 + m)^T and its second moment, rebalanced; moments of the sum of two products, drifting."""
    found = run(SimulationSpec(**TWO_ASSETS, paths=400_000, seed=3, mode=mode, rebalancing=rebalancing)).statistics
    assert abs(found.mean_return.value - mean) <= 4 * found.mean_return.standard_error
    assert abs(found.std_return.value - std) <= 4 * found.std_return.standard_error


def test_full_and_collapsed_agree_for_many_assets(oracles):
    n = 37
    rng = np.random.default_rng(5)
    loadings = rng.normal(size=(n, 9)) * 0.01  # rank 9: semi-definite
    covariance = loadings @ loadings.T
    mean, weights = rng.normal(0.0004, 0.0003, n), rng.uniform(0.0, 2.0 / n, n)
    weights /= weights.sum()
    law = oracles.NormalDays(weights @ mean, math.sqrt(weights @ covariance @ weights), 60)
    expected = expectations(law)
    for mode in ("collapsed", "full"):
        found = run(
            SimulationSpec(
                mean=mean, covariance=covariance, weights=weights, paths=60_000, horizon_days=60, mode=mode, seed=1
            )
        )
        estimates = estimates_of(found)
        for name in ("mean", "std", "q0.05", "q0.5", "q0.95", "es0.05", "loss", "volatility", "sharpe", "drawdown"):
            z = (estimates[name].value - expected[name][0]) / estimates[name].standard_error
            assert abs(z) <= 4.0, (mode, name)


def test_each_assets_draws_have_the_covariance_asked_for():
    """One asset at a time carries all the weight."""
    for asset, variance in enumerate(np.diagonal(TWO_ASSETS["covariance"])):
        given = TWO_ASSETS | {"weights": np.eye(2)[asset]}
        found = run(SimulationSpec(**given, paths=100_000, horizon_days=2, mode="full")).statistics.std_return
        one_day = (1 + TWO_ASSETS["mean"][asset]) ** 2 + variance
        exact = math.sqrt(one_day**2 - (1 + TWO_ASSETS["mean"][asset]) ** 4)
        assert abs(found.value - exact) <= 4 * found.standard_error


@pytest.mark.parametrize("mode", ["collapsed", "full"])
def test_zero_volatility_is_exact(mode):
    spec = SimulationSpec(
        mean=[0.001, -0.002], covariance=np.zeros((2, 2)), weights=[0.25, 0.75], paths=1_000, mode=mode, horizon_days=10
    )
    result = run(spec)
    growth = (1.0 + 0.25 * 0.001 - 0.75 * 0.002) ** 10
    assert result.statistics.mean_return.value == pytest.approx(growth - 1.0, abs=1e-15)
    assert result.statistics.mean_return.standard_error == 0.0
    assert result.statistics.probability_of_loss.value == 1.0
    returns, volatility, drawdown, sharpe = result.summaries
    assert volatility.maximum == 0.0
    assert drawdown.minimum == pytest.approx(growth - 1.0, abs=1e-15)
    assert (sharpe.count, sharpe.undefined_count) == (0, 1_000)
    assert math.isnan(sharpe.mean.value)
    assert returns.minimum == returns.maximum


def test_a_single_day_has_no_volatility_and_no_sharpe_ratio():
    result = run(SimulationSpec(mean=[0.0], covariance=[[1e-4]], weights=[1.0], paths=1_000, horizon_days=1))
    assert [summary.undefined_count for summary in result.summaries] == [0, 1_000, 0, 1_000]


def test_the_fan_shows_the_exact_quantiles(oracles):
    result = run(SimulationSpec(mean=[0.0005], covariance=[[1e-4]], weights=[1.0], paths=50_000, horizon_days=252))
    fan = result.fan
    assert fan.path_count == 16_384
    assert fan.days[0] == 0
    assert fan.days[-1] == 252
    assert len(fan.days) == 65
    assert (fan.wealth[:, 0] == 1.0).all()
    for column in (16, 32, 64):
        law = oracles.NormalDays(0.0005, 0.01, int(fan.days[column]))
        for row, p in enumerate(fan.probabilities):
            exact = law.return_quantile(p)
            error = math.sqrt(p * (1 - p) / fan.path_count) / law.return_density(exact)
            assert abs(fan.wealth[row, column] - 1.0 - exact) <= 4 * error


@pytest.mark.parametrize("horizon", [1, 2, 3, 4, 5, 63, 64, 65, 253])
def test_fan_days_ascend_to_the_horizon(horizon):
    spec = SimulationSpec(mean=[0.0], covariance=[[1e-4]], weights=[1.0], paths=300, horizon_days=horizon)
    result = run(spec)
    assert result.fan.days[-1] == horizon
    assert (np.diff(result.fan.days) > 0).all()
    median = np.median([1.0 + r for r in simulate_chunk(spec, plan_chunks(spec)[0]).results[0]])
    assert result.fan.wealth[3, -1] == pytest.approx(median, rel=1e-15)

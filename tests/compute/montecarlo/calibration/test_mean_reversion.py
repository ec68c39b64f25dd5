"""A common reversion of several assets, against draws of it and against the filter of a single series."""

import math

import numpy as np
import pytest

from riskwave.compute.errors import InputError
from riskwave.compute.montecarlo.calibration import fit_reversion, fit_schwartz_smith

KAPPA, SHARE = 12.0, 0.6


def draw(seed, dates, assets=2, days=1):
    rng = np.random.default_rng(seed)
    decay = math.exp(-KAPPA / 252)
    volatilities = np.array([0.01, 0.03, 0.02])[:assets]
    chi = rng.standard_normal(assets) * volatilities * math.sqrt(SHARE / (1 - decay**2))
    logs = []
    for _ in range(dates * days):
        short, long = rng.standard_normal((2, assets)) * volatilities
        before, chi = chi, decay * chi + math.sqrt(SHARE) * short
        logs.append(chi - before + math.sqrt(1 - SHARE) * long + 2e-4)
    return np.expm1(np.array(logs).reshape(dates, days, assets).sum(axis=1))


def test_it_finds_what_was_drawn_within_its_errors():
    fits = [fit_reversion(draw(seed, 3_000)) for seed in range(8)]
    z = np.array(
        [
            [(fit.kappa - KAPPA) / fit.standard_errors["kappa"] for fit in fits],
            [(fit.transient_share - SHARE) / fit.standard_errors["transient_share"] for fit in fits],
        ]
    )
    assert np.abs(z).max() < 4
    assert (np.abs(z.mean(axis=1)) < 4 / math.sqrt(8)).all()
    np.testing.assert_allclose(fits[0].daily_volatilities, [0.01, 0.03], rtol=0.05)


def test_longer_periods_tell_the_same_days():
    fit = fit_reversion(draw(5, 1_500, days=5), period_days=5.0)
    assert abs(fit.kappa - KAPPA) < 4 * fit.standard_errors["kappa"]
    assert abs(fit.transient_share - SHARE) < 4 * fit.standard_errors["transient_share"]
    np.testing.assert_allclose(fit.daily_volatilities, [0.01, 0.03], rtol=0.08)


def test_one_series_is_that_of_the_filter_of_prices():
    returns = draw(3, 2_000, assets=1)
    fit = fit_reversion(returns)
    prices = np.concatenate([[0.0], np.cumsum(np.log1p(returns[:, 0]))])
    other = fit_schwartz_smith(prices, step_years=1 / 252).parameters
    assert abs(fit.kappa - other.kappa) < 0.1 * fit.standard_errors["kappa"]
    short = -(other.sigma_chi**2) * math.expm1(-2 * other.kappa / 252) / (2 * other.kappa)
    share = short / (short + other.sigma_xi**2 / 252)
    assert abs(fit.transient_share - share) < 0.1 * fit.standard_errors["transient_share"]


def test_what_is_given_stays():
    returns = draw(3, 2_000)
    fit = fit_reversion(returns, kappa=KAPPA)
    assert fit.kappa == KAPPA
    assert math.isnan(fit.standard_errors["kappa"])
    assert abs(fit.transient_share - SHARE) < 4 * fit.standard_errors["transient_share"]
    whole = fit_reversion(returns, kappa=KAPPA, transient_share=SHARE)
    assert (whole.kappa, whole.transient_share) == (KAPPA, SHARE)
    assert whole.log_likelihood <= fit.log_likelihood


def test_at_the_end_of_a_range_only_the_other_number_has_an_error():
    moves = np.diff(np.random.default_rng(4).standard_normal(1_500)) * 0.01
    fit = fit_reversion(np.expm1(moves)[:, None])  # noise around a level: all of it reverts, at once
    assert fit.transient_share == pytest.approx(1.0, abs=1e-3)
    assert math.isnan(fit.standard_errors["transient_share"])
    wandering = np.random.default_rng(5).normal(0.0, 0.01, (1_500, 1))
    assert 0.0 <= fit_reversion(wandering).transient_share <= 1.0


@pytest.mark.parametrize("returns", [np.full((10, 1), 0.1), np.full((30, 1), 0.1), np.full((30, 2), -1.0)])
def test_what_cannot_be_fitted_is_refused(returns):
    with pytest.raises(InputError) as refusal:
        fit_reversion(returns)
    assert refusal.value.field == "history"

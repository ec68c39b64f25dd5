"""The Kalman filter against the dense normal likelihood, published futures prices, and parameters that are known."""

import numpy as np
import pytest
from scipy import stats

from riskwave.compute.errors import InputError, ShapeMismatchError
from riskwave.compute.montecarlo.calibration import (
    SchwartzSmith,
    filter_schwartz_smith,
    fit_schwartz_smith,
    futures_curve,
)
from riskwave.compute.montecarlo.calibration.schwartz_smith import futures_intercepts

# Schwartz and Smith (2000), table 2, futures on crude oil 1990-1995; as kept in the R package NFCP.
OIL = SchwartzSmith(1.49, 0.286, 0.145, 0.3, mu=-0.0125, mu_star=0.0115, lambda_chi=0.157)
ENRON = SchwartzSmith(1.19, 0.158, 0.115, 0.189, mu=0.0300875, mu_star=0.0161, lambda_chi=0.014)
MATURITIES = np.array([1, 5, 9, 13, 17]) / 12
NOISE = np.array([0.042, 0.006, 0.003, 0.001, 0.004])


def simulated(parameters, count, step, maturities, noise, seed):
    rng = np.random.default_rng(seed)
    p, decay = parameters, np.exp(-parameters.kappa * step)
    cross = p.rho * p.sigma_chi * p.sigma_xi * (1 - decay) / p.kappa
    root = np.linalg.cholesky([[p.sigma_chi**2 * (1 - decay**2) / (2 * p.kappa), cross], [cross, p.sigma_xi**2 * step]])
    chi, xi, rows = 0.0, 3.0, []
    for _ in range(count):
        shock = root @ rng.standard_normal(2)
        chi, xi = decay * chi + shock[0], xi + p.mu * step + shock[1]
        model = np.exp(-p.kappa * maturities) * chi + xi + futures_intercepts(p, maturities)
        rows.append(model + noise * rng.standard_normal(len(maturities)))
    return np.array(rows)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (ENRON, [19.609223, 19.428934, 18.796292, 18.439521, 18.367467, 19.438611, 21.280284]),
        (OIL, [19.609223, 19.213791, 17.888709, 17.179297, 16.922880, 17.883756, 19.527379]),
    ],
)
def test_futures_prices_are_the_published_ones(parameters, expected):
    curve = futures_curve(parameters, 0.119, 2.857, [0, 1 / 12, 0.5, 1, 2, 5, 9])
    np.testing.assert_allclose(curve, expected, atol=6e-7)


def test_the_filter_has_the_likelihood_of_one_large_normal_vector():
    step, count = 1 / 12, 12
    prices = simulated(OIL, count, step, MATURITIES, NOISE, 1)
    prices[3, 1] = prices[7] = np.nan
    total, states = filter_schwartz_smith(prices, MATURITIES, step, OIL, NOISE)
    # Mean and covariance of the states of all dates, stacked, from the transition alone.
    decay = np.exp(-OIL.kappa * step)
    stationary = OIL.sigma_chi**2 / (2 * OIL.kappa)
    cross = OIL.rho * OIL.sigma_chi * OIL.sigma_xi / OIL.kappa * (1 - decay)
    noise = np.array([[stationary * (1 - decay**2), cross], [cross, OIL.sigma_xi**2 * step]])
    move = np.diag([decay, 1.0])
    variance, mean = np.diag([stationary, 1.0]), np.array([0.0, prices[0, 0]])
    means, blocks = [], {}
    for date in range(count):
        if date:
            variance, mean = move @ variance @ move + noise, move @ mean + [0, OIL.mu * step]
        means.append(mean)
        for later in range(date, count):
            blocks[later, date] = np.linalg.matrix_power(move, later - date) @ variance
    covariance = np.block([
        [blocks[i, j] if i >= j else blocks[j, i].T for j in range(count)] for i in range(count)
    ])  # fmt: skip
    rows = np.kron(np.eye(count), np.column_stack([np.exp(-OIL.kappa * MATURITIES), np.ones(5)]))
    centre = rows @ np.concatenate(means) + np.tile(futures_intercepts(OIL, MATURITIES), count)
    spread = rows @ covariance @ rows.T + np.diag(np.tile(NOISE**2, count))
    seen = np.isfinite(prices.ravel())
    dense = stats.multivariate_normal(centre[seen], spread[np.ix_(seen, seen)]).logpdf(prices.ravel()[seen])
    assert total == pytest.approx(dense, rel=1e-9)
    # The last filtered state is the conditional mean of that vector.
    weights = np.linalg.solve(spread[np.ix_(seen, seen)], prices.ravel()[seen] - centre[seen])
    last = (np.concatenate(means) + covariance @ rows[seen].T @ weights)[-2:]
    np.testing.assert_allclose(states[-1], last, rtol=1e-8, atol=1e-10)


def test_futures_give_the_parameters_back_within_their_errors():
    prices = simulated(OIL, 260, 1 / 52, MATURITIES, NOISE, 0)
    fit = fit_schwartz_smith(prices, step_years=1 / 52, maturities_years=MATURITIES)
    for name, error in fit.standard_errors.items():
        assert abs(getattr(fit.parameters, name) - getattr(OIL, name)) < 4 * error, name
    np.testing.assert_allclose(fit.measurement_errors[:2], NOISE[:2], rtol=0.3)
    at_truth = filter_schwartz_smith(prices, MATURITIES, 1 / 52, OIL, NOISE)[0]
    assert fit.log_likelihood > at_truth
    assert fit.log_likelihood - at_truth < 20  # half a chi-square of 12 parameters


def test_a_spot_series_gives_what_it_can():
    truth = SchwartzSmith(2.0, 0.35, 0.12, 0.0, mu=0.03)
    spot = simulated(truth, 600, 1 / 12, np.zeros(1), np.zeros(1), 3)[:, 0]
    fit = fit_schwartz_smith(spot, step_years=1 / 12)
    for name in ("kappa", "sigma_chi", "sigma_xi", "mu"):
        assert abs(getattr(fit.parameters, name) - getattr(truth, name)) < 4 * fit.standard_errors[name], name
    assert (fit.parameters.rho, fit.parameters.mu_star) == (0.0, 0.0)
    np.testing.assert_allclose(fit.chi + fit.xi, spot, atol=1e-9)


def test_bad_prices_are_refused():
    with pytest.raises(ShapeMismatchError):
        fit_schwartz_smith(np.zeros((50, 2)), step_years=1 / 12)
    with pytest.raises(InputError):
        fit_schwartz_smith(np.zeros(10), step_years=1 / 12)
    with pytest.raises(InputError):
        fit_schwartz_smith(np.zeros(50), step_years=1 / 12)
    with pytest.raises(InputError):
        fit_schwartz_smith(np.arange(50.0), step_years=0.0)
    with pytest.raises(InputError):
        fit_schwartz_smith(np.arange(50.0), step_years=1 / 12, maturities_years=[-1.0])

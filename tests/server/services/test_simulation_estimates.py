"""Laws and parameters that the server estimates from stored prices, and what it says of them."""

import numpy as np
import pytest

from riskwave.compute import montecarlo
from riskwave.compute.montecarlo.calibration import fit_reversion, fit_student_t
from riskwave.v1 import risk_service_pb2, risk_service_pb2_grpc, simulation_service_pb2_grpc
from riskwave.v1 import simulation_service_pb2 as pb
from riskwave.v1.codec import decode_array, encode_params


@pytest.fixture
def stub(channel):
    return simulation_service_pb2_grpc.SimulationServiceStub(channel)


@pytest.fixture
def history(channel):
    """Return the returns of one stored symbol."""
    risk = risk_service_pb2_grpc.RiskServiceStub(channel)

    def read(symbol):
        request = risk_service_pb2.AnalyzePortfolioRequest(data=portfolio_of(symbol))
        return decode_array(risk.AnalyzePortfolio(request).report.returns, "returns")

    return read


def portfolio_of(*symbols):
    start = "2000-01-01" if "GOLD" in symbols else "2021-01-01"
    holdings = {"symbols": symbols, "weights": [1 / len(symbols)] * len(symbols)}
    return {"holdings": holdings, "start_date": start}


def simulate(stub, model, *symbols, **params):
    spec = {
        "portfolio": portfolio_of(*symbols),
        "paths": 2_000,
        "seed": 1,
        "model": model,
        "params": encode_params(params),
    }
    answer = stub.Simulate(pb.SimulateRequest(spec=spec))
    told = [one for one in answer.meta.warnings if one.code == montecarlo.PARAMETERS_ESTIMATED]
    return answer, {one.field: one.message for one in told}


def run(model, mean, covariance, **params):
    spec = montecarlo.SimulationSpec(
        mean=np.array([mean]),
        covariance=np.array([[covariance]]),
        weights=np.ones(1),
        paths=2_000,
        seed=1,
        model=model,
        params=params,
    )
    return montecarlo.run(spec)


def test_the_degrees_of_freedom_are_estimated(stub, history):
    returns = history("WTI")
    fit = fit_student_t(returns / returns.std())
    answer, told = simulate(stub, "student_t", "WTI")
    assert f"degrees = {fit.degrees:.4g} (standard error" in told["spec.params"]
    expected = run("student_t", returns.mean(), returns.var(ddof=1), degrees=fit.degrees).statistics
    found = answer.result.statistics
    assert found.mean_return.value == pytest.approx(expected.mean_return.value, rel=1e-6)
    assert found.cvar_1.value == pytest.approx(expected.cvar_1.value, rel=1e-6)


def test_given_degrees_stay(stub):
    answer, told = simulate(stub, "student_t", "WTI", degrees=4.0)
    assert list(told) == ["spec.portfolio.holdings"]
    assert f"from {answer.meta.prices[0].row_count - 1} returns: WTI " in told["spec.portfolio.holdings"]


def test_many_assets_share_their_degrees(stub):
    _answer, told = simulate(stub, "student_t", "WTI", "BRENT")
    assert "of the sum" not in told["spec.params"]
    assert "BRENT" in told["spec.portfolio.holdings"]


@pytest.mark.parametrize(("symbol", "days"), [("WTI", 1.0), ("GOLD", 21.0)])
def test_the_reversion_is_estimated_from_days_and_from_months(stub, history, symbol, days):
    returns = history(symbol)
    fit = fit_reversion(returns, period_days=days)
    answer, told = simulate(stub, "schwartz_smith", symbol)
    assert f"kappa = {fit.kappa:.4g}" in told["spec.params"]
    assert f"transient_share = {fit.transient_share:.4g}" in told["spec.params"]
    # What the horizon's variance must be: that of the observed periods, with the part that reverts in between.
    decay = 2 * fit.kappa / 252
    variances = [
        fit.transient_share * np.expm1(-decay * length) / np.expm1(-decay) + (1 - fit.transient_share) * length
        for length in (days, 252.0)
    ]
    log_variance = np.log1p(returns.var(ddof=1) / (1 + returns.mean()) ** 2) * variances[1] / variances[0]
    ends = (1 + returns.mean()) ** (252 / days)
    found = answer.result.statistics
    assert abs(found.mean_return.value - (ends - 1)) < 4 * found.mean_return.standard_error
    spread = ends * np.sqrt(np.expm1(log_variance))
    assert abs(found.std_return.value - spread) < 4 * found.std_return.standard_error


def test_one_of_two_may_be_given(stub):
    _answer, told = simulate(stub, "schwartz_smith", "WTI", kappa=2.0)
    assert told["spec.params"].startswith("transient_share = ")
    _answer, told = simulate(stub, "schwartz_smith", "WTI", kappa=2.0, transient_share=0.4)
    assert "spec.params" not in told


def test_months_tell_lognormal_days(stub, history):
    returns = history("GOLD")
    answer, _told = simulate(stub, "gbm", "GOLD")
    ends = (1 + returns.mean()) ** 12
    spread = ends * np.sqrt(np.expm1(12 * np.log1p(returns.var(ddof=1) / (1 + returns.mean()) ** 2)))
    found = answer.result.statistics
    assert abs(found.mean_return.value - (ends - 1)) < 4 * found.mean_return.standard_error
    assert abs(found.std_return.value - spread) < 4 * found.std_return.standard_error


@pytest.mark.parametrize(
    ("model", "code", "words"),
    [
        ("garch_fhs", "PARAMETERS_ESTIMATED", "omega, alpha and beta"),
        ("t_copula", "PARAMETERS_ESTIMATED", "degrees = "),
        ("bootstrap", "BLOCK_LENGTH_CHOSEN", "mean block length"),
        ("normal", "PARAMETERS_ESTIMATED", "mean and volatility of a day"),
        ("gbm", "PARAMETERS_ESTIMATED", "mean and volatility of a day"),
        ("bates", "JUMPS_ADDED", "without jumps"),
        ("merton", "JUMPS_ADDED", "without jumps"),
    ],
)
def test_every_answer_tells_what_was_estimated(stub, model, code, words):
    answer, _told = simulate(stub, model, "WTI", "BRENT")
    assert any(one.code == code and words in one.message for one in answer.meta.warnings)


def test_what_is_out_of_range_is_refused_before_anything_is_estimated(stub, refused):
    spec = {"portfolio": portfolio_of("WTI"), "paths": 100, "model": "schwartz_smith"}
    for params, field in [({"kappa": -1.0}, "spec.params.kappa"), ({"speed": 1.0}, "spec.params")]:
        refusal = refused(stub.Simulate, pb.SimulateRequest(spec=spec | {"params": encode_params(params)}))
        assert list(refusal.violations) == [field]


def test_prices_below_nothing_have_no_reversion(stub, refused):
    portfolio = portfolio_of("WTI") | {"start_date": "2020-01-01"}
    refusal = refused(
        stub.Simulate, pb.SimulateRequest(spec={"portfolio": portfolio, "paths": 100, "model": "schwartz_smith"})
    )
    assert list(refusal.violations) == ["spec.portfolio.holdings"]
    assert "was a return of -3.0" in refusal.message
    assert " of WTI on 2020-04-20; it must be above -1" in refusal.message


def test_a_day_that_lost_everything_is_told_with_its_date(stub):
    spec = {"portfolio": portfolio_of("WTI") | {"start_date": "2020-04-01", "end_date": "2020-12-31"}, "paths": 100}
    answer = stub.Simulate(pb.SimulateRequest(spec=spec | {"model": "bootstrap", "horizon_days": 5}))
    told = [one.message for one in answer.meta.warnings if one.code == "RETURN_BELOW_MINUS_ONE"]
    assert len(told) == 1
    assert "(2020-04-20) the portfolio lost 3.0" in told[0]

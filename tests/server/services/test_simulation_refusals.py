"""What cannot be simulated or priced, over a real socket: the field, the value, and what would be right."""

import grpc
import numpy as np
import pytest

from riskwave.v1 import simulation_pb2, simulation_service_pb2_grpc
from riskwave.v1 import simulation_service_pb2 as pb
from riskwave.v1.codec import encode_array, encode_params

ANTITHETIC, SOBOL = simulation_pb2.SAMPLING_ANTITHETIC, simulation_pb2.SAMPLING_SOBOL


@pytest.fixture(scope="module")
def stub(channel):
    return simulation_service_pb2_grpc.SimulationServiceStub(channel)


def portfolio(covariance=((1e-4, 0.0), (0.0, 4e-4)), weights=(0.5, 0.5), **fields):
    given = {"paths": 1_000, "seed": 1, "horizon_days": 10} | fields
    assets = simulation_pb2.InlineAssets(
        mean=[0.0] * len(covariance), covariance=encode_array(np.array(covariance)), weights=weights
    )
    return simulation_pb2.SimulationSpec(inline_assets=assets, **given)


def derivative(model="gbm", payoff="european", model_params=None, payoff_params=None, **fields):
    return pb.PriceDerivativeRequest(
        model=model,
        payoff=payoff,
        model_params=encode_params({"volatility": 0.2} if model_params is None else model_params),
        payoff_params=encode_params({"strike": 100.0} if payoff_params is None else payoff_params),
        **({"spots": [100.0], "maturity_years": 1.0, "paths": 1_024, "seed": 1} | fields),
    )


PORTFOLIOS = {
    "covariance not semi-definite": (
        portfolio(covariance=((1e-4, 2e-4), (2e-4, 1e-4))),
        "inline_assets.covariance",
        "eigenvalue -0.0001",
        "positive semi-definite",
    ),
    "negative variance": (
        portfolio(covariance=((-1e-4, 0.0), (0.0, 1e-4))),
        "inline_assets.covariance[0, 0]",
        "-0.0001",
        ">= 0",
    ),
    "one path": (portfolio(paths=1), "paths", "was 1;", "from 2 to 1000000000"),
    "odd antithetic paths": (portfolio(paths=999, sampling=ANTITHETIC), "paths", "999", "even"),
    "Sobol paths": (portfolio(paths=1_000, sampling=SOBOL), "paths", "1000", "such as 1024"),
    "Sobol model": (portfolio(model="student_t", sampling=SOBOL), "sampling", "sobol", "goes with gbm, normal"),
    "unknown model": (portfolio(model="nomal"), "model", "nomal", "normal"),
    "no days": (portfolio(horizon_days=-1), "horizon_days", "-1", "from 1 to 10000"),
    "unknown mode": (portfolio(mode=9), "mode", "9", "enumeration"),
    "mode that the model has not": (
        portfolio(model="gbm", mode=simulation_pb2.SIMULATION_MODE_COLLAPSED),
        "mode",
        "collapsed",
        "full",
    ),
    "history": (portfolio(model="bootstrap"), "portfolio", "missing", "given for the model bootstrap"),
    "parameter": (
        portfolio(model="student_t", params=encode_params({"degrees": 1.0})),
        "params.degrees",
        "1.0",
        "from 2.1 to 10000",
    ),
}


@pytest.mark.parametrize("name", PORTFOLIOS)
def test_a_portfolio_that_cannot_be_is_refused(name, stub, refused):
    spec, field, value, allowed = PORTFOLIOS[name]
    for method, kind in (
        (stub.Simulate, pb.SimulateRequest),
        (stub.EstimateSimulation, pb.EstimateSimulationRequest),
        (lambda request, **options: list(stub.StreamSimulation(request, **options)), pb.StreamSimulationRequest),
    ):
        refusal = refused(method, kind(spec=spec))
        assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
        assert list(refusal.violations) == [f"spec.{field}"]
        assert value in refusal.message
        assert allowed in refusal.message


ODD = [[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]]
PRICES = {
    "correlation not semi-definite": (
        derivative(payoff="basket", spots=[100.0] * 3, correlation=encode_array(np.array(ODD))),
        "correlation",
        "eigenvalue -0.8",
        "positive semi-definite",
    ),
    "negative volatility": (derivative(model_params={"volatility": -0.1}), "model_params.volatility", "-0.1", "from 0"),
    "barrier already hit": (
        derivative(payoff="barrier", payoff_params={"strike": 100.0, "barrier": 100.0}),
        "payoff_params.barrier",
        "100",
        "reached already",
    ),
    "pair": (derivative(model="heston", model_params={}, payoff="american"), "model", "heston", "gbm, kou, merton"),
    "unknown model": (derivative(model="hestan"), "model", "hestan", "heston"),
    "unknown payoff": (derivative(payoff="asien"), "payoff", "asien", "asian"),
    "one path": (derivative(paths=1), "paths", "was 1;", "from 2"),
    "odd antithetic paths": (derivative(paths=999, sampling=ANTITHETIC), "paths", "999", "even"),
    "Sobol coordinates": (
        derivative(sampling=SOBOL, step_count=10_000, model="bates", model_params={}),
        "step_count",
        "10000",
        "at most 5300",
    ),
    "fixing times": (
        derivative(payoff="asian", payoff_params={"strike": 100.0, "fixing_times": [0.5, 0.25]}),
        "payoff_params.fixing_times[1]",
        "0.25",
        "ascending",
    ),
    "maturity": (derivative(maturity_years=-1.0), "maturity_years", "-1.0", "from 0 to 100"),
}


@pytest.mark.parametrize("name", PRICES)
def test_a_price_that_cannot_be_is_refused(name, stub, refused):
    request, field, value, allowed = PRICES[name]
    refusal = refused(stub.PriceDerivative, request)
    assert refusal.code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(refusal.violations) == [field]
    assert value in refusal.message
    assert allowed in refusal.message


def test_what_is_allowed_at_the_edge_is_exact(stub):
    """No volatility and no time left are answers, not errors."""
    still = stub.PriceDerivative(derivative(model_params={"volatility": 0.0}, risk_free_rate=0.05))
    assert (still.price.value, still.price.standard_error) == (
        pytest.approx(100.0 - 100.0 * np.exp(-0.05), rel=1e-12),
        0.0,
    )
    now = stub.PriceDerivative(derivative(maturity_years=0.0, payoff_params={"strike": 90.0}))
    assert (now.price.value, now.price.standard_error) == (pytest.approx(10.0, rel=1e-12), 0.0)
    motionless = stub.Simulate(pb.SimulateRequest(spec=portfolio(covariance=((0.0, 0.0), (0.0, 0.0))))).result
    assert (motionless.statistics.mean_return.value, motionless.statistics.std_return.value) == (0.0, 0.0)


def test_a_broken_feller_condition_is_reported(stub):
    params = {"kappa": 1.0, "theta": 0.04, "vol_of_vol": 1.0}
    warned = stub.PriceDerivative(derivative(model="heston", model_params=params)).meta.warnings
    found = [(one.code, one.field) for one in warned if one.code != "KERNEL_COMPILED"]
    assert found == [("FELLER_CONDITION_BROKEN", "model_params")]


def test_more_memory_than_allowed_is_refused_with_the_number_that_fits(start_server, refused):
    limits = {"simulation_memory_bytes": 256 << 20}
    with start_server(limits=limits) as thread, grpc.insecure_channel(thread.server.address) as channel:
        stub = simulation_service_pb2_grpc.SimulationServiceStub(channel)
        refusal = refused(stub.Simulate, pb.SimulateRequest(spec=portfolio(paths=5_000_000)))
        assert (refusal.reason, list(refusal.violations)) == ("REQUEST_TOO_LARGE", ["spec.paths"])
        assert "was 5000000; it must be at most 2069845 " in refusal.message
        assert "256 MB" in refusal.message

import math
import time

import grpc
import numpy as np
import pytest

from riskwave.compute import montecarlo
from riskwave.compute.montecarlo import pricing
from riskwave.compute.montecarlo.pricing.cost import price_digest
from riskwave.v1 import simulation_pb2, simulation_service_pb2_grpc, system_service_pb2, system_service_pb2_grpc
from riskwave.v1 import simulation_service_pb2 as pb
from riskwave.v1.codec import encode_array, encode_params


@pytest.fixture
def stub(channel):
    return simulation_service_pb2_grpc.SimulationServiceStub(channel)


def make_request(**fields) -> pb.PriceDerivativeRequest:
    given = {
        "model": "gbm",
        "model_params": {"volatility": 0.2},
        "payoff": "european",
        "payoff_params": {"strike": 100.0},
        "spots": [100.0],
        "risk_free_rate": 0.05,
        "maturity_years": 1.0,
        "paths": 20_000,
        "seed": 7,
    } | fields
    for name in ("model_params", "payoff_params"):
        given[name] = encode_params(given[name])
    return pb.PriceDerivativeRequest(**given)


def direct(**fields) -> pricing.PriceResult:
    given = {
        "payoff": "european",
        "payoff_params": {"strike": 100.0},
        "spot": 100.0,
        "volatility": 0.2,
        "risk_free_rate": 0.05,
        "maturity_years": 1.0,
        "paths": 20_000,
        "seed": 7,
    } | fields
    return pricing.price(pricing.PricingSpec(**given))


def test_the_answer_is_the_kernels(stub) -> None:
    answer = stub.PriceDerivative(make_request(greeks=["delta", "vega"]))
    expected = direct(greeks=("delta", "vega"))
    assert answer.meta.digest == price_digest(expected)
    assert (answer.price.value, answer.price.standard_error) == (expected.price.value, expected.price.standard_error)
    # Black-Scholes (1973): 10.4506 for these inputs, in every textbook.
    assert answer.exact_price == pytest.approx(10.450583572185565, rel=1e-12)
    assert abs(answer.price.value - answer.exact_price) < 4 * answer.price.standard_error
    assert [(one.name, one.underlying_index) for one in answer.greeks] == [("delta", -1), ("vega", -1)]
    delta = answer.greeks[0].estimate
    assert abs(delta.value - 0.6368306511756191) < 4 * delta.standard_error
    assert (answer.path_count, answer.meta.seed, answer.meta.kernel) == (20_000, 7, "pricing.gbm.european")


def test_one_volatility_an_underlying(stub) -> None:
    correlation = [[1.0, 0.5], [0.5, 1.0]]
    answer = stub.PriceDerivative(
        make_request(
            payoff="basket",
            spots=[100.0, 90.0],
            model_params={"volatility": [0.2, 0.3]},
            payoff_params={"strike": 95.0, "weights": [0.5, 0.5]},
            correlation=encode_array(correlation),
            greeks=["delta"],
        )
    )
    expected = direct(
        payoff="basket",
        spot=(100.0, 90.0),
        volatility=(0.2, 0.3),
        payoff_params={"strike": 95.0},
        weights=(0.5, 0.5),
        correlation=np.array(correlation),
        greeks=("delta",),
    )
    assert answer.meta.digest == price_digest(expected)
    assert [(one.name, one.underlying_index) for one in answer.greeks] == [("delta", 0), ("delta", 1)]


def test_a_wanted_precision_stops_at_a_boundary_fixed_in_advance(stub) -> None:
    request = make_request(paths=5_000_000, target_standard_error=0.05)
    answers = [stub.PriceDerivative(request) for _ in range(2)]
    assert answers[0].meta.digest == answers[1].meta.digest
    assert answers[0].price.standard_error <= 0.05
    assert answers[0].path_count in pricing.boundaries(pricing.PricingSpec(**_spec(5_000_000, 0.05)))[:-1]
    assert answers[0].meta.digest == price_digest(pricing.price(pricing.PricingSpec(**_spec(5_000_000, 0.05))))


def _spec(paths: int, target_se: float) -> dict:
    return {
        "payoff": "european",
        "payoff_params": {"strike": 100.0},
        "spot": 100.0,
        "volatility": 0.2,
        "risk_free_rate": 0.05,
        "maturity_years": 1.0,
        "paths": paths,
        "seed": 7,
        "target_se": target_se,
    }


BAD = {
    "model": ({"model": ""}, "model", "gbm"),
    "unknown model": ({"model": "gbn"}, "model", "gbm"),
    "payoff": ({"payoff": ""}, "payoff", "european"),
    "unknown payoff": ({"payoff": "europaen"}, "payoff", "european"),
    "no spot": ({"spots": []}, "spots", "one price"),
    "negative spot": ({"spots": [-1.0]}, "spots", ""),
    "no volatility": ({"model_params": {}}, "model_params.volatility", ""),
    "negative volatility": ({"model_params": {"volatility": -0.1}}, "model_params.volatility", ""),
    "a word for a volatility": ({"model_params": {"volatility": "high"}}, "model_params.volatility", "number"),
    "unknown parameter": ({"model_params": {"volatility": 0.2, "sigma": 0.2}}, "model_params", ""),
    "unknown payoff parameter": ({"payoff_params": {"strik": 1.0}}, "payoff_params", "strike"),
    "one path": ({"paths": 1}, "paths", "2"),
    "too many paths": ({"paths": 10**13}, "paths", "1000000000"),
    "odd antithetic": ({"paths": 1001, "sampling": simulation_pb2.SAMPLING_ANTITHETIC}, "paths", "even"),
    "maturity": ({"maturity_years": -1.0}, "maturity_years", ""),
    "greek": ({"greeks": ["speed"]}, "greeks", "delta"),
    "scrambles": ({"scramble_count": 3}, "scramble_count", "32"),
    "barrier hit": (
        {"payoff": "barrier", "payoff_params": {"strike": 100.0, "barrier": 90.0, "type": "up_and_out"}},
        "payoff_params.barrier",
        "",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_priced_is_refused_by_the_requests_own_name(name: str, stub, refused) -> None:
    fields, field, hint = BAD[name]
    refusal = refused(stub.PriceDerivative, make_request(**fields))
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT
    assert list(refusal.violations) == [field]
    assert hint in refusal.message


def test_maturity_now_pays_what_the_spot_pays(stub) -> None:
    answer = stub.PriceDerivative(make_request(maturity_years=0.0, payoff_params={"strike": 90.0}))
    assert (answer.price.value, answer.exact_price) == (pytest.approx(10.0), pytest.approx(10.0))
    assert math.isclose(answer.price.standard_error, 0.0, abs_tol=1e-12)


def test_the_list_has_every_model_and_payoff_and_which_go_together(stub) -> None:
    answer = stub.ListModels(pb.ListModelsRequest())
    models = {model.name: model for model in answer.models}
    assert {name for name, model in models.items() if model.payoffs} == set(pricing.PRICING_MODELS.names())
    assert {name for name, model in models.items() if model.simulates_portfolios} == set(montecarlo.MODELS.names())
    assert len(models) == len(answer.models)
    assert [payoff.name for payoff in answer.payoffs] == list(pricing.PAYOFFS.names())
    for payoff in pricing.PAYOFFS:
        assert {name for name, model in models.items() if payoff.name in model.payoffs} == set(payoff.models)
    for model in answer.models:
        names = [parameter.name for parameter in model.parameters]
        assert len(names) == len(set(names)), model.name
    volatility = next(one for one in models["gbm"].parameters if one.name == "volatility")
    assert volatility.default_value.WhichOneof("value") is None


def test_the_listing_tells_which_parameters_are_for_prices_and_which_for_portfolios(stub) -> None:
    for model in stub.ListModels(pb.ListModelsRequest()).models:
        names = {one.name for one in model.parameters}
        assert names == {*model.portfolio_parameters, *model.price_parameters}
        if model.name in montecarlo.MODELS.names():
            own = [one.name for one in montecarlo.MODELS.get(model.name).params]
            assert list(model.portfolio_parameters) == own
        else:
            assert not model.portfolio_parameters
        assert bool(model.payoffs) >= bool(model.price_parameters)
        if model.name == "gbm":
            assert list(model.price_parameters)[:2] == ["volatility", "dividend_yield"]


def make_stream(**fields) -> pb.StreamPriceRequest:
    return pb.StreamPriceRequest(derivative=make_request(**fields), min_interval={"nanos": 50_000_000})


@pytest.mark.parametrize("target", [0.0, 0.01])
def test_a_price_converges_while_one_watches_to_what_is_returned_at_once(stub, target: float) -> None:
    fields = {"paths": 20_000_000, "step_count": 1, "greeks": ["delta"], "target_standard_error": target}
    whole = stub.PriceDerivative(make_request(**fields))
    *before, last = stub.StreamPrice(make_stream(**fields))
    assert last.final
    assert not any(one.final for one in before)
    assert last.result.meta.digest == whole.meta.digest
    for one in (last.result, whole):
        one.meta.Clear()
    assert last.result == whole
    assert last.progress.time_left.ToTimedelta().total_seconds() == 0
    assert last.progress.paths_total == 20_000_000
    assert last.progress.paths_per_second > 0
    if not target:
        assert before
        assert last.progress.paths_done == 20_000_000


def test_estimates_on_the_way_are_prices_of_the_first_paths(stub) -> None:
    *before, last = stub.StreamPrice(make_stream(paths=20_000_000, greeks=["delta"]))
    counts = [one.result.path_count for one in (*before, last)]
    assert counts == sorted(set(counts))
    first = before[0].result
    assert (first.meta.digest, first.meta.seed, first.meta.kernel) == ("", 7, "pricing.gbm.european")
    assert abs(first.price.value - first.exact_price) < 4 * first.price.standard_error
    assert first.price.standard_error > last.result.price.standard_error > 0
    expected = direct(paths=first.path_count, greeks=("delta",))
    assert first.price.value == pytest.approx(expected.price.value, rel=1e-12)
    assert first.greeks[0].estimate.value == pytest.approx(expected.greeks["delta"].value, rel=1e-12)
    assert before[0].progress.time_left.ToTimedelta().total_seconds() > 0
    assert before[0].progress.paths_done >= first.path_count
    times = [one.result.meta.compute_duration.ToNanoseconds() for one in (*before, last)]
    assert times == sorted(times)
    assert times[0] > 0


def test_a_price_that_is_stopped_stops_the_work(stub, channel) -> None:
    stream = stub.StreamPrice(make_stream(paths=1_000_000_000))
    first = next(stream)
    stream.cancel()
    assert not first.final
    assert 0 < first.result.path_count < 1_000_000_000
    statistics = system_service_pb2_grpc.SystemServiceStub(channel)
    deadline = time.monotonic() + 10

    def active() -> int:
        methods = statistics.GetStatistics(system_service_pb2.GetStatisticsRequest()).methods
        return sum(one.active_count for one in methods if one.method.endswith("/StreamPrice"))

    while active():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_priced_is_refused_where_the_stream_has_it(name: str, stub, refused) -> None:
    fields, field, hint = BAD[name]
    refusal = refused(lambda request, **options: list(stub.StreamPrice(request, **options)), make_stream(**fields))
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT
    assert list(refusal.violations) == [f"derivative.{field}"]
    assert hint in refusal.message


def test_the_time_between_two_estimates_has_a_least(stub, refused) -> None:
    request = pb.StreamPriceRequest(derivative=make_request(), min_interval={"nanos": 1_000_000})
    refusal = refused(lambda request, **options: list(stub.StreamPrice(request, **options)), request)
    assert list(refusal.violations) == ["min_interval"]
    assert "at least 0.05 s" in refusal.message


def test_a_part_of_a_derivative_that_contradicts_itself_is_named_where_the_stream_has_it(stub, refused) -> None:
    request = make_stream(spots=[100.0, 90.0])
    request.derivative.correlation.shape.extend([2, 2])
    refusal = refused(lambda request, **options: list(stub.StreamPrice(request, **options)), request)
    assert (refusal.reason, list(refusal.violations)) == ("SHAPE_MISMATCH", ["derivative.correlation.shape"])

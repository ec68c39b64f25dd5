import numpy as np
import pytest

from riskwave.compute import montecarlo
from riskwave.compute.montecarlo import pricing
from riskwave.v1 import meta_pb2, risk_service_pb2, risk_service_pb2_grpc, simulation_service_pb2_grpc
from riskwave.v1 import simulation_pb2 as spec_pb
from riskwave.v1 import simulation_service_pb2 as pb
from riskwave.v1.codec import decode_array, decode_named_arrays, encode_array, read


@pytest.fixture
def stub(channel):
    return simulation_service_pb2_grpc.SimulationServiceStub(channel)


def make_spec(paths=20_000, mean=(0.0005,), covariance=((1e-4,),), weights=(1.0,), **fields) -> spec_pb.SimulationSpec:
    assets = spec_pb.InlineAssets(mean=mean, covariance=encode_array(covariance), weights=weights)
    return spec_pb.SimulationSpec(**({"inline_assets": assets, "paths": paths, "seed": 7} | fields))


def direct(**fields) -> montecarlo.SimulationResult:
    given = {"mean": [0.0005], "covariance": [[1e-4]], "weights": [1.0], "paths": 20_000, "seed": 7}
    return montecarlo.run(
        montecarlo.SimulationSpec(
            **{name: np.array(value) if isinstance(value, list) else value for name, value in (given | fields).items()}
        )
    )


def test_the_answer_is_the_kernels(stub) -> None:
    answer = stub.Simulate(pb.SimulateRequest(spec=make_spec(tail_probabilities=[0.1], return_thresholds=[-0.2])))
    expected = direct(tail_probabilities=(0.1,), return_thresholds=(-0.2,))
    assert answer.meta.digest == montecarlo.digest(expected)
    for name in ("mean_return", "median_return", "std_return", "var_5", "var_1", "cvar_5", "probability_of_loss"):
        got, want = getattr(answer.result.statistics, name), getattr(expected.statistics, name)
        assert (got.value, got.standard_error, got.low, got.high) == (
            want.value,
            want.standard_error,
            want.low,
            want.high,
        )
    assert [summary.name for summary in answer.result.summaries] == list(montecarlo.RESULTS)
    assert sum(answer.result.summaries[0].histogram.counts) == 20_000
    assert [tail.probability for tail in answer.result.tails] == [0.05, 0.01, 0.1]
    assert answer.result.thresholds[0].threshold == -0.2
    np.testing.assert_array_equal(decode_array(answer.result.fan.wealth, "wealth"), expected.fan.wealth)
    assert (answer.result.num_simulations, answer.result.time_horizon_days) == (20_000, 252)
    assert (answer.meta.seed, answer.meta.placement, answer.meta.kernel) == (7, 1, "montecarlo.normal")


def test_a_seed_is_drawn_and_told(stub) -> None:
    request = pb.SimulateRequest(spec=make_spec(paths=100))
    request.spec.ClearField("seed")
    first, second = stub.Simulate(request), stub.Simulate(request)
    assert first.meta.seed != second.meta.seed
    request.spec.seed = first.meta.seed
    assert stub.Simulate(request).meta.digest == first.meta.digest


def test_every_path_when_asked_for(stub) -> None:
    answer = stub.Simulate(pb.SimulateRequest(spec=make_spec(distributions=True)))
    arrays = decode_named_arrays(answer.result.distributions, "distributions")
    for name, values in direct(distributions=True).distributions.items():
        np.testing.assert_array_equal(arrays[name], values)


def test_estimates_converge_while_one_watches(stub) -> None:
    request = pb.StreamSimulationRequest(spec=make_spec(paths=600_000), min_interval={"nanos": 50_000_000})
    answers = list(stub.StreamSimulation(request))
    assert [answer.final for answer in answers] == [False] * (len(answers) - 1) + [True]
    done = [answer.result.num_simulations for answer in answers]
    assert done == sorted(done)
    assert done[-1] == 600_000
    errors = [answer.result.statistics.mean_return.standard_error for answer in answers]
    assert errors[-1] == min(errors)
    assert answers[-1].progress.paths_total == 600_000
    assert answers[-1].meta.digest == stub.Simulate(pb.SimulateRequest(spec=request.spec)).meta.digest


def test_distributions_come_in_pieces_of_a_stream(stub) -> None:
    request = pb.StreamSimulationRequest(spec=make_spec(paths=200_000, distributions=True))
    received = {name: np.full(200_000, np.nan) for name in montecarlo.RESULTS}
    for answer in stub.StreamSimulation(request):
        if answer.HasField("distribution_chunk"):
            chunk = answer.distribution_chunk
            values = read(chunk.values, "values")
            assert chunk.total_count == 200_000
            received[chunk.name][chunk.offset : chunk.offset + len(values)] = values
    for name, values in direct(paths=200_000, distributions=True).distributions.items():
        np.testing.assert_array_equal(received[name], values)


def test_cost_is_told_beforehand(stub) -> None:
    cost = stub.EstimateSimulation(pb.EstimateSimulationRequest(spec=make_spec(paths=1_000_000)))
    assert cost.path_step_count == 252_000_000
    assert cost.chunk_count > 1
    assert cost.duration.ToTimedelta().total_seconds() > 0.05
    assert cost.placement == meta_pb2.PLACEMENT_SERVER


def test_a_portfolio_of_stored_prices_is_calibrated(stub) -> None:
    data = {"holdings": {"symbols": ["WTI", "BRENT"], "weights": [3, 1]}, "start_date": "2021-01-01"}
    answer = stub.Simulate(pb.SimulateRequest(spec={"portfolio": data, "paths": 1000, "seed": 1}))
    assert [price.symbol for price in answer.meta.prices] == ["WTI", "BRENT"]
    warned = {warning.code: warning.field for warning in answer.meta.warnings}
    assert warned["WEIGHTS_NORMALISED"] == "spec.portfolio.holdings.weights"
    assert warned["ROWS_DROPPED"] == "spec.portfolio.holdings.symbols"


def test_a_cluster_that_is_not_there_is_reported(stub) -> None:
    answer = stub.Simulate(pb.SimulateRequest(spec=make_spec(placement=meta_pb2.PLACEMENT_CLUSTER)))
    assert [warning.code for warning in answer.meta.warnings] == ["CLUSTER_UNAVAILABLE"]
    assert answer.meta.digest == montecarlo.digest(direct())


def test_models_are_listed(stub) -> None:
    models = {model.name: model for model in stub.ListModels(pb.ListModelsRequest()).models}
    assert tuple(name for name, model in models.items() if model.simulates_portfolios) == montecarlo.MODELS.names()
    assert spec_pb.SIMULATION_MODE_COLLAPSED in models["normal"].modes
    assert models["normal"].doc


def test_sobol_points_go_with_some_models(stub, refused) -> None:
    fields = {"sampling": spec_pb.SAMPLING_SOBOL, "paths": 8_192, "horizon_days": 21}
    answer = stub.Simulate(pb.SimulateRequest(spec=make_spec(**fields)))
    expected = direct(sampling="sobol", paths=8_192, horizon_days=21)
    assert answer.meta.digest == montecarlo.digest(expected)
    assert "means of scrambles" in answer.result.statistics.mean_return.method
    *_, last = stub.StreamSimulation(pb.StreamSimulationRequest(spec=make_spec(**fields, scramble_count=32)))
    assert last.meta.digest == answer.meta.digest
    refusal = refused(stub.Simulate, pb.SimulateRequest(spec=make_spec(**fields, model="student_t")))
    assert list(refusal.violations) == ["spec.sampling"]
    assert "sobol goes with gbm, normal, schwartz1f, schwartz_smith" in refusal.message
    for name, value in (("paths", 10_000), ("scramble_count", 16)):
        request = pb.SimulateRequest(spec=make_spec(**(fields | {name: value})))
        assert list(refused(stub.Simulate, request).violations) == [f"spec.{name}"]


def test_the_fan_has_the_days_that_are_asked_for_and_errors(stub) -> None:
    answer = stub.Simulate(pb.SimulateRequest(spec=make_spec(fan_days=[1, 21, 63], confidence=0.9)))
    fan = answer.result.fan
    assert list(fan.days) == [0, 1, 21, 63]
    value, error, low, high = (
        decode_array(getattr(fan, name), name) for name in ("wealth", "standard_error", "low", "high")
    )
    assert value.shape == error.shape == low.shape == high.shape == (7, 4)
    assert (error[:, 1:] > 0).all()
    assert ((low <= value) & (value <= high)).all()
    assert fan.confidence == 0.9
    spread = stub.Simulate(pb.SimulateRequest(spec=make_spec(paths=200, fan_day_count=252))).result.fan
    assert list(spread.days) == list(range(253))
    assert decode_array(spread.low, "low")[0, 1] == -np.inf  # 200 paths do not bound a 1 % quantile from below


def test_the_rate_is_that_of_the_last_seconds(stub) -> None:
    request = pb.StreamSimulationRequest(spec=make_spec(paths=400_000), min_interval={"nanos": 50_000_000})
    *_, last = stub.StreamSimulation(request)
    assert last.progress.paths_per_second > 0
    assert last.progress.time_left.ToTimedelta().total_seconds() == 0


def test_a_stream_that_is_stopped_leaves_what_it_sent(stub) -> None:
    request = pb.StreamSimulationRequest(spec=make_spec(paths=50_000_000), min_interval={"nanos": 50_000_000})
    stream = stub.StreamSimulation(request)
    first = next(stream)
    stream.cancel()
    assert not first.final
    assert 0 < first.result.num_simulations < 50_000_000
    assert first.result.statistics.mean_return.standard_error > 0
    assert first.meta.compute_duration.ToNanoseconds() > 0
    assert first.progress.time_left.ToTimedelta().total_seconds() > 0


def test_what_simulates_and_prices_means_the_same_by_a_name(stub) -> None:
    listed = {model.name: model for model in stub.ListModels(pb.ListModelsRequest()).models}
    for pricer in pricing.PRICING_MODELS:
        assert pricer.doc in listed[pricer.name].doc
        assert listed[pricer.name].simulates_portfolios
        own = {param.name: param for param in montecarlo.MODELS.get(pricer.name).params}
        for param in pricer.params:
            other = own.get(param.name, param)
            assert (other.default, other.low, other.high, other.unit) == (
                param.default,
                param.low,
                param.high,
                param.unit,
            )


def test_it_stops_at_the_wanted_precision(stub) -> None:
    target = spec_pb.PrecisionTarget(statistic="mean_return", standard_error=0.001)
    spec = make_spec(paths=1_000_000, target=target)
    answer = stub.Simulate(pb.SimulateRequest(spec=spec))
    assert (answer.result.num_simulations, answer.result.stopped_early) == (65_536, True)
    assert answer.meta.compute_duration.ToNanoseconds() > 0
    assert answer.meta.digest == montecarlo.digest(direct(paths=65_536))
    *_, last = stub.StreamSimulation(pb.StreamSimulationRequest(spec=spec, min_interval={"nanos": 50_000_000}))
    assert (last.final, last.result.stopped_early, last.meta.digest) == (True, True, answer.meta.digest)


def test_money_leaves_and_only_the_ends_are_kept(stub) -> None:
    flows = [spec_pb.CashFlow(day=5, amount=0.25), spec_pb.CashFlow(day=9, amount=-0.1)]
    spec = make_spec(cash_flows=flows, terminal_only=True)
    answer = stub.Simulate(pb.SimulateRequest(spec=spec))
    expected = direct(cash_flows=(montecarlo.CashFlow(5, 0.25), montecarlo.CashFlow(9, -0.1)), terminal_only=True)
    assert answer.meta.digest == montecarlo.digest(expected)
    assert [summary.name for summary in answer.result.summaries] == ["returns"]
    assert [(one.code, one.field) for one in answer.meta.warnings] == [("PATHS_SIMULATED", "spec.terminal_only")]


def test_more_paths_than_are_kept_are_counted(stub) -> None:
    fields = {"paths": montecarlo.EXACT_PATHS_MAX + 1, "model": "gbm", "terminal_only": True}
    answer = stub.Simulate(pb.SimulateRequest(spec=make_spec(**fields)))
    expected = direct(**fields)
    assert answer.meta.digest == montecarlo.digest(expected)
    assert answer.result.quantile_rank_error == expected.quantile_rank_error > 0
    stream = stub.StreamSimulation(
        pb.StreamSimulationRequest(spec=make_spec(**fields), min_interval={"nanos": 50_000_000})
    )
    *before, last = stream
    assert last.meta.digest == answer.meta.digest
    assert [one.result.num_simulations for one in before] == sorted(one.result.num_simulations for one in before)


def test_paths_of_the_assets_come_when_asked_for(stub) -> None:
    spec = make_spec(sample_path_count=3, paths=200_000)
    expected = direct(sample_paths=3, paths=200_000)
    answer = stub.Simulate(pb.SimulateRequest(spec=spec))
    np.testing.assert_array_equal(decode_array(answer.result.sample_paths, "sample_paths"), expected.sample_paths)
    *before, last = stub.StreamSimulation(pb.StreamSimulationRequest(spec=spec, min_interval={"nanos": 50_000_000}))
    assert decode_array(last.result.sample_paths, "sample_paths").shape == (3, 253, 1)
    assert not any(answer.result.HasField("sample_paths") for answer in before)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"target": spec_pb.PrecisionTarget(statistic="max_return", standard_error=1)}, "spec.target.statistic"),
        ({"target": spec_pb.PrecisionTarget(statistic="var_5")}, "spec.target.standard_error"),
        ({"cash_flows": [spec_pb.CashFlow(day=253, amount=0.1)]}, "spec.cash_flows[0].day"),
        ({"sample_path_count": 3, "terminal_only": True}, "spec.sample_path_count"),
        ({"sample_path_count": 20_000}, "spec.sample_path_count"),
        ({"fan_days": [21, 5]}, "spec.fan_days[1]"),
        ({"fan_days": [253]}, "spec.fan_days[0]"),
        ({"fan_day_count": 1_025}, "spec.fan_day_count"),
        ({"fan_day_count": 5, "fan_days": [1]}, "spec.fan_day_count"),
        ({"fan_day_count": 5, "terminal_only": True}, "spec.fan_day_count"),
    ],
)
def test_fields_that_cannot_be_are_named(stub, refused, fields, field: str) -> None:
    assert list(refused(stub.Simulate, pb.SimulateRequest(spec=make_spec(**fields))).violations) == [field]


def test_monthly_prices_give_a_law_of_days(stub, channel) -> None:
    """A year of 252 days has the mean and the deviation of twelve months."""
    data = {"holdings": {"symbols": ["GOLD", "COPPER"], "weights": [0.5, 0.5]}, "start_date": "2000-01-01"}
    request = pb.SimulateRequest(spec={"portfolio": data, "paths": 100_000, "seed": 1})
    answer = stub.Simulate(request)
    warned = {warning.code: warning for warning in answer.meta.warnings}
    assert "divided by 21 " in warned["PERIODS_PER_YEAR_FROM_PRICES"].message
    report = risk_service_pb2_grpc.RiskServiceStub(channel).AnalyzePortfolio(
        risk_service_pb2.AnalyzePortfolioRequest(data=data)
    )
    monthly = decode_array(report.report.returns, "returns")
    mean, variance = monthly.mean() / 21, monthly.var(ddof=1) / 21
    got = answer.result.statistics
    assert abs(got.mean_return.value - ((1 + mean) ** 252 - 1)) < 4 * got.mean_return.standard_error
    deviation = np.sqrt(((1 + mean) ** 2 + variance) ** 252 - (1 + mean) ** 504)
    assert abs(got.std_return.value - deviation) < 4 * got.std_return.standard_error


def test_models_that_monthly_prices_cannot_feed_are_refused(stub, refused) -> None:
    data = {"holdings": {"symbols": ["GOLD", "COPPER"], "weights": [0.5, 0.5]}, "start_date": "2000-01-01"}
    for model in (one.name for one in montecarlo.MODELS if one.of_a_day is None):
        refusal = refused(stub.Simulate, pb.SimulateRequest(spec={"portfolio": data, "paths": 100, "model": model}))
        assert (refusal.code.name, list(refusal.violations)) == ("INVALID_ARGUMENT", ["spec.portfolio"])
        assert "monthly" in refusal.message
        assert "daily prices" in refusal.message

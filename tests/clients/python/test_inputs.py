"""What callers hold becomes the right request, without a server."""

import datetime as dt
import inspect
from typing import Any

import numpy as np
import pandas as pd
import pytest

import riskwave as rw
from riskwave._calls import Step
from riskwave._indicators import IndicatorCall, Indicators, indicators_request
from riskwave._inputs import SERVED, date_text, enum_name, enum_value, portfolio_data, read_table
from riskwave._prices import NewSeries, import_messages
from riskwave._risk import Risk, backtest_request
from riskwave._simulation import derivative_request, simulation_spec
from riskwave.cli._pricing import derivative as derivative_options
from riskwave.compute.montecarlo.fan import FAN_DAYS_MAX
from riskwave.compute.montecarlo.law import SAMPLE_VALUES_MAX
from riskwave.compute.montecarlo.pricing.spec import PRICING_PATHS_MAX, STEPS_MAX
from riskwave.compute.montecarlo.sobol import SCRAMBLES
from riskwave.compute.montecarlo.spec import HORIZON_DAYS_MAX, PATHS_MAX, PATHS_MIN
from riskwave.v1 import codec
from riskwave.v1 import portfolio_pb2 as portfolio
from riskwave.v1 import risk_service_pb2 as risk
from riskwave.v1 import simulation_pb2 as simulation

DAYS = pd.date_range("2020-01-01", periods=3)


def first_step(plan: Any) -> Step:
    """What a plan asks for first; a plan does nothing by itself."""
    step = next(plan)
    plan.close()
    assert isinstance(step, Step)
    return step


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, ""),
        ("31.1.2020", "31.1.2020"),
        (dt.date(2020, 1, 31), "2020-01-31"),
        (dt.datetime(2020, 1, 31, 12, tzinfo=dt.UTC), "2020-01-31"),
        (pd.Timestamp("2020-01-31 12:00"), "2020-01-31"),
        (np.datetime64("2020-01-31T12:00"), "2020-01-31"),
    ],
)
def test_dates(given: Any, expected: str) -> None:
    assert date_text(given) == expected


def test_tables_keep_what_frames_know() -> None:
    frame = pd.DataFrame({"A": [1, 2, 3], "B": [4.0, np.nan, 6.0]}, index=DAYS)
    table = read_table(frame, "close")
    np.testing.assert_array_equal(table.values, [[1, 4], [2, np.nan], [3, 6]])
    assert table.names == ("A", "B")
    assert table.times is not None
    assert table.times.dtype == "datetime64[ns]"
    series = read_table(frame["A"], "close")
    assert (series.values.ndim, series.names) == (1, ("A",))
    plain = read_table([1, 2], "close")
    assert (plain.times, plain.names) == (None, ())
    assert read_table(pd.Series([1.0, 2.0]), "close").times is None
    zoned = read_table(frame.tz_localize("Asia/Tokyo"), "close").times
    assert zoned is not None
    assert str(zoned[0]) == "2019-12-31T15:00:00.000000000"


@pytest.mark.parametrize("given", [["a", "b"], [[1.0], [1.0, 2.0]], np.ones((2, 2, 2)), 3.0])
def test_what_is_no_table_is_refused(given: Any) -> None:
    with pytest.raises(rw.InvalidRequestError, match="close was"):
        read_table(given, "close")


def test_weights_over_stored_prices() -> None:
    data = portfolio_data(weights={"WTI": 0.6, "BRENT": 0.4}, source="sample", start=dt.date(2015, 1, 1))
    assert list(data.holdings.symbols) == ["WTI", "BRENT"]
    assert list(data.holdings.weights) == [0.6, 0.4]
    assert (data.source, data.start_date, data.end_date) == ("sample", "2015-01-01", "")
    assert list(portfolio_data(weights=pd.Series({"WTI": 1.0})).holdings.symbols) == ["WTI"]


def test_a_stored_portfolio() -> None:
    data = portfolio_data(portfolio="oil")
    assert (data.WhichOneof("portfolio"), data.portfolio_name) == ("portfolio_name", "oil")


def test_returns_with_weights_by_name_are_put_in_the_columns_order() -> None:
    frame = pd.DataFrame({"A": [0.1, 0.2, 0.3], "B": [0.0, 0.1, 0.2]}, index=DAYS)
    inline = portfolio_data(returns=frame, weights={"B": 0.7, "A": 0.3}).inline_returns
    assert list(inline.weights) == [0.3, 0.7]
    assert list(inline.assets) == ["A", "B"]
    assert list(inline.returns.shape) == [3, 2]
    assert len(inline.times) == 3
    bare = portfolio_data(returns=np.zeros((4, 2)), weights=[0.5, 0.5]).inline_returns
    assert (list(bare.assets), list(bare.times)) == ([], [])
    alone = portfolio_data(returns=np.zeros(4)).inline_returns
    assert list(alone.weights) == [1.0]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "portfolio was 'missing'"),
        ({"weights": {"A": 1.0}, "portfolio": "oil"}, "given alone"),
        ({"returns": [0.1], "portfolio": "oil"}, "given with portfolio"),
        ({"weights": [0.5, 0.5]}, "mapping of symbols"),
        ({"weights": [0.5], "symbols": ["A", "B"]}, "one a symbol"),
        ({"returns": pd.DataFrame({"A": [0.1]}), "weights": {"B": 1.0}}, "one weight for each column"),
    ],
)
def test_portfolios_that_contradict_themselves_are_refused(given: Any, message: str) -> None:
    with pytest.raises(rw.InvalidRequestError, match=message):
        portfolio_data(**given)


def test_the_kind_of_return_is_of_stored_prices_only() -> None:
    assert portfolio_data(symbols=["A"], return_kind="log").return_kind == portfolio.RETURN_KIND_LOG
    assert portfolio_data(symbols=["A"]).return_kind == portfolio.RETURN_KIND_UNSPECIFIED
    with pytest.raises(rw.InvalidRequestError, match="return_kind was 'lg'; it must be one of simple, log"):
        portfolio_data(symbols=["A"], return_kind="lg")
    with pytest.raises(rw.InvalidRequestError, match="return_kind was 'log'; it must be left out beside returns"):
        portfolio_data(returns=np.zeros(4), return_kind="log")


def test_symbols_without_weights_are_equally_weighted() -> None:
    assert list(portfolio_data(symbols=["A", "B"]).holdings.weights) == [0.5, 0.5]


def test_enums_go_by_their_names() -> None:
    assert enum_value(simulation.Sampling, "SOBOL", "sampling") == simulation.SAMPLING_SOBOL
    assert enum_value(simulation.Sampling, None, "sampling") == 0
    assert enum_name(simulation.Sampling, simulation.SAMPLING_ANTITHETIC) == "antithetic"
    assert enum_name(simulation.Sampling, 77) == "77"
    with pytest.raises(rw.InvalidRequestError, match="one of independent, antithetic, sobol"):
        enum_value(simulation.Sampling, "quasi", "sampling")


def test_bars_from_a_frame() -> None:
    frame = pd.DataFrame({"WTI": [1.0, 2.0, 3.0], "BRENT": [1.5, 2.5, 3.5]}, index=DAYS)
    request = indicators_request([IndicatorCall("RSI", {"timeperiod": [7, 14]}, "r")], close=frame, gap_policy="taint")
    assert list(request.bars.symbols) == ["WTI", "BRENT"]
    assert list(request.bars.close.shape) == [3, 2]
    assert len(request.bars.times) == 3
    assert (request.calls[0].label, request.gap_policy) == ("r", 3)
    assert [one.int_value for one in request.calls[0].params["timeperiod"].values] == [7, 14]
    named = indicators_request([IndicatorCall("RSI")], close=[1.0, 2.0], symbols=["A"])
    assert list(named.bars.symbols) == ["A"]
    alone = indicators_request([IndicatorCall("RSI")], close=frame["WTI"])
    assert list(alone.bars.symbols) == []
    assert list(alone.bars.close.shape) == [3]


def test_stored_prices_by_symbol() -> None:
    request = indicators_request([IndicatorCall("MACD")], symbols=["WTI", "BRENT"], start="2015-01-01")
    assert list(request.prices.symbols) == ["WTI", "BRENT"]
    assert request.prices.start_date == "2015-01-01"
    assert list(indicators_request([IndicatorCall("MACD")], symbols="WTI").prices.symbols) == ["WTI"]


def test_indicators_need_bars() -> None:
    with pytest.raises(rw.InvalidRequestError, match="bars was 'missing'"):
        indicators_request([IndicatorCall("RSI")])
    with pytest.raises(rw.InvalidRequestError, match="clsoe"):
        indicators_request([IndicatorCall("RSI")], clsoe=[1.0])  # type: ignore[call-arg]


def test_compute_many_takes_names_pairs_and_calls() -> None:
    api: Indicators[Any] = Indicators(None)  # type: ignore[type-var] # a plan needs no front end
    given = ["MACD", ("RSI", {"timeperiod": 7}), rw.IndicatorCall("RSI", {"timeperiod": 21}, "slow")]
    step = first_step(Indicators.compute_many.plan(api, given, close=[1.0, 2.0]))
    assert [(one.name, one.label) for one in step.request.calls] == [("MACD", ""), ("RSI", ""), ("RSI", "slow")]  # type: ignore[attr-defined]
    assert step.method.name == "IndicatorService/ComputeIndicators"
    assert step.idempotent


def test_analyze_sends_what_it_was_given() -> None:
    api: Risk[Any] = Risk(None)  # type: ignore[type-var]
    plan = Risk.analyze.plan(api, weights={"A": 1.0}, periods_per_year=12, shortfall_estimator="rockafellar_uryasev")
    request = first_step(plan).request
    assert isinstance(request, risk.AnalyzePortfolioRequest)
    assert (request.periods_per_year, request.confidence, request.shortfall_estimator) == (12.0, 0.0, 2)


def test_the_law_of_one_asset() -> None:
    spec = simulation_spec(mean=0.0005, volatility=0.01, paths=1000, seed=7, target=("mean_return", 0.01))
    assert list(spec.inline_assets.mean) == [0.0005]
    assert list(spec.inline_assets.covariance.shape) == [1, 1]
    assert spec.inline_assets.covariance.values[0] == pytest.approx(1e-4)
    assert (spec.paths, spec.horizon_days, spec.seed, spec.target.standard_error) == (1000, 252, 7, 0.01)
    assert not simulation_spec(mean=0.0, volatility=0.01).HasField("seed")
    assert simulation_spec(mean=0.0, volatility=0.01, seed=0).HasField("seed")


def test_the_law_of_several_assets() -> None:
    cov = np.array([[1e-4, 2e-5], [2e-5, 4e-4]])
    spec = simulation_spec(mean=[0.0, 0.001], cov=cov, weights={"B": 0.4, "A": 0.6}, assets=["A", "B"])
    assert list(spec.inline_assets.weights) == [0.6, 0.4]
    np.testing.assert_array_equal(codec.decode_array(spec.inline_assets.covariance, "cov"), cov)
    assert list(simulation_spec(mean=[0.0, 0.001], cov=cov).inline_assets.weights) == []


def test_a_law_from_history() -> None:
    spec = simulation_spec(weights={"WTI": 1.0}, start="2015-01-01", mode="full", distributions=True)
    assert list(spec.portfolio.holdings.symbols) == ["WTI"]
    assert (spec.portfolio.start_date, spec.mode, spec.distributions) == ("2015-01-01", 2, True)
    assert simulation_spec(portfolio="oil").portfolio.portfolio_name == "oil"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"mean": [0.0, 0.1], "volatility": 0.01}, "volatility was 0.01; .*for one asset"),
        ({"mean": 0.0}, "covariance of the assets"),
        ({"volatility": 0.01}, "mean was None"),
        ({}, "portfolio was 'missing'"),
        ({"mean": 0.0, "volatility": 0.01, "weights": {"A": 1.0}, "assets": ["B"]}, "one weight for each"),
    ],
)
def test_laws_that_contradict_themselves_are_refused(given: Any, message: str) -> None:
    with pytest.raises(rw.InvalidRequestError, match=message):
        simulation_spec(**given)


@pytest.mark.parametrize("volatility", [-0.1, float("nan"), float("inf"), [0.1, 0.2], "much"])
def test_a_volatility_that_is_none_is_refused(volatility: Any) -> None:
    with pytest.raises(rw.InvalidRequestError, match="volatility was") as caught:
        simulation_spec(mean=0.0, volatility=volatility)
    assert [one.field for one in caught.value.field_violations] == ["volatility"]
    with pytest.raises(rw.InvalidRequestError, match="volatility was"):
        simulation_spec(mean=[0.0, 0.1], volatility=[0.1, 0.2])  # type: ignore[typeddict-item] # as callers may


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("paths", 10**30),
        ("paths", "many"),
        ("paths", 1.5),
        ("paths", True),
        ("horizon", 2**31),
        ("horizon", 0),
        ("seed", -1),
        ("seed", 2**64),
        ("scrambles", 2**40),
        ("sample_paths", None),
    ],
)
def test_integers_that_no_field_holds_are_refused(field: Any, value: Any) -> None:
    given: Any = {"mean": 0.0, "volatility": 0.01, field: value}
    with pytest.raises(rw.InvalidRequestError, match=f"{field} was .*; it must be (an integer from|0 or 32)") as caught:
        simulation_spec(**given)
    assert [one.field for one in caught.value.field_violations] == [field]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"cash_flows": {30: 0.1}}, "cash_flows"),
        ({"cash_flows": [30]}, "cash_flows[0]"),
        ({"cash_flows": [(30, "much")]}, "cash_flows[0].amount"),
        ({"target": "mean_return"}, "target"),
        ({"target": ("mean_return", None)}, "target[1]"),
        ({"tail_probabilities": 0.05}, "tail_probabilities"),
        ({"return_thresholds": ["low"]}, "return_thresholds[0]"),
        ({"confidence": 0}, "confidence"),
        ({"confidence": "high"}, "confidence"),
        ({"mean": [[0.0, 0.1]]}, "mean"),
        ({"mean": ["low"]}, "mean"),
        ({"cov": "none", "volatility": None}, "cov"),
        ({"weights": ["half"]}, "weights[0]"),
        ({"params": 5}, "params"),
        ({"model": 5}, "model"),
        ({"distributions": "yes"}, "distributions"),
        ({"assets": 3}, "assets"),
        ({"assets": {"WTI": 0}}, "assets"),
        ({"assets": [3]}, "assets[0]"),
        ({"mean": None, "volatility": None, "returns": [0.01, 0.02], "assets": 3}, "assets"),
        ({"mean": None, "volatility": None, "returns": [0.01, 0.02], "weights": ["half"]}, "weights[0]"),
        ({"mean": None, "volatility": None, "weights": {"WTI": "half"}}, "weights[WTI]"),
        ({"weights": {"WTI": "half"}}, "weights[WTI]"),
    ],
)
def test_what_a_simulation_cannot_mean_is_refused_by_name(given: Any, field: str) -> None:
    with pytest.raises(rw.InvalidRequestError, match="; it must be") as caught:
        simulation_spec(**({"mean": 0.0, "volatility": 0.01} | given))
    assert [one.field for one in caught.value.field_violations] == [field]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"spot": "high"}, "spot"),
        ({"maturity": None}, "maturity"),
        ({"rate": "low"}, "rate"),
        ({"greeks": "delta"}, "greeks"),
        ({"greeks": [5]}, "greeks[0]"),
        ({"correlation": "some"}, "correlation"),
        ({"confidence": 0.0}, "confidence"),
        ({"target_standard_error": "small"}, "target_standard_error"),
        ({"model_params": 0.2}, "model_params"),
    ],
)
def test_what_a_price_cannot_mean_is_refused_by_name(given: Any, field: str) -> None:
    with pytest.raises(rw.InvalidRequestError, match="; it must be") as caught:
        derivative_request("gbm", "european", **({"spot": 100.0, "maturity": 1.0} | given))
    assert [one.field for one in caught.value.field_violations] == [field]


def test_a_price_without_a_maturity_is_that_of_a_year_as_on_the_command_line() -> None:
    default = inspect.signature(derivative_options).parameters["maturity"].default
    assert derivative_request("gbm", "european", spot=100.0).maturity_years == default == 1.0


def test_a_single_asset_may_be_named_without_a_sequence() -> None:
    assert list(simulation_spec(mean=0.0, volatility=0.01, assets="WTI").inline_assets.assets) == ["WTI"]


def test_what_is_said_of_whole_numbers_is_what_the_server_computes() -> None:
    fan_days, horizon = f"from 0 to {FAN_DAYS_MAX}", f"from 1 to {HORIZON_DAYS_MAX}"
    expected = {
        "SimulationSpec.paths": f"from {PATHS_MIN} to {PATHS_MAX}",
        "SimulationSpec.horizon_days": horizon,
        "SimulationSpec.sample_path_count": f"from 0 to {SAMPLE_VALUES_MAX // 2}",  # of one day, with its beginning
        "SimulationSpec.fan_day_count": fan_days,
        "SimulationSpec.fan_days": horizon,
        "CashFlow.day": horizon,
        "PriceDerivativeRequest.paths": f"from 2 to {PRICING_PATHS_MAX}",
        "PriceDerivativeRequest.step_count": f"from 0 to {STEPS_MAX}",
    }
    one = f"0 or {SCRAMBLES}"
    scrambles = {"SimulationSpec.scramble_count": one, "PriceDerivativeRequest.scramble_count": one}
    assert {name: f"an integer {text}" for name, text in expected.items()} | scrambles == SERVED


@pytest.mark.parametrize("given", [10**20, "many", 1.5, True])
def test_a_number_of_paths_that_is_none_is_told_the_range_of_the_server(given: Any) -> None:
    with pytest.raises(rw.InvalidRequestError, match="it must be an integer from 2 to 1000000000"):
        simulation_spec(mean=0.0, volatility=0.01, paths=given)


def test_numbers_of_other_libraries_are_numbers() -> None:
    spec = simulation_spec(
        mean=pd.Series([0.0, 0.1]),
        cov=pd.DataFrame(np.eye(2)),
        weights=np.array([1, 2], dtype=np.int64),
        tail_probabilities=np.array([0.1], dtype=np.float32),
        cash_flows=[(np.int64(30), np.float64(0.5))],  # type: ignore[list-item] # as callers may
        confidence=np.float64(0.9),
        distributions=np.bool_(True),  # type: ignore[typeddict-item] # as callers may
    )
    assert list(spec.inline_assets.weights) == [1.0, 2.0]
    assert (spec.cash_flows[0].day, spec.cash_flows[0].amount, spec.confidence) == (30, 0.5, 0.9)
    assert (spec.distributions, list(spec.tail_probabilities)) == (True, [np.float32(0.1)])


def test_every_builder_checks_its_integers() -> None:
    huge = 10**30
    with pytest.raises(rw.InvalidRequestError, match="steps was"):
        derivative_request("gbm", "european", spot=1.0, steps=huge)
    with pytest.raises(rw.InvalidRequestError, match="window was"):
        backtest_request(weights={"A": 1.0}, window=huge)
    with pytest.raises(rw.InvalidRequestError, match="max_gap_bars was"):
        indicators_request([IndicatorCall("RSI")], close=[1.0], max_gap_bars=huge)
    assert simulation_spec(mean=0.0, volatility=0.1, paths=np.int64(5), seed=2**64 - 1).seed == 2**64 - 1  # type: ignore[typeddict-item]


def test_derivatives() -> None:
    request = derivative_request(
        "gbm", "european", spot=100, maturity=1, payoff_params={"strike": 95.0}, greeks=["delta"]
    )
    assert (list(request.spots), request.maturity_years, list(request.greeks)) == ([100.0], 1.0, ["delta"])
    assert request.payoff_params["strike"].values[0].double_value == 95.0
    assert not request.HasField("correlation")


def test_job_specifications_are_those_of_the_calls() -> None:
    assert rw.JobSpec.simulation(mean=0.0, volatility=0.1).work == "simulation"
    assert rw.JobSpec.derivative(model="gbm", payoff="european", spot=1.0).message.derivative.model == "gbm"
    assert rw.JobSpec.backtest(weights={"A": 1.0}, level=0.95).message.backtest == backtest_request(
        weights={"A": 1.0}, level=0.95
    )
    assert rw.JobSpec.indicators([rw.IndicatorCall("RSI")], symbols=["A"]).to_dict()["indicators"]["prices"] == {
        "symbols": ["A"]
    }


def test_long_series_are_cut_into_messages() -> None:
    count = 120_000
    times = np.datetime64("1970-01-01", "ns") + np.arange(count) * np.timedelta64(60, "s")
    series = NewSeries("A", times, np.arange(count, dtype=float), volume=np.ones(count), unit="USD")
    messages = list(import_messages([series], "mine", validate_only=True))
    assert [len(one.series[0].close) for one in messages] == [50_000, 50_000, 20_000]
    assert [one.validate_only for one in messages] == [True, False, False]
    assert {one.series[0].unit for one in messages} == {"USD"}
    assert messages[2].series[0].times[0] == 100_000 * 60 * 10**9
    assert max(one.ByteSize() for one in messages) < 4 * 2**20
    empty = list(import_messages([], "mine", validate_only=True))
    assert [one.source for one in empty] == ["mine"]


def test_frames_to_be_stored_need_times(scripted: Any, client: rw.Client) -> None:
    with pytest.raises(rw.InvalidRequestError, match="datetime index"):
        client.prices.put(pd.DataFrame({"A": [1.0]}))
    assert scripted.requests == []


def test_a_message_above_the_limit_is_not_sent(scripted: Any, client: rw.Client) -> None:
    with pytest.raises(rw.MessageTooLargeError, match=r"22\.9 MiB exceeds the limit of 16\.0 MiB") as caught:
        client.indicators.compute("RSI", close=np.ones(3_000_000))
    assert caught.value.correlation_id == ""
    assert scripted.requests == []

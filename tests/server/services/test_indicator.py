import numpy as np
import pytest
import talib

from riskwave.compute import oscillators
from riskwave.compute.digest import digest_arrays
from riskwave.v1 import indicator_service_pb2 as pb
from riskwave.v1 import indicator_service_pb2_grpc
from riskwave.v1.codec import decode_named_arrays, encode_array, encode_params, fill, read

CLOSE = 100 + np.cumsum(np.random.default_rng(1).normal(size=300))


@pytest.fixture
def stub(channel):
    return indicator_service_pb2_grpc.IndicatorServiceStub(channel)


def request(*calls: pb.IndicatorCall, close=CLOSE, **fields):
    return pb.ComputeIndicatorsRequest(bars=pb.InlineBars(close=encode_array(close)), calls=calls, **fields)


def rsi(**params):
    return pb.IndicatorCall(name="RSI", params=encode_params(params))


def outputs_of(answer, index=0):
    return decode_named_arrays(answer.results[index].outputs, "outputs")


def test_an_indicator_equals_talib(stub) -> None:
    answer = stub.ComputeIndicators(request(rsi(timeperiod=14)))
    np.testing.assert_allclose(outputs_of(answer)["real"], talib.RSI(CLOSE, 14), rtol=1e-9)
    result = answer.results[0]
    assert (result.name, result.label, list(result.lookback_bars), result.convention) == ("RSI", "RSI", [14], "talib")
    assert result.params["timeperiod"].values[0].int_value == 14


def test_the_digest_is_that_of_the_numbers(stub) -> None:
    answer = stub.ComputeIndicators(request(rsi()))
    assert answer.meta.digest == digest_arrays({"0.real": outputs_of(answer)["real"]})
    assert answer.meta.kernel == "oscillators.RSI"
    assert answer.meta.correlation_id
    assert answer.meta.kernel_version


def test_a_large_request_takes_the_threads_and_gives_the_same(stub) -> None:
    close = 100 + np.cumsum(np.random.default_rng(2).normal(size=200_000))
    answer = stub.ComputeIndicators(request(rsi(timeperiod=14), close=close))
    np.testing.assert_allclose(outputs_of(answer)["real"], talib.RSI(close, 14), rtol=1e-9)
    assert answer.meta.queue_duration.nanos > 0


def test_many_calls_sweeps_and_panels_in_one_request(stub) -> None:
    panel = np.column_stack([CLOSE, CLOSE[::-1]])
    calls = [rsi(timeperiod=[7, 14]), pb.IndicatorCall(name="MACD", label="slow"), rsi(timeperiod=[9])]
    answer = stub.ComputeIndicators(request(*calls, close=panel))
    assert [result.label for result in answer.results] == ["RSI", "slow", "RSI"]
    assert outputs_of(answer)["real"].shape == (2, 300, 2)
    assert list(answer.results[0].lookback_bars) == [7, 14]
    assert set(outputs_of(answer, 1)) == {"macd", "macdsignal", "macdhist"}
    assert outputs_of(answer, 2)["real"].shape == (1, 300, 2)
    assert answer.meta.kernel == "oscillators"


def test_the_last_value_alone(stub) -> None:
    whole, last = (stub.ComputeIndicators(request(rsi(timeperiod=[7, 14]), reducer=reducer)) for reducer in (0, 1))
    np.testing.assert_array_equal(outputs_of(last)["real"], outputs_of(whole)["real"][:, -1])


def test_gaps_are_reported_and_their_policy_is_kept(stub) -> None:
    gap = CLOSE.copy()
    gap[100] = np.nan
    answer = stub.ComputeIndicators(request(rsi(), close=gap, gap_policy=pb.GAP_POLICY_TAINT))
    assert np.isnan(outputs_of(answer)["real"][100:]).all()
    assert [warning.code for warning in answer.meta.warnings] == ["MISSING_INPUTS"]


def test_times_and_symbols_come_back(stub) -> None:
    asked = request(rsi())
    fill(asked.bars, "times", np.arange(300) * 86_400_000_000_000)
    asked.bars.symbols.append("X")
    answer = stub.ComputeIndicators(asked)
    assert read(answer, "times").tolist() == read(asked.bars, "times").tolist()
    assert list(answer.symbols) == ["X"]


def test_stored_prices_by_reference(stub) -> None:
    prices = {"symbols": ["WTI"], "start_date": "2020-01-01", "end_date": "2020-06-30"}
    answer = stub.ComputeIndicators(pb.ComputeIndicatorsRequest(prices=prices, calls=[rsi()]))
    used = answer.meta.prices[0]
    assert (used.symbol, used.source, used.unit) == ("WTI", "sample", "US dollars per barrel")
    assert used.row_count == len(answer.times) == len(outputs_of(answer)["real"])
    assert used.as_of_time.ToJsonString() == "2020-06-30T00:00:00Z"
    prices["symbols"] = ["WTI", "BRENT"]
    both = stub.ComputeIndicators(pb.ComputeIndicatorsRequest(prices=prices, calls=[rsi()]))
    assert outputs_of(both)["real"].shape == (len(both.times), 2)
    assert list(both.symbols) == ["WTI", "BRENT"]
    assert both.meta.rows_dropped > 0


def test_every_indicator_is_listed_with_all_that_a_form_needs(stub) -> None:
    listed = {spec.name: spec for spec in stub.ListIndicators(pb.ListIndicatorsRequest()).indicators}
    assert tuple(sorted(listed)) == oscillators.OSCILLATORS.names()
    spec = listed["RSI"]
    parameter = spec.parameters[0]
    assert (parameter.name, parameter.default_value.int_value, parameter.low, parameter.unit) == (
        "timeperiod",
        14,
        2,
        "bars",
    )
    assert (list(spec.inputs), list(spec.outputs), spec.lookback_bars, spec.high) == (["close"], ["real"], 14, 100)
    assert spec.stability == pb.STABILITY_CONVERGING


def test_pages_of_the_list(stub, refused) -> None:
    names: list[str] = []
    token = ""
    while True:
        page = stub.ListIndicators(pb.ListIndicatorsRequest(page_size=2, page_token=token))
        names += [spec.name for spec in page.indicators]
        token = page.next_page_token
        if not token:
            break
    assert tuple(names) == oscillators.OSCILLATORS.names()
    for bad in ({"page_size": -1}, {"page_token": "nobody"}, {"group": "momentun"}):
        assert refused(stub.ListIndicators, pb.ListIndicatorsRequest(**bad)).violations.keys() <= bad.keys()


@pytest.mark.parametrize("name", oscillators.OSCILLATORS.names())
def test_every_registered_indicator_is_served(stub, name: str) -> None:
    high, low = CLOSE + 1, CLOSE - 1
    bars = {"open": CLOSE, "high": high, "low": low, "close": CLOSE, "volume": np.abs(CLOSE)}
    arrays = {field: encode_array(values) for field, values in bars.items()}
    call = pb.IndicatorCall(name=name)
    answer = stub.ComputeIndicators(
        pb.ComputeIndicatorsRequest(bars=pb.InlineBars(**arrays), calls=[call], allow_look_ahead=True)
    )
    entry = oscillators.OSCILLATORS.get(name)
    direct = oscillators.compute(name, {field: bars[field] for field in entry.inputs}, allow_look_ahead=True)
    for output, values in direct.outputs.items():
        np.testing.assert_array_equal(outputs_of(answer)[output], values)


def test_what_looks_ahead_is_refused_unless_it_is_allowed_and_says_so_then(stub, refused) -> None:
    call = pb.IndicatorCall(name="DPOC")
    refusal = refused(stub.ComputeIndicators, request(rsi(), call))
    assert list(refusal.violations) == ["calls[1].name"]
    assert "allow_look_ahead" in refusal.message
    answer = stub.ComputeIndicators(request(rsi(), call, allow_look_ahead=True))
    (warning,) = answer.meta.warnings
    assert (warning.code, warning.field) == ("LOOKS_AHEAD", "calls[1]")
    assert np.isnan(outputs_of(answer, 1)["real"][-11:]).all()
    listed = stub.ListIndicators(pb.ListIndicatorsRequest(page_size=1000)).indicators
    assert [(one.name, one.streams) for one in listed if one.looks_ahead] == [("DPOC", False)]


def test_stored_prices_without_highs_are_told_apart_from_a_request_without_them(stub, refused) -> None:
    stored = pb.ComputeIndicatorsRequest(calls=[pb.IndicatorCall(name="STOCH")])
    stored.prices.symbols.append("WTI")
    refusal = refused(stub.ComputeIndicators, stored)
    assert list(refusal.violations) == ["prices.symbols"]
    assert "WTI; it must be of prices with high and low, which STOCH needs" in refusal.message
    inline = refused(stub.ComputeIndicators, request(pb.IndicatorCall(name="STOCH")))
    assert list(inline.violations) == ["bars.high"]

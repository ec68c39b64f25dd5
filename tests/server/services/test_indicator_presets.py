"""Conventions and reducers through the service, and what users get wrong about bars."""

import numpy as np
import pytest

from riskwave.compute import oscillators
from riskwave.v1 import indicator_service_pb2 as pb
from riskwave.v1 import indicator_service_pb2_grpc
from riskwave.v1.codec import decode_named_arrays, encode_array, encode_params, fill

RNG = np.random.default_rng(1)
CLOSE = 100 + RNG.normal(size=(300, 3)).cumsum(axis=0)
BARS = {"high": CLOSE + 1, "low": CLOSE - 1, "close": CLOSE}
REDUCERS = {"last": pb.REDUCER_LAST, "crossings": pb.REDUCER_CROSSINGS, "rank": pb.REDUCER_RANK}


@pytest.fixture
def stub(channel):
    return indicator_service_pb2_grpc.IndicatorServiceStub(channel)


def request(name="RSI", params=None, bars=None, **fields):
    arrays = {field: encode_array(values) for field, values in (bars or {"close": CLOSE}).items()}
    call = pb.IndicatorCall(name=name, params=encode_params(params or {}))
    return pb.ComputeIndicatorsRequest(bars=pb.InlineBars(**arrays), calls=[call], **fields)


def outputs_of(answer):
    return decode_named_arrays(answer.results[0].outputs, "outputs")


@pytest.mark.parametrize("convention", ["talib", "wilder", "tradingview", "tulip"])
def test_the_convention_that_was_used_is_in_the_result(stub, convention) -> None:
    answer = stub.ComputeIndicators(request("ADX", bars=BARS, convention=convention))
    assert answer.results[0].convention == convention
    direct = oscillators.compute("ADX", BARS, convention=convention).outputs["real"]
    np.testing.assert_array_equal(outputs_of(answer)["real"], direct)
    assert stub.ComputeIndicators(request("WILLR", bars=BARS, convention=convention)).results[0].convention == "talib"


def test_the_listing_names_conventions_and_neutral_levels(stub) -> None:
    specs = {spec.name: spec for spec in stub.ListIndicators(pb.ListIndicatorsRequest()).indicators}
    assert list(specs["ADX"].conventions) == ["wilder", "tradingview", "tulip"]
    assert list(specs["WILLR"].conventions) == []
    assert (specs["RSI"].neutral, specs["SMA"].HasField("neutral")) == (50.0, False)


@pytest.mark.parametrize("reducer", REDUCERS)
def test_a_reducer_takes_the_axis_of_bars_away(stub, reducer) -> None:
    sweep = request(params={"timeperiod": [7, 14]}, reducer=REDUCERS[reducer])
    fill(sweep.bars, "times", np.arange(300) * 86_400_000_000_000)
    answer = stub.ComputeIndicators(sweep)
    direct = oscillators.compute("RSI", {"close": CLOSE}, {"timeperiod": [7, 14]}, reducer=reducer)
    np.testing.assert_array_equal(outputs_of(answer)["real"], direct.outputs["real"])
    assert outputs_of(answer)["real"].shape == (2, 3)
    assert answer.results[0].reducer == REDUCERS[reducer]
    assert list(answer.times) == [299 * 86_400_000_000_000]
    single = stub.ComputeIndicators(request(bars={"close": CLOSE[:, 0]}, reducer=REDUCERS[reducer]))
    assert outputs_of(single)["real"].shape == (1,)  # an array without a shape has one dimension


def test_a_reduced_sweep_may_be_larger_than_a_message(stub) -> None:
    close = 100 + RNG.normal(size=(20_000, 4)).cumsum(axis=0)
    windows = list(range(2, 122))
    asked = request("SMA", {"timeperiod": windows}, {"close": close}, reducer=pb.REDUCER_LAST)
    assert outputs_of(stub.ComputeIndicators(asked))["real"].shape == (120, 4)


def test_numbers_are_computed_in_double_precision_whatever_they_were(stub) -> None:
    for kind in (np.int64, np.float32):
        given = np.round(CLOSE).astype(kind)
        answer = stub.ComputeIndicators(request(bars={"close": given}))
        direct = oscillators.compute("RSI", {"close": given.astype(float)}).outputs["real"]
        np.testing.assert_array_equal(outputs_of(answer)["real"], direct)


def with_times(times):
    asked = request()
    fill(asked.bars, "times", np.asarray(times, dtype=np.int64))
    return asked


UNSORTED = np.arange(300)[::-1]
DUPLICATE = np.concatenate([np.arange(299), [298]])
WRONG = {
    "unknown convention": (request(convention="metastock"), "convention", "tradingview"),
    "unknown reducer": (request(reducer=9), "reducer", "Reducer"),
    "unknown policy": (request(gap_policy=9), "gap_policy", "GapPolicy"),
    "crossings without a neutral level": (request("SMA", reducer=pb.REDUCER_CROSSINGS), "reducer", "no neutral level"),
    "unequal lengths": (request("ADX", bars=BARS | {"low": CLOSE[:-1]}), "bars.low", "(300, 3)"),
    "a column too few": (request("ADX", bars=BARS | {"low": CLOSE[:, :2]}), "bars.low", "(300, 3)"),
    "missing column": (request("ADX", bars={"close": CLOSE}), "bars.high", "ADX needs"),
    "unsorted times": (with_times(UNSORTED), "bars.times", "ascending"),
    "duplicate times": (with_times(DUPLICATE), "bars.times", "ascending"),
    "times of other bars": (with_times(np.arange(299)), "bars.times", "300"),
    "a window longer than the series": (request(params={"timeperiod": 300}), "bars.close", "at least 301 bars"),
    "a window of a sweep longer than the series": (
        request(params={"timeperiod": [5, 300]}, reducer=pb.REDUCER_LAST),
        "bars.close",
        "at least 301 bars",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_bad_bars_presets_and_policies_are_refused(stub, refused, case) -> None:
    asked, field, words = WRONG[case]
    error = refused(stub.ComputeIndicators, asked)
    assert list(error.violations) == [field]
    assert words in str(error.violations[field])
    assert stub.ComputeIndicators(request()).results[0].name == "RSI"

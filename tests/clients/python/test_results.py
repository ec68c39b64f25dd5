"""Answers become results: decoded without a server, shown as tables, frames and dicts."""

import dataclasses
import json
import math
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

import riskwave as rw
from riskwave import _indicator_results, _meta, _portfolio_report, _price_results, _simulation_results
from riskwave._results import Rows, as_plain, format_value
from riskwave._simulation_results import UpdateDecoder
from riskwave.v1 import indicator_service_pb2 as indicators
from riskwave.v1 import market_data_service_pb2 as market
from riskwave.v1 import meta_pb2, simulation_pb2, simulation_service_pb2
from riskwave.v1 import risk_service_pb2 as risk
from riskwave.v1.codec import encode_array, encode_params, fill

DAYS = np.array(["2020-01-02", "2020-01-03", "2020-01-06"], dtype="datetime64[ns]")


def make_meta() -> meta_pb2.ResultMeta:
    meta = meta_pb2.ResultMeta(correlation_id="abc", kernel="k", kernel_version="1", digest="d" * 32, seed=0)
    meta.warnings.add(code="WEIGHTS_NORMALISED", message="the weights were divided by 2")
    meta.prices.add(symbol="WTI", source="sample", row_count=3).as_of_time.FromJsonString("2020-01-06T00:00:00Z")
    meta.compute_duration.FromMilliseconds(1500)
    meta.origin = meta_pb2.RESULT_ORIGIN_MEMORY_CACHE
    meta.rows_dropped = 2
    return meta


def result(
    array: Any, params: dict[str, Any], symbols: tuple[str, ...] = (), times: Any = None, reducer: int = 0
) -> rw.IndicatorResult:
    message = indicators.ComputeIndicatorsResponse(symbols=symbols, meta=make_meta())
    if times is not None:
        fill(message, "times", times)
    one = message.results.add(name="RSI", label="r", lookback_bars=[1], convention="talib", reducer=reducer)
    one.outputs.add(name="real", array=encode_array(array))
    for name, value in encode_params(params).items():
        one.params[name].CopyFrom(value)
    return _indicator_results.decode_results(message)[0]


@pytest.mark.parametrize(
    ("array", "params", "symbols", "columns"),
    [
        (np.array(5.0), {"timeperiod": 7}, (), ["real"]),
        (np.array([5.0]), {"timeperiod": 7}, ("WTI",), ["real"]),
        (np.array([5.0, 6.0]), {"timeperiod": 7}, ("WTI", "BRENT"), [("real", "WTI"), ("real", "BRENT")]),
        (np.array([5.0, 6.0]), {"timeperiod": 7}, (), [("real", 0), ("real", 1)]),
        (np.array([5.0, 6.0]), {"timeperiod": [7, 14]}, (), [("real", 7), ("real", 14)]),
        (np.array([[5.0], [6.0]]), {"timeperiod": [7, 14]}, ("WTI",), [("real", 7), ("real", 14)]),
    ],
)
def test_a_reduced_result_is_one_row(
    array: Any, params: dict[str, Any], symbols: tuple[str, ...], columns: Any
) -> None:
    reduced = result(array, params, symbols, times=DAYS[-1:], reducer=indicators.REDUCER_LAST)
    assert reduced.reducer == "last"
    frame = reduced.to_pandas()
    assert list(frame.columns) == columns
    assert frame.index.tolist() == [pd.Timestamp("2020-01-06")]
    assert frame.to_numpy().ravel().tolist() == array.ravel().tolist()


def test_meta_data() -> None:
    meta = _meta.decode_meta(make_meta())
    assert (meta.seed, meta.compute_s, meta.origin, meta.rows_dropped) == (0, 1.5, "memory_cache", 2)
    assert meta.prices[0].as_of_time is not None
    assert meta.warnings[0].code == "WEIGHTS_NORMALISED"
    notes = "\n".join(meta.notes())
    assert "warning: the weights" in notes
    assert "WTI (sample, 3 bars to 2020-01-06); 2 dates left out" in notes
    assert "seed 0" in notes
    assert _meta.decode_meta(meta_pb2.ResultMeta()).seed is None


class TestEstimate:
    mean = rw.Estimate(0.1342, standard_error=0.0018, low=0.1307, high=0.1377, confidence=0.95, method="mean")

    def test_it_is_a_float(self) -> None:
        assert self.mean == 0.1342
        assert self.mean + 1 == 1.1342
        assert float(self.mean) == 0.1342
        assert type(self.mean.value) is float
        assert np.asarray([self.mean]).dtype == np.float64
        assert f"{self.mean:.1%}" == "13.4%"
        assert json.dumps({"mean": self.mean}) == '{"mean": 0.1342}'
        assert pd.Series([self.mean]).dtype == np.float64

    def test_it_carries_its_error(self) -> None:
        assert (self.mean.standard_error, self.mean.low, self.mean.high) == (0.0018, 0.1307, 0.1377)
        assert (self.mean.confidence, self.mean.method) == (0.95, "mean")
        assert repr(self.mean) == "0.1342 ± 0.0018"
        assert repr(rw.Estimate(0.5)) == "0.5"
        assert repr(rw.Estimate(math.nan, standard_error=math.nan)) == "n/a"

    def test_it_does_not_change(self) -> None:
        with pytest.raises(AttributeError):
            self.mean.low = 3.0  # type: ignore[misc]

    def test_it_survives_pickling(self) -> None:
        assert pickle.loads(pickle.dumps(self.mean)).to_dict() == self.mean.to_dict()


class TestIndicators:
    def test_one_column(self) -> None:
        found = result([np.nan, 50.0, 60.0], {"timeperiod": 14}, times=DAYS)
        frame = found.to_pandas()
        assert list(frame.columns) == ["real"]
        assert list(frame.index) == list(pd.DatetimeIndex(DAYS))
        assert (found.lookback, found.label, found["real"][2]) == (1, "r", 60.0)

    def test_a_panel(self) -> None:
        frame = result(np.arange(6.0).reshape(3, 2), {"timeperiod": 14}, ("WTI", "BRENT")).to_pandas()
        assert list(frame.columns) == [("real", "WTI"), ("real", "BRENT")]
        assert list(frame["real", "BRENT"]) == [1.0, 3.0, 5.0]

    def test_a_sweep_over_a_panel(self) -> None:
        found = result(np.arange(12.0).reshape(2, 3, 2), {"timeperiod": [7, 14]})
        frame = found.to_pandas()
        assert frame.columns.names == ["output", "timeperiod", "symbol"]
        assert list(frame["real", 14, 1]) == [7.0, 9.0, 11.0]

    def test_a_sweep_over_one_column(self) -> None:
        frame = result(np.arange(6.0).reshape(2, 3), {"timeperiod": [7, 14]}).to_pandas()
        assert list(frame["real", 14]) == [3.0, 4.0, 5.0]

    def test_a_stored_symbol_alone_is_a_panel_of_one(self) -> None:
        frame = result(np.arange(3.0).reshape(3, 1), {"timeperiod": 14}, ("WTI",), DAYS).to_pandas()
        assert frame.shape == (3, 1)

    def test_tables(self) -> None:
        found = result([np.nan, 50.0, 60.0], {"timeperiod": 14})
        assert "r: RSI(timeperiod=14)" in str(found)
        assert "<td" in found._repr_html_()
        assert "outputs=['real']" in repr(found)


def make_report() -> rw.PortfolioReport:
    message = risk.PortfolioReport(assets=["<A>", "B"], weights=[0.6, 0.4], observation_count=3)
    for number, name in enumerate(_portfolio_report._ESTIMATES):
        estimate = getattr(message, name)
        estimate.value, estimate.standard_error, estimate.low, estimate.high = number, 0.1, number - 0.2, number + 0.2
        message.measures.add(name=name, title=name, unit="fraction").estimate.CopyFrom(estimate)
    message.measures[0].higher_is_better = True
    message.correlation_matrix.CopyFrom(encode_array([[1.0, np.nan], [np.nan, 1.0]]))
    for name in ("returns", "wealth", "drawdowns"):
        getattr(message, name).CopyFrom(encode_array([0.1, 0.2, 0.3]))
    fill(message, "times", DAYS)
    message.risk_decomposition.add(asset="<A>", weight=0.6, share=1.0)
    message.max_drawdown_period.peak_index = -1
    return _portfolio_report.decode_report(message, make_meta())


class TestReport:
    report = make_report()

    def test_numbers(self) -> None:
        assert self.report.portfolio_volatility == 1.0
        assert self.report.measure("sharpe_ratio").standard_error == 0.1
        assert self.report.max_drawdown_period.peak_index == -1
        assert [one.higher_is_better for one in self.report.measures][:2] == [True, None]
        with pytest.raises(KeyError, match="the measures are portfolio_return"):
            self.report.measure("sharp")

    def test_frames(self) -> None:
        assert list(self.report.correlations().columns) == ["<A>", "B"]
        assert list(self.report.series().index) == list(pd.DatetimeIndex(DAYS))
        assert self.report.to_pandas().loc["sharpe_ratio", "standard_error"] == 0.1
        assert list(self.report.risk_decomposition.to_pandas()["asset"]) == ["<A>"]

    def test_tables(self) -> None:
        assert "&lt;A&gt; 0.6, B 0.4: 3 returns from 2020-01-02 to 2020-01-06" in self.report._repr_html_()
        assert "portfolio_volatility" in str(self.report)
        assert "± 0.1" in repr(self.report)

    def test_dict(self) -> None:
        plain = self.report.to_dict()
        assert plain["portfolio_volatility"]["value"] == 1.0
        assert plain["times"][0].startswith("2020-01-02")
        assert math.isnan(plain["correlation_matrix"][0][1])
        json.dumps(plain)

    def test_it_does_not_change(self) -> None:
        with pytest.raises(dataclasses.FrozenInstanceError):
            self.report.assets = ()  # type: ignore[misc]


def make_simulation(paths: int = 4) -> simulation_pb2.SimulationResult:
    message = simulation_pb2.SimulationResult(num_simulations=paths, time_horizon_days=2)
    message.statistics.mean_return.value = 0.1
    message.statistics.mean_return.standard_error = 0.01
    summary = message.summaries.add(name="returns")
    summary.quantiles.add(probability=0.05).estimate.value = -0.2
    summary.histogram.edges.extend([-1.0, 0.0, 1.0])
    summary.histogram.counts.extend([1, 3])
    message.summaries.add(name="volatilities").mean.value = 0.16
    message.fan.days.extend([0, 1, 2])
    message.fan.probabilities.extend([0.05, 0.95])
    message.fan.wealth.CopyFrom(encode_array([[1, 0.9, 0.8], [1, 1.1, 1.2]]))
    return message


class TestSimulation:
    def test_numbers(self) -> None:
        found = _simulation_results.decode_simulation(make_simulation(), make_meta())
        assert found.statistics.mean_return == 0.1
        assert found.summaries["returns"].quantile(0.05) == -0.2
        with pytest.raises(KeyError, match=r"there are 0\.05"):
            found.summaries["returns"].quantile(0.5)
        assert found.sample_paths is None
        assert found.fan.to_pandas().loc[2, 0.95] == 1.2
        assert list(found.summaries["returns"].histogram.counts) == [1, 3]

    def test_tables(self) -> None:
        found = _simulation_results.decode_simulation(make_simulation(), make_meta())
        assert "4 paths of 2 days" in found._repr_html_()
        assert "mean_return=0.1 ± 0.01" in repr(found)
        assert "volatilities (mean)" in str(found)
        assert found.to_pandas().loc["mean_return", "standard_error"] == 0.01

    def test_a_frame_of_paths(self) -> None:
        message = make_simulation()
        message.distributions.add(name="returns", array=encode_array([0.1, 0.2, 0.3, 0.4]))
        found = _simulation_results.decode_simulation(message, make_meta())
        assert list(found.to_pandas()["returns"]) == [0.1, 0.2, 0.3, 0.4]

    def test_updates_gather_the_paths_for_the_last(self) -> None:
        decode = UpdateDecoder()
        piece = simulation_service_pb2.StreamSimulationResponse()
        chunk = piece.distribution_chunk
        chunk.name, chunk.offset, chunk.total_count = "returns", 2, 4
        chunk.values.CopyFrom(encode_array([3.0, 4.0]))
        assert decode(piece) is None
        middle = decode(simulation_service_pb2.StreamSimulationResponse(result=make_simulation()))
        assert middle is not None
        assert (middle.final, middle.result.distributions) == (False, {})
        last = decode(simulation_service_pb2.StreamSimulationResponse(result=make_simulation(), final=True))
        assert last is not None
        np.testing.assert_array_equal(last.result.distributions["returns"], [np.nan, np.nan, 3.0, 4.0])


class TestPrices:
    def make(self) -> rw.Prices:
        message = market.GetPricesResponse(meta=make_meta())
        for symbol, count in (("WTI", 3), ("BRENT", 2)):
            series = message.series.add(symbol=symbol, source="sample")
            fill(series, "times", DAYS[:count])
            fill(series, "close", np.arange(count) + 1.0)
            series.asset.unit = "US dollars per barrel"
        fill(message.series[0], "volume", [1.0, np.nan, 3.0])
        message.outcomes.add(source="fmp", symbol="WTI", status=market.FETCH_STATUS_REFUSED, detail="no key")
        return _price_results.decode_prices(message)

    def test_series(self) -> None:
        prices = self.make()
        assert len(prices) == 2
        assert [one.symbol for one in prices] == ["WTI", "BRENT"]
        assert (prices["WTI"].open, len(prices["BRENT"])) == (None, 2)
        assert list(prices[0].to_pandas().columns) == ["close", "volume"]
        assert (prices.outcomes[0].status, prices.outcomes[0].detail) == ("refused", "no key")
        with pytest.raises(KeyError, match="the symbols are WTI, BRENT"):
            prices["GOLD"]

    def test_a_frame_has_a_gap_where_a_symbol_has_no_bar(self) -> None:
        frame = self.make().to_pandas()
        assert list(frame.columns) == ["WTI", "BRENT"]
        np.testing.assert_array_equal(frame["BRENT"], [1.0, 2.0, np.nan])

    def test_tables(self) -> None:
        assert "US dollars per barrel" in self.make()._repr_html_()
        assert "WTI (sample), 3 bars" in str(self.make()["WTI"])

    def test_heartbeats_are_no_updates(self) -> None:
        decode = _price_results.PriceUpdateDecoder()
        assert decode(market.WatchPricesResponse(heartbeat=market.Heartbeat())) is None


def test_rows_are_a_tuple_with_a_frame() -> None:
    rows = Rows([rw.ResultWarning("A", "first", "x"), rw.ResultWarning("B", "second")])
    assert rows[1].code == "B"
    assert list(rows.to_pandas().columns) == ["code", "message", "field"]
    assert rows.to_dict()[0] == {"code": "A", "message": "first", "field": "x"}
    assert "2 entries" in rows._repr_html_()
    assert "0 entries" in Rows([])._repr_html_()


def test_values_as_people_read_them() -> None:
    assert [format_value(one) for one in (None, True, 12345, math.nan, (1, 2), {"a": 0.5}, np.ones(3))] == [
        "",
        "yes",
        "12,345",
        "n/a",
        "1, 2",
        "a=0.5",
        "array of shape (3,)",
    ]


def test_values_as_programs_read_them() -> None:
    given = {"a": (rw.Estimate(1.0), np.array([1.5])), "b": pd.Timestamp("2020-01-01").to_pydatetime()}
    assert as_plain(given)["b"] == "2020-01-01T00:00:00"
    assert as_plain(given)["a"][1] == [1.5]
    assert as_plain(given)["a"][0]["value"] == 1.0

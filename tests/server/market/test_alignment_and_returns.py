import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from riskwave.compute.errors import InputError, SeriesTooShortError
from riskwave.server.market import align, log_returns, simple_returns
from riskwave.server.market.dates import DAY_NS, date_ns
from riskwave.server.market.errors import NonPositivePriceError
from riskwave.server.market.samples import read_samples
from riskwave.server.market.series import Asset, PriceSeries

SAMPLES = {rows.symbol: rows for rows in read_samples()}


def series(symbol: str, times: np.ndarray, close: np.ndarray, frequency: str = "daily") -> PriceSeries:
    asset = Asset(symbol, "user", symbol, "other", "", "USD", frequency, "", None, None, len(times))
    return PriceSeries(asset, np.asarray(times, dtype=np.int64), np.asarray(close, dtype=np.float64))


def sample(symbol: str, start: str = "1900-01-01", end: str = "2100-01-01") -> PriceSeries:
    rows = SAMPLES[symbol]
    use = (rows.times >= date_ns("start", start)) & (rows.times <= date_ns("end", end))
    return series(symbol, rows.times[use], rows.close[use], rows.frequency)


class TestAlign:
    def test_equals_the_inner_join_of_pandas(self) -> None:
        names = ["WTI", "BRENT", "NATURAL_GAS"]
        aligned = align([sample(name) for name in names])
        frame = pd.concat(
            {name: pd.Series(SAMPLES[name].close, index=SAMPLES[name].times) for name in names}, axis=1, join="inner"
        ).sort_index()
        assert_array_equal(aligned.close, frame.to_numpy())
        assert_array_equal(aligned.times, frame.index.to_numpy())
        outer = set().union(*(SAMPLES[name].times.tolist() for name in names))
        assert aligned.dates_dropped == len(outer) - len(frame)
        assert aligned.rows_dropped == {name: len(SAMPLES[name].times) - len(frame) for name in names}
        assert [warning.code for warning in aligned.warnings] == ["ROWS_DROPPED"]
        assert f"WTI {aligned.rows_dropped['WTI']} of 10226" in aligned.warnings[0].message

    def test_one_series_loses_nothing(self) -> None:
        aligned = align([sample("WTI")])
        assert aligned.close.shape == (10226, 1)
        assert aligned.warnings == ()
        assert aligned.dates_dropped == 0

    def test_frequencies_that_differ_are_reported(self) -> None:
        aligned = align([sample("WTI"), sample("GOLD")])
        codes = {warning.code: warning for warning in aligned.warnings}
        assert set(codes) == {"ROWS_DROPPED", "MIXED_FREQUENCIES"}
        assert "daily: WTI; monthly: GOLD" in codes["MIXED_FREQUENCIES"].message
        days = pd.DatetimeIndex(aligned.times)
        assert (days.day == 1).all()
        assert len(days) < 12 * 41

    def test_nothing_in_common(self) -> None:
        aligned = align([series("A", [0, 1], [1, 2]), series("B", [2, 3], [1, 2])])
        assert aligned.close.shape == (0, 2)
        assert aligned.dates_dropped == 4

    def test_no_series(self) -> None:
        with pytest.raises(InputError):
            align([])


class TestReturns:
    def test_simple_returns_across_the_negative_price_are_kept_and_named(self) -> None:
        returns = simple_returns(align([sample("BRENT", "2020-04-01", "2020-04-30"), sample("WTI")]))
        by_date = dict(zip(pd.DatetimeIndex(returns.times).strftime("%Y-%m-%d"), returns.per_period[:, 1], strict=True))
        assert by_date["2020-04-20"] == pytest.approx(-36.98 / 18.31 - 1)
        assert by_date["2020-04-21"] == pytest.approx(8.91 / -36.98 - 1)
        assert np.isfinite(returns.per_period).all()
        (warning,) = returns.warnings
        assert warning.code == "NON_POSITIVE_PRICE"
        assert "WTI was -36.98 on 2020-04-20" in warning.message

    def test_log_returns_over_it_are_refused_with_the_reason(self) -> None:
        with pytest.raises(NonPositivePriceError, match=r"price of WTI on 2020-04-20 was -36\.98") as caught:
            log_returns(align([sample("BRENT"), sample("WTI")]))
        assert caught.value.reason == "NON_POSITIVE_PRICE"

    def test_log_returns_of_positive_prices_sum_to_the_whole_way(self) -> None:
        prices = align([sample("WTI", end="2020-04-17"), sample("BRENT")])
        returns = log_returns(prices)
        assert returns.per_period.sum(axis=0) == pytest.approx(np.log(prices.close[-1] / prices.close[0]))
        assert_array_equal(returns.times, prices.times[1:])
        assert returns.warnings == ()

    def test_simple_returns_compound_to_the_whole_way(self) -> None:
        prices = align([sample("WTI", end="2020-04-17"), sample("BRENT")])
        growth = (1 + simple_returns(prices).per_period).prod(axis=0)
        assert growth == pytest.approx(prices.close[-1] / prices.close[0])

    def test_a_price_of_zero_has_no_return_after_it(self) -> None:
        with pytest.raises(NonPositivePriceError, match="price of A on 1970-01-02 was 0"):
            simple_returns(align([series("A", np.arange(3) * DAY_NS, [1, 0, 1])]))
        last = simple_returns(align([series("A", np.arange(2) * DAY_NS, [1, 0])]))
        assert last.per_period.tolist() == [[-1.0]]
        assert "A was 0 on 1970-01-02" in last.warnings[0].message

    def test_many_such_prices_are_counted(self) -> None:
        message = simple_returns(align([series("A", np.arange(9) * DAY_NS, [-1.0] * 9)])).warnings[0].message
        assert "1970-01-05 and 4 more" in message

    @pytest.mark.parametrize("function", [simple_returns, log_returns])
    def test_one_date_has_no_return(self, function) -> None:
        with pytest.raises(SeriesTooShortError, match="at least 2"):
            function(align([series("A", [0], [1])]))

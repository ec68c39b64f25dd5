import numpy as np
import pytest
from numpy.testing import assert_array_equal

from riskwave.compute.errors import InputError, ShapeMismatchError, UnknownNameError
from riskwave.server.market.dates import DAY_NS, TIME_MAX_NS, TIME_MIN_NS, date_ns
from riskwave.server.market.errors import RowsRejectedError, UnknownSymbolError
from riskwave.server.market.series import Selection, SeriesRows, UpsertCount
from riskwave.server.market.store import PriceStore


def days(*dates: str) -> np.ndarray:
    return np.array([date_ns("date", date) for date in dates], dtype=np.int64)


def numbers(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def rows(symbol: str, count: int = 3, first: int = 0, **more: object) -> SeriesRows:
    times = (np.arange(count, dtype=np.int64) + first) * DAY_NS
    return SeriesRows(symbol, times, np.arange(count, dtype=np.float64) + 1.0, **more)


def get(store: PriceStore, symbol: str, source: str = "", start: str = "", end: str = ""):
    return store.get(Selection.parse([symbol], source, start, end))[0]


class TestValues:
    def test_every_double_at_six_decimals_comes_back_bit_by_bit(self, store: PriceStore) -> None:
        rng = np.random.default_rng(11)
        micro = rng.integers(-(10**15), 10**15, 5000)
        given = np.concatenate([micro / 1e6, numbers(0.000001, -0.000001, 1e12, -1e12, 36.98, -36.98, 0.1, 1 / 3, 9e9)])
        times = np.arange(len(given), dtype=np.int64) * DAY_NS
        store.upsert("user", [SeriesRows("X", times, given)])
        expected = np.array([float(f"{value:.6f}") for value in given])
        assert get(store, "X").close.tobytes() == expected.tobytes()

    def test_more_than_six_decimals_are_rounded_and_counted(self, store: PriceStore) -> None:
        # A monthly average as one vendor writes it.
        count = store.upsert("user", [SeriesRows("W", days("2026-03-01"), numbers(193.8771220833334))])[0]
        assert count.rounded == 1
        assert get(store, "W").close.tolist() == [193.877122]

    def test_negative_zero_is_zero_in_both_databases(self, store: PriceStore) -> None:
        store.upsert("user", [SeriesRows("X", days("2020-01-01"), numbers(-0.0))])
        assert not np.signbit(get(store, "X").close[0])

    def test_a_negative_price_stays(self, store: PriceStore) -> None:
        store.upsert("user", [SeriesRows("WTI", days("2020-04-20"), numbers(-36.98))])
        assert get(store, "WTI").close.tolist() == [-36.98]

    def test_bars_with_missing_values_come_back_as_they_were(self, store: PriceStore) -> None:
        nan = np.nan
        given = SeriesRows(
            "X",
            days("2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04"),
            numbers(1, 2, 3, 4),
            open=numbers(nan, 2, 3, 4),
            high=numbers(2, nan, 4, 5),
            low=numbers(0, 1, nan, 3),
            volume=numbers(nan, 0, 1e15, nan),
        )
        store.upsert("user", [given])
        found = get(store, "X")
        for name in ("close", "open", "high", "low", "volume"):
            assert_array_equal(getattr(found, name), getattr(given, name))
        assert found.asset.row_count == 4

    def test_columns_that_are_nowhere_are_none(self, store: PriceStore) -> None:
        store.upsert("user", [rows("X", 2, volume=numbers(5, np.nan))])
        found = get(store, "X")
        assert found.open is None
        assert found.volume is not None
        assert get(store, "X", start="1970-01-02").volume is None  # all missing in the range

    def test_times_of_day_and_the_ends_of_time(self, store: PriceStore) -> None:
        times = np.array([TIME_MAX_NS, 0, TIME_MIN_NS, 1, -1], dtype=np.int64)
        store.upsert("user", [SeriesRows("X", times, numbers(5, 3, 1, 4, 2))])
        found = get(store, "X")
        assert found.times.tolist() == sorted(times.tolist())
        assert found.close.tolist() == [1, 2, 3, 4, 5]


class TestRange:
    def test_both_ends_are_included_and_the_whole_last_day(self, store: PriceStore) -> None:
        times = np.concatenate([days("2019-12-31", "2020-01-01"), days("2020-01-02") + np.int64(DAY_NS - 1)])
        store.upsert("user", [SeriesRows("X", times, numbers(1, 2, 3))])
        assert get(store, "X", start="2020-01-01", end="2020-01-02").close.tolist() == [2, 3]
        assert get(store, "X", start="2020-01-02").close.tolist() == [3]
        assert get(store, "X", end="2019-12-31").close.tolist() == [1]

    def test_a_range_without_rows_is_empty_and_no_error(self, store: PriceStore) -> None:
        store.upsert("user", [rows("X")])
        found = get(store, "X", start="2020-01-01")
        assert len(found) == 0
        assert found.times.dtype == np.int64
        assert found.close.dtype == np.float64

    def test_leap_day_and_dates_before_1970(self, store: PriceStore) -> None:
        store.upsert("user", [SeriesRows("X", days("1960-02-29", "2000-02-29"), numbers(1, 2))])
        assert get(store, "X", start="1960-02-29", end="1960-02-29").close.tolist() == [1]


class TestUpsert:
    def test_counts_tell_new_changed_and_unchanged(self, store: PriceStore) -> None:
        assert store.upsert("user", [rows("X", 5)]) == [UpsertCount("X", 5, 0, 0, 0)]
        again = SeriesRows("X", np.array([4, 5, 6]) * DAY_NS, numbers(5, 60, 70))
        assert store.upsert("user", [again]) == [UpsertCount("X", 2, 0, 1, 0)]
        changed = SeriesRows("X", np.array([0, 5]) * DAY_NS, numbers(1.5, 60))
        assert store.upsert("user", [changed]) == [UpsertCount("X", 0, 1, 1, 0)]
        found = get(store, "X")
        assert found.close.tolist() == [1.5, 2, 3, 4, 5, 60, 70]
        assert (found.asset.row_count, found.asset.first_ns, found.asset.last_ns) == (7, 0, 6 * DAY_NS)

    def test_a_column_that_is_not_given_keeps_what_is_stored(self, store: PriceStore) -> None:
        store.upsert("user", [rows("X", 2, volume=numbers(10, 20))])
        store.upsert("user", [SeriesRows("X", np.array([0]), numbers(9))])
        assert get(store, "X").close.tolist() == [9, 2]
        assert get(store, "X").volume.tolist() == [10, 20]
        count = store.upsert("user", [rows("X", 2, volume=numbers(10, np.nan))])[0]
        assert (count.changed, count.unchanged) == (2, 0)
        assert_array_equal(get(store, "X").volume, numbers(10, np.nan))

    def test_order_does_not_matter(self, store: PriceStore) -> None:
        given = rows("X", 50)
        order = np.random.default_rng(1).permutation(50)
        store.upsert("user", [SeriesRows("X", given.times[order], given.close[order])])
        assert_array_equal(get(store, "X").close, given.close)

    def test_several_entries_of_one_symbol_are_one(self, store: PriceStore) -> None:
        counts = store.upsert("user", [rows("B", 2), rows("A", 1), rows("B", 2, first=2, volume=numbers(1, 2))])
        assert [(count.symbol, count.inserted) for count in counts] == [("B", 4), ("A", 1)]
        assert_array_equal(get(store, "B").volume, numbers(np.nan, np.nan, 1, 2))

    def test_all_or_nothing(self, store: PriceStore) -> None:
        store.upsert("user", [rows("A", 1)])
        bad = SeriesRows("B", np.array([0, DAY_NS]), numbers(1, np.nan))
        with pytest.raises(RowsRejectedError):
            store.upsert("user", [rows("A", 5), bad])
        assert len(get(store, "A")) == 1
        with pytest.raises(UnknownSymbolError):
            get(store, "B")

    def test_validate_only_counts_and_stores_nothing(self, store: PriceStore) -> None:
        store.upsert("user", [rows("A", 2)])
        counts = store.upsert("user", [rows("A", 3), rows("B", 1)], validate_only=True)
        assert counts == [UpsertCount("A", 1, 0, 2, 0), UpsertCount("B", 1, 0, 0, 0)]
        assert [asset.row_count for asset in store.assets()] == [2]

    def test_replace_forgets_what_is_not_given(self, store: PriceStore) -> None:
        store.upsert("old", [rows("A", 5), rows("B", 1)])
        store.upsert("other", [rows("B", 1)])
        counts = store.upsert("old", [rows("A", 2, first=3)], replace=True, notes={"version": "2"})
        assert counts == [UpsertCount("A", 0, 2, 0, 0)]
        found = get(store, "A", "old")
        assert found.times.tolist() == [3 * DAY_NS, 4 * DAY_NS]
        assert (found.asset.row_count, found.asset.first_ns) == (2, 3 * DAY_NS)
        assert [(asset.symbol, asset.source) for asset in store.assets()] == [("A", "old"), ("B", "other")]
        assert store.fact("version") == "2"
        assert store.fact("nothing") is None

    def test_a_series_without_rows_only_changes_its_description(self, store: PriceStore) -> None:
        store.upsert("user", [rows("A", 2)])
        nothing = SeriesRows("A", np.empty(0, dtype=np.int64), numbers(), name="Alpha", unit="EUR per MWh")
        assert store.upsert("user", [nothing]) == [UpsertCount("A", 0, 0, 0, 0)]
        asset = store.assets()[0]
        assert (asset.name, asset.unit, asset.row_count, asset.last_ns) == ("Alpha", "EUR per MWh", 2, DAY_NS)

    def test_more_rows_than_a_batch(self, database) -> None:
        store = PriceStore(database, batch_rows=7)
        store.upsert("user", [rows("A", 100, volume=np.where(np.arange(100) % 3 == 0, np.nan, 1.0))])
        store.upsert("user", [rows("A", 3, first=50)], replace=True)
        assert len(get(store, "A")) == 3


class TestDescription:
    def test_defaults_of_a_new_series(self, store: PriceStore) -> None:
        store.upsert("user", [rows("X", 10)])
        asset = store.assets()[0]
        assert (asset.name, asset.category, asset.unit, asset.currency) == ("X", "other", "", "USD")
        assert asset.frequency == "daily"

    def test_empty_texts_keep_what_is_stored(self, store: PriceStore) -> None:
        store.upsert("user", [rows("X", 2, name="Ex", category="energy", unit="u", currency="EUR", frequency="weekly")])
        store.upsert("user", [rows("X", 3, unit="v")])
        asset = store.assets()[0]
        assert (asset.name, asset.category, asset.unit) == ("Ex", "energy", "v")
        assert (asset.currency, asset.frequency) == ("EUR", "weekly")

    def test_assets_are_filtered_and_ordered(self, store: PriceStore) -> None:
        store.upsert("b", [rows("Z", category="energy"), rows("Y", category="livestock"), rows("X")])
        store.upsert("a", [rows("Z", category="energy"), rows("é", category="energy")])
        listed = [(asset.symbol, asset.source) for asset in store.assets()]
        assert listed == [("Z", "a"), ("Z", "b"), ("é", "a"), ("Y", "b"), ("X", "b")]
        assert [asset.symbol for asset in store.assets(source="a", category="energy")] == ["Z", "é"]
        assert store.assets(source="a", category="livestock") == []
        with pytest.raises(UnknownNameError, match="energy") as caught:
            store.assets(category="enrgy")
        assert caught.value.field == "category"
        with pytest.raises(UnknownNameError):
            store.assets(source="c")

    def test_sources_are_counted_in_the_order_of_preference(self, store: PriceStore) -> None:
        store.upsert("sample", [rows("A", 3), rows("B", 4)])
        store.upsert("vendor", [rows("A", 1)])
        store.upsert("user", [rows("A", 2)])
        found = [(source.name, source.asset_count, source.row_count) for source in store.sources()]
        assert found == [("user", 1, 2), ("vendor", 1, 1), ("sample", 2, 7)]
        assert isinstance(store.sources()[0].row_count, int)


class TestChoice:
    def test_preferred_source_is_used_and_named(self, store: PriceStore, database) -> None:
        for source in ("sample", "zeta", "alpha", "user"):
            store.upsert(source, [rows("X")])
        assert get(store, "X").source == "user"
        assert get(store, "X", "zeta").source == "zeta"
        assert get(PriceStore(database, source_order=("*", "user")), "X").source == "alpha"
        assert get(PriceStore(database, source_order=("zeta",)), "X").source == "zeta"

    def test_order_of_the_request_is_kept(self, store: PriceStore) -> None:
        store.upsert("user", [rows("A"), rows("B"), rows("C")])
        selection = Selection.parse(["C", "A", "B"])
        assert [one.symbol for one in store.get(selection)] == ["C", "A", "B"]
        assert [asset.symbol for asset in store.resolve(selection)] == ["C", "A", "B"]

    def test_unknown_symbol_names_near_ones(self, store: PriceStore) -> None:
        store.upsert("sample", [rows("BRENT"), rows("WTI")])
        with pytest.raises(UnknownSymbolError, match="did you mean BRENT") as caught:
            store.get(Selection.parse(["WTI", "BRNT"], path="selection."))
        assert caught.value.field == "selection.symbols[1]"
        assert caught.value.reason == "UNKNOWN_SYMBOL"

    def test_symbol_of_another_source_says_where_it_is(self, store: PriceStore) -> None:
        store.upsert("sample", [rows("WTI")])
        store.upsert("user", [rows("X")])
        with pytest.raises(UnknownSymbolError, match='"WTI" is not stored from the named source, only from sample'):
            get(store, "WTI", "user")

    def test_unknown_source_names_near_ones(self, store: PriceStore) -> None:
        store.upsert("sample", [rows("WTI")])
        with pytest.raises(UnknownNameError, match="did you mean sample") as caught:
            get(store, "WTI", "sampel")
        assert caught.value.field == "source"

    def test_an_empty_store_says_that_nothing_is_known(self, store: PriceStore) -> None:
        with pytest.raises(UnknownSymbolError, match="none is known"):
            get(store, "WTI")
        assert store.assets() == []
        assert store.sources() == []


class TestRejection:
    @pytest.mark.parametrize(
        ("bad", "column", "value"),
        [
            ({"close": numbers(1, np.nan, 3)}, "close", "nan"),
            ({"close": numbers(1, np.inf, 3)}, "close", "inf"),
            ({"close": numbers(1, 1.1e12, 3)}, "close", "1100000000000.0"),
            ({"times": np.array([0, np.iinfo(np.int64).min, 2])}, "times", str(np.iinfo(np.int64).min)),
            ({"times": np.array([0, 0, 2])}, "times", "1970-01-01"),
            ({"volume": numbers(1, -1, np.nan)}, "volume", "-1.0"),
            ({"high": numbers(2, np.inf, np.nan)}, "high", "inf"),
            ({"high": numbers(2, 1, np.nan), "low": numbers(1, 2, 3)}, "high", "1.0"),
        ],
    )
    def test_each_bad_row_is_named(self, store: PriceStore, bad: dict, column: str, value: str) -> None:
        fine = {"times": np.array([0, 1, 2]) * DAY_NS, "close": numbers(1, 2, 3)}
        with pytest.raises(RowsRejectedError) as caught:
            store.upsert("user", [SeriesRows("X", **{**fine, **bad})])
        assert [(row.symbol, row.row, row.column, row.value) for row in caught.value.rows] == [("X", 1, column, value)]
        assert caught.value.reason == "ROWS_REJECTED"

    def test_many_bad_rows_are_counted_up_to_a_limit(self, store: PriceStore) -> None:
        with pytest.raises(RowsRejectedError) as caught:
            store.upsert("user", [SeriesRows("X", np.arange(5000), np.full(5000, np.nan))])
        assert len(caught.value.rows) == 1000

    @pytest.mark.parametrize("symbol", ["", "A B", "A,B", "A\n", "A\0", "x" * 65, "A;DROP", "'A'"])
    def test_symbols_that_cannot_be(self, store: PriceStore, symbol: str) -> None:
        with pytest.raises(InputError, match="symbol"):
            store.upsert("user", [rows(symbol)])

    @pytest.mark.parametrize("source", ["", "User", "a b", "x" * 33, "1a", "a-b"])
    def test_sources_that_cannot_be(self, store: PriceStore, source: str) -> None:
        with pytest.raises(InputError, match="source"):
            store.upsert(source, [rows("X")])

    @pytest.mark.parametrize(
        "about",
        [{"category": "metal"}, {"currency": "usd"}, {"currency": "DOLLAR"}, {"unit": "a\0b"}, {"name": "x" * 501}],
    )
    def test_descriptions_that_cannot_be(self, store: PriceStore, about: dict) -> None:
        with pytest.raises(InputError, match=next(iter(about))):
            store.upsert("user", [rows("X", **about)])

    def test_columns_of_unequal_length(self, store: PriceStore) -> None:
        with pytest.raises(ShapeMismatchError, match=r"series\[1\].volume"):
            store.upsert("user", [rows("A"), rows("X", 3, volume=numbers(1))])

    @pytest.mark.parametrize(
        ("arguments", "field"),
        [
            (([],), "symbols"),
            ((["A", "A"],), "symbols[1]"),
            ((["A"], "", "2020-13-01"), "start_date"),
            ((["A"], "", "20200101"), "start_date"),
            ((["A"], "", "2020-1-1"), "start_date"),
            ((["A"], "", "٢٠٢٠-01-01"), "start_date"),
            ((["A"], "", "2020-01-01T00:00:00"), "start_date"),
            ((["A"], "", "", "2021-02-29"), "end_date"),
            ((["A"], "", "", "1500-01-01"), "end_date"),
            ((["A"], "", "2020-01-02", "2020-01-01"), "start_date"),
        ],
    )
    def test_selections_that_cannot_be(self, arguments: tuple, field: str) -> None:
        with pytest.raises(InputError) as caught:
            Selection.parse(*arguments, path="selection.")
        assert caught.value.field == f"selection.{field}"

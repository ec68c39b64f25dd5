import gzip
import io
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskwave import InvalidRequestError
from riskwave._csv import CsvReport, read_prices_csv


def read(text: str, **options) -> CsvReport:
    return read_prices_csv(text.encode(), **options)


def held(report: CsvReport) -> dict[str, dict[str, float]]:
    return {
        one.symbol: dict(zip(np.datetime_as_string(one.times, unit="D").tolist(), one.close.tolist(), strict=True))
        for one in report.series
    }


def rejected(report: CsvReport) -> list[tuple[int, str, str]]:
    return [(row.line, row.column, row.value) for row in report.rejected]


class TestLayouts:
    def test_wide(self) -> None:
        report = read("date,WTI,BRENT\n2020-04-20,-36.98,17.36\n2020-04-21,8.91,9.12\n")
        assert held(report) == {
            "WTI": {"2020-04-20": -36.98, "2020-04-21": 8.91},
            "BRENT": {"2020-04-20": 17.36, "2020-04-21": 9.12},
        }
        assert report.guess.layout == "wide"
        assert (report.accepted_rows, report.missing_cells, report.rejected) == (4, 0, ())

    def test_long_with_bars(self) -> None:
        report = read(
            "Symbol;Date;Open;High;Low;Close;Volume;VWAP\nA;2020-01-02;1;3;0.5;2;10;9\nA;2020-01-03;2;;1;2;;9\nB;2020-01-02;1;1;1;1;0;9\n"
        )
        first, second = report.series
        assert (first.symbol, second.symbol) == ("A", "B")
        assert first.open.tolist() == [1, 2]
        np.testing.assert_array_equal(first.high, [3, np.nan])
        np.testing.assert_array_equal(first.volume, [10, np.nan])
        assert second.volume.tolist() == [0]
        assert report.guess.layout == "long"
        assert report.guess.symbol_column == "Symbol"
        assert report.guess.columns == {
            "Open": "open",
            "High": "high",
            "Low": "low",
            "Close": "close",
            "Volume": "volume",
        }
        assert report.guess.ignored == ("VWAP",)

    def test_bars_of_one_symbol_need_its_name(self) -> None:
        text = "Date,Open,High,Low,Close,Adj Close,Volume\n2020-01-02,1,3,1,2,1.9,10\n"
        report = read(text, symbol="IBM")
        assert held(report) == {"IBM": {"2020-01-02": 2.0}}
        assert report.guess.ignored == ("Adj Close",)
        with pytest.raises(InvalidRequestError, match="symbol was 'not given'"):
            read(text)

    def test_an_index_without_a_name(self) -> None:
        frame = pd.DataFrame({"A": [1.5, np.nan]}, index=pd.to_datetime(["2020-01-01", "2020-01-02"]))
        report = read(frame.to_csv())
        assert held(report) == {"A": {"2020-01-01": 1.5}}
        assert report.missing_cells == 1

    def test_date_column_is_found_by_what_is_in_it(self) -> None:
        report = read("A,Stichtag,B\n1,2020-01-01,2\n")
        assert report.guess.date_column == "Stichtag"
        assert held(report) == {"A": {"2020-01-01": 1}, "B": {"2020-01-01": 2}}

    def test_columns_can_be_named(self) -> None:
        text = "when,what,bid,fixing\n2020-01-01,A,1,2\n"
        report = read(text, date_column="when", symbol_column="What", price_column="fixing")
        assert held(report) == {"A": {"2020-01-01": 2}}
        with pytest.raises(InvalidRequestError, match="date_column"):
            read(text, date_column="Datum")

    def test_names_become_symbols(self) -> None:
        text = 'Date,"Crude oil, Brent",WTI\n2020-01-01,1,2\n'
        report = read(text, names={"Crude oil, Brent": "BRENT"})
        assert held(report) == {"BRENT": {"2020-01-01": 1}, "WTI": {"2020-01-01": 2}}
        assert report.guess.columns == {"Crude oil, Brent": "BRENT", "WTI": "WTI"}
        assert rejected(read(text)) == [(1, "Crude oil, Brent", "Crude oil, Brent")]

    def test_any_order_of_rows_comes_out_ascending(self) -> None:
        report = read("date,A\n2020-01-03,3\n2020-01-01,1\n2020-01-02,2\n")
        assert report.series[0].close.tolist() == [1, 2, 3]


class TestText:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_delimiters(self, delimiter: str) -> None:
        report = read("date,A,B\n2020-01-01,1.5,2\n".replace(",", delimiter))
        assert report.guess.delimiter == delimiter
        assert held(report)["A"] == {"2020-01-01": 1.5}

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    def test_encodings(self, encoding: str) -> None:
        report = read_prices_csv("date,GOLD€\n2020-01-01,1\n".encode(encoding))
        assert report.series[0].symbol == "GOLD€"
        assert report.guess.encoding == encoding.removesuffix("-sig")

    @pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
    def test_line_endings_comments_and_empty_lines_keep_the_numbers(self, ending: str) -> None:
        lines = ["# from a vendor", "", "date,A", "2020-01-01,1", ",", "2020-01-02,bad", ""]
        assert rejected(read(ending.join(lines))) == [(6, "A", "bad")]

    def test_a_quoted_cell_over_two_lines_counts_both(self) -> None:
        report = read('date,A,B\n2020-01-01,1,"x\ny"\n2020-01-02,z,1\n')
        assert rejected(report) == [(2, "B", "x\ny"), (4, "A", "z")]

    def test_a_path_is_read(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("date,A\n2020-01-01,1\n")
        assert read_prices_csv(tmp_path / "a.csv").accepted_rows == 1
        assert read_prices_csv(str(tmp_path / "a.csv")).accepted_rows == 1

    @pytest.mark.parametrize(
        "data",
        [
            b"", b"\n\n", b"date,A\n", b"just some text\nand more\n", b"\x89PNG\r\n\x1a\n\0\0", b"\xff\xfe\x00",
            b"2020-01-01,1\n2020-01-02,2\n", b"date,A,A\n2020-01-01,1,2\n", b"a,b\n1,2\n", b"date,A,\n2020-01-01,1,2\n",
            b"date,A\n2020-01-01,\x81\n", b",\n,\n", b"#\n#\n",
        ],
    )  # fmt: skip
    def test_what_is_no_file_of_prices(self, data: bytes) -> None:
        with pytest.raises(InvalidRequestError):
            read_prices_csv(data)

    def test_a_column_without_name_and_values_is_left_out(self) -> None:
        assert held(read("date,A,\n2020-01-01,1,\n")) == {"A": {"2020-01-01": 1}}


class TestDates:
    @pytest.mark.parametrize(
        "cell",
        [
            "2020-01-31", "2020/01/31", "2020/1/31", "2020.01.31",
            "20200131", "31/01/2020", "31.01.2020", "31-01-2020",
            "31.1.2020", "01/31/2020", "1/31/2020", "31-Jan-2020",
            "31 January 2020", "Jan 31, 2020", "2020-01-31T00:00:00", "2020-01-31 00:00:00+00:00",
            "2020-01-31T00:00Z", " 2020-01-31 ", "2020-01-31 01:00+01:00", "31/01/2020 00:00",
        ],
    )  # fmt: skip
    def test_forms_of_one_day(self, cell: str) -> None:
        report = read(f'date;A\n"{cell}";1\n')
        assert report.series[0].times.tolist() == [pd.Timestamp("2020-01-31").value]

    @pytest.mark.parametrize("cell", ["2020-02", "2020M02", "2020M2", "2020/02"])
    def test_months_are_their_first_day(self, cell: str) -> None:
        assert held(read(f"date;A\n{cell};1\n")) == {"A": {"2020-02-01": 1}}

    def test_times_of_day_are_kept(self) -> None:
        times = read("time,A\n2020-01-31 09:30:00,1\n2020-01-31 09:31,2\n").series[0].times
        assert np.datetime_as_string(times, unit="s").tolist() == ["2020-01-31T09:30:00", "2020-01-31T09:31:00"]

    def test_a_number_above_twelve_decides_the_order(self) -> None:
        assert read("date;A\n01/02/2020;1\n13/02/2020;2\n").guess.date_order == "dmy"
        assert read("date;A\n01/02/2020;1\n02/13/2020;2\n").guess.date_order == "mdy"

    def test_full_stops_mean_day_first(self) -> None:
        assert held(read("date;A\n01.02.2020;1\n")) == {"A": {"2020-02-01": 1}}

    def test_the_order_of_the_file_decides(self) -> None:
        ascending = "date;A\n01/02/2020;1\n02/01/2020;2\n03/01/2020;3\n"
        assert read(ascending).guess.date_order == "mdy"

    def test_what_nothing_decides_is_asked_for(self) -> None:
        text = "date;A\n01/02/2020;1\n03/04/2020;2\n"
        with pytest.raises(InvalidRequestError, match="dmy or mdy"):
            read(text)
        assert held(read(text, date_order="dmy")) == {"A": {"2020-02-01": 1, "2020-04-03": 2}}

    @pytest.mark.parametrize(
        "cell", ["2020-02-30", "2020-13-01", "1500-01-01", "2300-01-01", "31/01/20", "x", "", "20200230"]
    )
    def test_what_is_no_date_is_rejected(self, cell: str) -> None:
        report = read(f"date;A\n2020-01-01;1\n2020-01-02;1\n{cell};1\n")
        assert rejected(report) == [(4, "date", cell)]
        assert report.accepted_rows == 2


class TestNumbers:
    @pytest.mark.parametrize(
        ("cells", "decimal", "numbers"),
        [
            (["1.5", "-2"], ".", [1.5, -2]),
            (["1,5", "-2"], ",", [1.5, -2]),
            (["1.234,5", "6"], ",", [1234.5, 6]),
            (["1,234.5", "6"], ".", [1234.5, 6]),
            (["1.234.567", "1,5"], ",", [1234567, 1.5]),
            (["1\u00a0234,5", "1 000,0"], ",", [1234.5, 1000]),
            (["\u221236.98", "1e3"], ".", [-36.98, 1000]),
            (["1,234", "0.5"], ".", [1234, 0.5]),
            (["0.000001", "5."], ".", [1e-6, 5]),
        ],
    )
    def test_decimal_signs(self, cells: list[str], decimal: str, numbers: list[float]) -> None:
        report = read(f"date;A\n2020-01-01;{cells[0]}\n2020-01-02;{cells[1]}\n")
        assert report.guess.decimal == decimal
        assert report.series[0].close.tolist() == numbers

    def test_commas_that_could_be_either_are_asked_for(self) -> None:
        text = "date;A\n2020-01-01;1,234\n2020-01-02;5,678\n"
        with pytest.raises(InvalidRequestError, match="decimal"):
            read(text)
        assert read(text, decimal=",").series[0].close.tolist() == [1.234, 5.678]
        assert read(text, decimal=".").series[0].close.tolist() == [1234, 5678]
        quoted = 'date,A\n2020-01-01,"1,234"\n2020-01-02,"5,678"\n'
        assert read(quoted).series[0].close.tolist() == [1234, 5678]

    @pytest.mark.parametrize("cell", ["", " ", "NA", "n/a", "NaN", "null", ".", "..", "-", "#N/A", "None"])
    def test_missing_cells_are_counted_and_no_rows(self, cell: str) -> None:
        report = read(f"date;A;B\n2020-01-01;{cell};1\n2020-01-02;2;1\n")
        assert held(report)["A"] == {"2020-01-02": 2}
        assert (report.missing_cells, report.rejected) == (1, ())

    @pytest.mark.parametrize("cell", ["inf", "1.2.3", "$5", "5%", "(3)", "1e99", "twelve", "1_000", "0x10", "٣", "--5"])
    def test_what_is_no_number_is_rejected(self, cell: str) -> None:
        report = read(f"date;A\n2020-01-01;{cell}\n2020-01-02;2.5\n2020-01-03;3.5\n")
        assert rejected(report) == [(2, "A", cell)]

    def test_other_values_of_a_bar_are_checked(self) -> None:
        report = read(
            "date,symbol,close,high,low,volume\n2020-01-01,A,1,2,3,1\n2020-01-02,A,1,3,2,-1\n2020-01-03,A,1,x,2,1\n2020-01-04,A,1,2,1,1\n"
        )
        assert rejected(report) == [(2, "high", "2"), (3, "volume", "-1"), (4, "high", "x")]
        assert report.accepted_rows == 1


class TestRows:
    def test_a_date_twice_is_rejected_with_the_line_of_the_first(self) -> None:
        report = read("date,A,B\n2020-01-01,1,1\n2020-01-01,2,\n")
        assert rejected(report) == [(3, "date", "2020-01-01")]
        assert "A has this date in line 2" in report.rejected[0].reason

    def test_rows_with_too_many_or_few_fields(self) -> None:
        report = read("date,A\n2020-01-01,1\n2020-01-02,1,5\n2020-01-03\n2020-01-04,1\n")
        assert [(row.line, row.reason) for row in report.rejected] == [
            (3, "it has 3 fields, the header has 2"),
            (4, "it has 1 fields, the header has 2"),
        ]

    def test_symbols_that_cannot_be(self) -> None:
        report = read("date,symbol,close\n2020-01-01,A B,1\n2020-01-01,,1\n2020-01-01,C,1\n")
        assert rejected(report) == [(2, "symbol", "A B"), (3, "symbol", "")]

    def test_the_units_below_a_header_are_told(self) -> None:
        report = read("Date,A\nunit,($/bbl)\n1960-01-01,1.63\n1960-02-01,1.63\n")
        assert rejected(report) == [(2, "Date", "unit")]

    def test_a_rejection_is_one_sentence(self) -> None:
        (row,) = read("date,A\n2020-01-01,x\n2020-01-02,1\n").rejected
        assert str(row) == "line 2, A: 'x'; it must be a number up to 1e+12, or empty"

    def test_two_columns_of_one_symbol(self) -> None:
        report = read("date,A,a2\n2020-01-01,1,2\n", names={"a2": "A"})
        assert rejected(report) == [(1, "a2", "a2")]


def test_equals_pandas_on_a_real_file() -> None:
    """The packaged samples, written as a long file in another country's form."""
    text = gzip.decompress((files("riskwave.server.market.samples") / "prices.csv.gz").read_bytes()).decode()
    report = read("\n".join(line.replace(",", ";").replace(".", ",") for line in text.splitlines()))
    frame = pd.read_csv(io.StringIO(text), parse_dates=["date"])
    assert report.accepted_rows == len(frame)
    assert report.guess.decimal == ","
    for one in report.series:
        expected = frame[frame.symbol == one.symbol].sort_values("date")
        np.testing.assert_array_equal(one.close, expected.price)
        np.testing.assert_array_equal(one.times, expected.date.to_numpy(dtype="datetime64[ns]"))

"""Parts of the command line that need no process: fitting of tables, charts, options, JSON and CSV."""

import datetime as dt
import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer

import riskwave as rw
from riskwave._results import Grid
from riskwave.cli._charts import histogram, sparkline
from riskwave.cli._fitting import fit
from riskwave.cli._options import parse_names, parse_params, parse_weights
from riskwave.cli._output import moment, write_csv, write_grid, write_json
from riskwave.cli.prices import _notes

NUMBERS = tuple(f"{10**i}.25" for i in range(6))
WIDE = Grid("wide", ("day", *"abcdef"), (("2020-01-01", *NUMBERS),), frozenset(range(1, 7)), ("a note",))


@pytest.mark.parametrize("width", [24, 30, 40, 60, 80])
def test_a_wide_table_is_divided_and_every_number_stays(width: int) -> None:
    parts = fit(WIDE, width)
    assert all(part.columns[0] == "day" for part in parts)
    assert [name for part in parts for name in part.columns[1:]] == list("abcdef")
    assert [cell.strip() for part in parts for cell in part.rows[0][1:]] == list(NUMBERS)
    assert [part.notes for part in parts][:-1] == [()] * (len(parts) - 1)


def test_spare_columns_go_first_and_empty_ones_always() -> None:
    grid = Grid("t", ("name", "much", "empty", "n"), (("x", "y" * 20, "", "1"),), frozenset({3}), spare=(1,))
    assert fit(grid, 80)[0].columns == ("name", "much", "n")
    (narrow,) = fit(grid, 20)
    assert (narrow.columns, narrow.numeric, narrow.spare) == (("name", "n"), frozenset({1}), ())


def test_a_table_without_rows_keeps_its_headings(capsys: pytest.CaptureFixture[str]) -> None:
    write_grid(Grid("nothing", ("a", "b"), ()))
    assert "a" in capsys.readouterr().out


@pytest.mark.parametrize("columns", [30, 80])
def test_points_stand_under_each_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    write_grid(Grid("t", ("name", "value"), (("a", "1.25"), ("b", "-10.5"), ("c", "3"), ("d", "")), frozenset({1})))
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line[:1] in "abcd" and "." in line]
    assert len({line.index(".") for line in rows}) == 1
    assert len(rows) == 2


def test_json_has_every_digit_and_no_nan(capsys: pytest.CaptureFixture[str]) -> None:
    write_json({"a": 0.1 + 0.2, "b": [math.nan, math.inf], "c": {"d": 1e-300}}, kind="test")
    text = capsys.readouterr().out
    assert json.loads(text) == {
        "schema_version": 1,
        "kind": "test",
        "a": 0.30000000000000004,
        "b": [None, None],
        "c": {"d": 1e-300},
    }
    write_json([{"x": 1}], kind="list")
    assert json.loads(capsys.readouterr().out)["items"] == [{"x": 1}]


def test_csv_has_every_digit_and_empty_cells_for_nan(capsys: pytest.CaptureFixture[str]) -> None:
    write_csv([{"a": 0.1 + 0.2, "b": math.nan, "c": None, "d": "x,y"}])
    assert capsys.readouterr().out == 'a,b,c,d\n0.30000000000000004,,,"x,y"\n'
    write_csv([], columns=("a", "b"))
    assert capsys.readouterr().out == "a,b\n"


def test_sparklines_leave_gaps() -> None:
    assert sparkline(np.array([1.0, np.nan, 2.0])) == "▁ █"
    assert sparkline(np.array([np.nan])) == ""
    assert sparkline(np.array([5.0, 5.0])) == "▁▁"
    assert len(sparkline(np.arange(1000.0), 40)) == 40


def test_a_histogram_names_the_bins_of_the_marks() -> None:
    values = np.random.default_rng(1).normal(0.0, 0.1, 10_000)
    counts, edges = np.histogram(values, bins=200)
    lines = histogram(edges, counts, {"VaR 5 %": float(np.quantile(values, 0.05)), "median": 0.0}).splitlines()
    assert len(lines) <= 17
    assert sum("VaR 5 %" in line for line in lines) == 1
    assert sum("median" in line for line in lines) == 1
    bounds = [float(line.split(" %")[0]) for line in lines]
    np.testing.assert_allclose(np.diff(bounds), np.diff(bounds)[0], atol=0.11)


def test_options_become_arguments() -> None:
    assert parse_weights(" WTI=0.5, BRENT=-0.5 ") == {"WTI": 0.5, "BRENT": -0.5}
    assert parse_params(["a=1", "b=1.5", "c=x", "d=true", "e=1,2"]) == {
        "a": 1,
        "b": 1.5,
        "c": "x",
        "d": True,
        "e": [1, 2],
    }
    assert parse_names(["Crude=oil=WTI"]) == {"Crude=oil": "WTI"}


@pytest.mark.parametrize(
    ("parse", "given"),
    [
        (parse_weights, "WTI"),
        (parse_weights, "WTI=x"),
        (parse_weights, "=1"),
        (parse_weights, "WTI=1,WTI=2"),
        (parse_weights, ""),
        (parse_params, ["a"]),
        (parse_params, ["=1"]),
        (parse_params, ["a="]),
        (parse_names, ["a"]),
        (parse_names, ["=B"]),
    ],
)
def test_options_that_say_nothing_are_usage_errors(parse: Any, given: Any) -> None:
    with pytest.raises(typer.BadParameter):
        parse(given)


@pytest.mark.parametrize("weight", ["abc", "", "nan", "inf"])
def test_a_weight_that_is_none_is_named_with_its_symbol(weight: str) -> None:
    with pytest.raises(typer.BadParameter, match=f"the weight of WTI was '{weight}'; allowed is a finite number"):
        parse_weights(f"BRENT=0.4,WTI={weight}")


def test_a_source_that_is_used_up_says_until_when_and_with_which_error() -> None:
    free = dt.datetime(2026, 11, 24, 0, 0, 5, tzinfo=dt.UTC)
    budgets = (rw.BudgetWindow(1.0, 1, 0, free - dt.timedelta(days=1)), rw.BudgetWindow(86_400.0, 25, 0, free))
    source = rw.Source(
        "fmp",
        "FMP",
        "primary",
        "exhausted",
        budgets,
        1,
        2,
        "QUOTA_EXHAUSTED: Limit Reach",
        "c0ffee",
        None,
        None,
        None,
        0,
    )
    assert list(_notes(source)) == [
        "fmp: the next call is free at 2026-11-24 00:00:05 UTC",
        "fmp: QUOTA_EXHAUSTED: Limit Reach (correlation id c0ffee)",
    ]


def test_bars_within_the_day_keep_their_time_and_days_are_dates() -> None:
    times = np.array(["2026-01-02", "2026-01-02T14:30:00"], dtype="datetime64[ns]")
    assert [moment(one) for one in times] == ["2026-01-02", "2026-01-02T14:30:00"]
    assert [moment(one) for one in pd.DatetimeIndex(times)] == ["2026-01-02", "2026-01-02T14:30:00"]

"""``riskwave indicators``: oscillators and averages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from riskwave.cli._options import Common, Output, common, parse_params, split, takes
from riskwave.cli._output import moment, write, write_csv, write_grid, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from riskwave import IndicatorResult

app = typer.Typer(help="Oscillators and averages.", add_completion=False, no_args_is_help=True)


@app.command("list")
@takes(common=common)
def list_indicators(
    common: Common, group: Annotated[str | None, typer.Option(help="Only this group, such as momentum.")] = None
) -> None:
    """List what can be computed, by group, with the conventions in which it differs from TA-Lib's."""
    from riskwave._results import Grid

    with common.connect() as client:
        found = client.indicators.list(group)
    rows = [
        {
            "name": one.name,
            "title": one.title,
            "group": one.group,
            "inputs": " ".join(one.inputs),
            "parameters": ", ".join(str(parameter) for parameter in one.parameters),
            "outputs": " ".join(one.outputs),
            "lookback": one.lookback,
            "conventions": " ".join(one.conventions),
            "looks_ahead": one.looks_ahead,
        }
        for one in sorted(found, key=lambda one: one.group)
    ]
    shown = ("name", "title", "inputs", "parameters", "outputs", "lookback", "conventions")
    grids = []
    for title in dict.fromkeys(str(row["group"]) for row in rows):
        cells = tuple(tuple(_cell(row, name) for name in shown) for row in rows if row["group"] == title)
        grids.append(Grid(f"{title}: {len(cells)} indicators", shown, cells, frozenset({5}), spare=(4, 2, 6)))
    write(common.output, kind="indicators", document=found.to_dict(), rows=rows, grids=grids)


def _cell(row: Mapping[str, object], name: str) -> str:
    ahead = ", looks ahead" if name == "title" and row["looks_ahead"] else ""
    return f"{row[name]}{ahead}"


@app.command()
@takes(common=common)
def compute(
    common: Common,
    name: Annotated[str, typer.Argument(help="The indicator, such as RSI.")],
    symbols: Annotated[str, typer.Option(metavar="WTI,...", help="Stored prices.")],
    param: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="A parameter; values with commas sweep. May be repeated."),
    ] = None,
    source: Annotated[str | None, typer.Option(help="Source of the prices.")] = None,
    start: Annotated[str | None, typer.Option(help="First date, such as 2015-01-31.")] = None,
    end: Annotated[str | None, typer.Option(help="Last date.")] = None,
    gap_policy: Annotated[str | None, typer.Option(help="hold, restart, taint or strict.", show_default="hold")] = None,
    convention: Annotated[
        str | None, typer.Option(help="talib, wilder, tradingview or tulip.", show_default="talib")
    ] = None,
    reduce: Annotated[
        str | None,
        typer.Option(
            help="last, crossings or rank: one number for each output instead of every bar.", show_default="all"
        ),
    ] = None,
    allow_look_ahead: Annotated[
        bool, typer.Option("--allow-look-ahead", help="Take an indicator whose values use later bars, such as DPOC.")
    ] = False,
    last: Annotated[int, typer.Option(min=1, help="Bars that the table shows, counted from the last one.")] = 10,
) -> None:
    """Compute an indicator on stored prices.

    JSON and CSV have every bar; the table shows the last ones.
    """
    with common.connect() as client:
        result = client.indicators.compute(
            name,
            symbols=split(symbols),
            source=source,
            start=start,
            end=end,
            gap_policy=gap_policy,
            convention=convention,
            reduce=reduce,
            allow_look_ahead=allow_look_ahead,
            **parse_params(param),
        )
    if common.output is Output.json:
        write_json(result.to_dict(), kind="indicator_result")
    elif common.output is Output.csv:
        write_csv(_rows(result))
    else:
        _write_table(result, last)


def _rows(result: IndicatorResult, separator: str = ".") -> Iterator[Mapping[str, Any]]:
    """Return one row a bar (one in all after a reducer), one column an output, window and symbol."""
    columns = {separator.join(str(part) for part in key): values for key, values in result.columns()}
    times = result.times
    for i in range(max(len(values) for values in columns.values())):
        time = i if times is None else moment(times[i])
        yield {"time": time, **{name: float(values[i]) for name, values in columns.items()}}


def _write_table(result: IndicatorResult, last: int) -> None:
    from riskwave._results import Grid, format_number

    rows = list(_rows(result, "\n"))
    names = tuple(rows[0]) if rows else ("time",)
    cells = tuple(
        tuple(format_number(value) if isinstance(value, float) else str(value) for value in row.values())
        for row in rows[-last:]
    )
    lookback = result.lookback if isinstance(result.lookback, int) else ", ".join(map(str, result.lookback))
    what = f"{result.reducer} of each output" if result.reducer else f"{len(rows):,} bars"
    title = f"{result.heading()}, {result.convention}, lookback {lookback}, {what}"
    write_grid(Grid(title, names, cells, frozenset(range(1, len(names))), result.meta.notes()))

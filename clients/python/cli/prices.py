"""``riskwave prices``: stored, fetched, imported and watched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from riskwave.cli._gaps import gaps
from riskwave.cli._importing import import_prices
from riskwave.cli._options import Common, Output, common, split, takes
from riskwave.cli._output import moment, write, write_csv, write_grid, write_json, write_json_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from riskwave import Prices, Source
    from riskwave._results import Grid

app = typer.Typer(help="Stored, fetched, imported and watched prices.", add_completion=False, no_args_is_help=True)

SourceOption = Annotated[str | None, typer.Option(help="Only this source.", show_default="preferred one of each")]
AskedOption = Annotated[
    str | None,
    typer.Option(help="Only this source; auto asks the vendors in their order.", show_default="preferred one of each"),
]
SymbolsArgument = Annotated[str, typer.Argument(metavar="SYMBOL,...", help="Symbols, such as WTI,BRENT.")]


@app.command()
@takes(common=common)
def sources(common: Common) -> None:
    """List the sources with state and remaining budget."""
    from riskwave._results import Grid, format_value

    with common.connect() as client:
        found = client.prices.sources()
    rows = [
        {
            "name": one.name,
            "tier": one.tier,
            "state": one.state,
            "assets": one.asset_count,
            "bars": one.row_count,
            "budget": "; ".join(str(budget) for budget in one.budgets),
            "first": one.first_time.date() if one.first_time else None,
            "last": one.last_time.date() if one.last_time else None,
            "restated": one.revision_count,
            "last_success": format_value(one.last_success_time),
            "last_error": one.last_error,
            "last_error_id": one.last_error_correlation_id,
        }
        for one in found
    ]
    # The errors have lines of their own below the table: they are sentences, with the id that the server's log has.
    names = tuple(rows[0])[:-2] if rows else ()
    cells = tuple(tuple("" if row[name] is None else format_value(row[name]) for name in names) for row in rows)
    columns = tuple(name.replace("_", " ") for name in names)
    notes = tuple(note for one in found for note in _notes(one))
    grid = Grid(f"{len(rows)} sources", columns, cells, frozenset({3, 4, 8}), notes, spare=(9, 8, 3))
    write(common.output, kind="sources", document=found.to_dict(), rows=rows, grids=[grid])


def _notes(source: Source) -> Iterator[str]:
    """Yield what a reader of the table wants to know next: when it can be asked again, and what went wrong."""
    times = [budget.reset_time for budget in source.budgets if budget.reset_time is not None]
    if times:
        yield f"{source.name}: the next call is free at {max(times):%Y-%m-%d %H:%M:%S} UTC"
    if source.last_error:
        yield f"{source.name}: {source.last_error} (correlation id {source.last_error_correlation_id})"


@app.command()
@takes(common=common)
def assets(
    common: Common,
    source: SourceOption = None,
    category: Annotated[str | None, typer.Option(help="Only this category, such as energy.")] = None,
) -> None:
    """List the assets by category."""
    from riskwave._results import Grid, format_value

    with common.connect() as client:
        found = client.prices.assets(source=source, category=category)
    rows = [
        {
            "category": one.category,
            "symbol": one.symbol,
            "name": one.name,
            "source": one.source,
            "frequency": one.frequency,
            "first": one.first_time.date() if one.first_time else None,
            "last": one.last_time.date() if one.last_time else None,
            "bars": one.row_count,
            "unit": one.unit,
        }
        for one in found
    ]
    cells = tuple(
        tuple(str(v) if k in {"first", "last"} and v else format_value(v) for k, v in row.items()) for row in rows
    )
    columns = ("category", "symbol", "name", "source", "frequency", "first", "last", "bars", "unit")
    asked = tuple(sorted({one.acknowledgement for one in found if one.acknowledgement}))
    grid = Grid(f"{len(rows)} assets", columns, cells, frozenset({7}), asked, spare=(4, 0, 2))
    write(common.output, kind="assets", document=found.to_dict(), rows=rows, grids=[grid])


@app.command()
@takes(common=common)
def get(
    common: Common,
    symbols: SymbolsArgument,
    source: AskedOption = None,
    start: Annotated[str | None, typer.Option(help="First date, such as 2010-01-31.")] = None,
    end: Annotated[str | None, typer.Option(help="Last date.")] = None,
    alignment: Annotated[
        str | None, typer.Option(help="none, or inner: only common dates.", show_default="none")
    ] = None,
    interval: Annotated[
        str | None, typer.Option(help="daily, weekly, monthly, 5min.", show_default="as stored")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Tell what was asked of whom.")] = False,
    stored_only: Annotated[bool, typer.Option("--stored-only", help="Ask no vendor.")] = False,
    max_points: Annotated[
        int, typer.Option(min=0, help="At most this many a series, of the same outline.", show_default="all")
    ] = 0,
    last: Annotated[int, typer.Option(min=1, help="Bars that the table shows, counted from the last one.")] = 10,
) -> None:
    """Return prices.

    JSON and CSV have every bar; the table shows the last ones.
    """
    with common.connect() as client:
        prices = client.prices.get(
            split(symbols),
            source=source,
            start=start,
            end=end,
            alignment=alignment,
            interval=interval,
            explain=explain,
            stored_only=stored_only,
            max_points=max_points,
        )
    if common.output is Output.json:
        write_json(prices.to_dict(), kind="prices")
    elif common.output is Output.csv:
        write_csv(_bar_rows(prices), columns=("time", "symbol", "source", "open", "high", "low", "close", "volume"))
    else:
        _write_tables(prices, last)


def _bar_rows(prices: Prices) -> Iterator[Mapping[str, Any]]:
    for one in prices:
        parts = {"open": one.open, "high": one.high, "low": one.low, "close": one.close, "volume": one.volume}
        for i, time in enumerate(one.times):
            numbers = {name: None if part is None else float(part[i]) for name, part in parts.items()}
            yield {"time": moment(time), "symbol": one.symbol, "source": one.source, **numbers}


def _write_tables(prices: Prices, last: int) -> None:
    from riskwave._results import Grid, format_number
    from riskwave.cli._charts import sparkline

    write_grid(prices.grid())
    for one in prices:
        typer.echo(f"{one.symbol:<14} {sparkline(one.close, 60)}")
    typer.echo()
    frame = prices.to_pandas().tail(last)
    rows = tuple(
        (moment(time), *("" if price != price else format_number(float(price)) for price in row))  # noqa: PLR0124 - NaN
        for time, row in zip(frame.index, frame.to_numpy(), strict=True)
    )
    columns = ("date", *(one.symbol for one in prices))
    write_grid(Grid(f"last {len(rows)} dates", columns, rows, frozenset(range(1, len(columns)))))
    if prices.outcomes:
        write_grid(_account(prices))


def _account(prices: Prices) -> Grid:
    """Return what was asked of whom, and what came of it."""
    from riskwave._results import Grid

    rows = tuple(
        (
            one.symbol,
            one.source,
            one.status.replace("_", " "),
            f"{one.row_count:,}" if one.row_count else "",
            f"{one.duration_s * 1000:,.0f}" if one.duration_s else "",
            one.detail,
        )
        for one in prices.outcomes
    )
    columns = ("symbol", "source", "outcome", "bars", "ms", "why")
    return Grid("what was asked of whom", columns, rows, frozenset({3, 4}), spare=(4, 3))


app.command("import")(import_prices)
app.command("gaps")(gaps)


@app.command()
@takes(common=common)
def watch(
    common: Common,
    symbols: SymbolsArgument,
    source: SourceOption = None,
    replay: Annotated[float, typer.Option(help="Replays stored prices, that many bars a second. 0 is live.")] = 0.0,
    count: Annotated[int, typer.Option(min=0, help="Ends after that many updates. 0: with Ctrl-C.")] = 0,
) -> None:
    """Write each new price until Ctrl-C: a live table in a terminal, else a line each.

    A lost connection is made again, 5 times in a row at most, and the prices go on where they stopped.
    """
    from riskwave.cli._watching import price_row, show_prices, show_state

    with (
        common.connect() as client,
        client.prices.watch(
            split(symbols), source=source, replay_bars_per_second=replay, on_state=show_state
        ) as updates,
        show_prices(common.output) as show,
    ):
        for number, update in enumerate(updates, 1):
            if common.output is Output.json:
                write_json_line(price_row(update), kind="price_update")
            elif common.output is Output.csv:
                typer.echo(",".join(str(value) for value in price_row(update).values()))
            else:
                show(update)
            if number == count:
                break

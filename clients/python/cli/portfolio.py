"""``riskwave portfolio``: weights kept on the server by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from riskwave.cli._options import Common, Output, common, parse_weights, takes
from riskwave.cli._output import message, write, write_json_line

if TYPE_CHECKING:
    from riskwave import Portfolio

app = typer.Typer(help="Portfolios kept on the server.", add_completion=False, no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="The portfolio's name.")]
EtagOption = Annotated[str | None, typer.Option(help="What the stored one must have.", show_default=False)]


@app.command()
@takes(common=common)
def put(
    common: Common,
    name: NameArgument,
    weights: Annotated[str, typer.Option(metavar="WTI=0.5,...", help="Weights by symbol.")],
    etag: EtagOption = None,
) -> None:
    """Store a portfolio, new or changed."""
    with common.connect() as client:
        _write(common.output, client.portfolios.put(name, parse_weights(weights), etag=etag))


@app.command()
@takes(common=common)
def get(common: Common, name: NameArgument) -> None:
    """Return a portfolio."""
    with common.connect() as client:
        _write(common.output, client.portfolios.get(name))


def _write(output: Output, stored: Portfolio) -> None:
    rows = ({"symbol": symbol, "weight": weight} for symbol, weight in stored.weights.items())
    write(output, kind="portfolio", document=stored.to_dict(), rows=rows, grids=[stored.grid()])


@app.command("list")
@takes(common=common)
def list_portfolios(common: Common) -> None:
    """List the portfolios by name."""
    from riskwave._results import Grid, format_value

    with common.connect() as client:
        found = client.portfolios.list()
    rows: list[dict[str, Any]] = [
        {
            "name": one.name,
            "weights": ",".join(f"{symbol}={weight:g}" for symbol, weight in one.weights.items()),
            "updated": format_value(one.update_time),
            "etag": one.etag,
        }
        for one in found
    ]
    cells = tuple(tuple(row.values()) for row in rows)
    grid = Grid(f"{len(rows)} portfolios", ("name", "weights", "updated", "etag"), cells)
    write(common.output, kind="portfolios", document=found.to_dict(), rows=rows, grids=[grid])


@app.command()
@takes(common=common)
def delete(common: Common, name: NameArgument, etag: EtagOption = None) -> None:
    """Forget a portfolio."""
    with common.connect() as client:
        client.portfolios.delete(name, etag=etag)
    message(f"portfolio {name} is forgotten")


@app.command()
@takes(common=common)
def watch(
    common: Common,
    name: NameArgument,
    replay: Annotated[float, typer.Option(help="Replays stored prices, that many bars a second. 0 is live.")] = 0.0,
    count: Annotated[int, typer.Option(min=0, help="Ends after that many updates. 0: with Ctrl-C.")] = 0,
) -> None:
    """Write the metrics as prices move, until Ctrl-C."""
    from riskwave._results import as_plain
    from riskwave.cli._watching import show_state

    with (
        common.connect() as client,
        client.portfolios.watch(name, replay_bars_per_second=replay, on_state=show_state) as updates,
    ):
        for number, update in enumerate(updates, 1):
            row = {**as_plain(update), "time": str(update.time)}
            if common.output is Output.json:
                write_json_line(row, kind="portfolio_update")
            elif common.output is Output.csv:
                typer.echo(",".join(str(value) for value in row.values()))
            else:
                figures = "  ".join(
                    f"{label} {row[key]:+.4f}"
                    for label, key in (
                        ("return", "period_return"),
                        ("volatility", "portfolio_volatility"),
                        ("Sharpe", "sharpe_ratio"),
                        ("VaR 95", "var_95"),
                    )
                )
                typer.echo(f"{row['time'][:19]}  {figures}")
            if number == count:
                break

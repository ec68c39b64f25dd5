"""``riskwave prices import``: the prices of a CSV file into the store, all or none."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 - Typer reads the annotations of commands
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

import typer

from riskwave.cli._failures import EXIT_INVALID
from riskwave.cli._options import Common, Output, common, parse_names, takes
from riskwave.cli._output import message, write, write_csv, write_grid, write_json

if TYPE_CHECKING:
    from riskwave._csv import CsvReport


_DATE_ORDERS = ("ymd", "dmy", "mdy")


@takes(common=common)
def import_prices(
    common: Common,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The file; - is stdin.", allow_dash=True)],
    source: Annotated[str, typer.Option(help="The source under which they are stored.")] = "user",
    symbol: Annotated[str | None, typer.Option(help="The symbol of a file that has one series without a name.")] = None,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="COLUMN=SYMBOL", help="The symbol of a column or name. May be repeated."),
    ] = None,
    date_column: Annotated[str | None, typer.Option(help="Column of the dates.", show_default="guessed")] = None,
    symbol_column: Annotated[str | None, typer.Option(help="Column of the symbols.", show_default="guessed")] = None,
    price_column: Annotated[str | None, typer.Option(help="Column of the prices.", show_default="guessed")] = None,
    delimiter: Annotated[str | None, typer.Option(help="One character.", show_default="guessed")] = None,
    decimal: Annotated[str | None, typer.Option(help="Point or comma.", show_default="guessed")] = None,
    date_order: Annotated[str | None, typer.Option(help="ymd, dmy or mdy.", show_default="guessed")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and store nothing.")] = False,
) -> None:
    """Store the prices of a CSV file, all or none.

    The file is wide (a column a symbol), long (a row a symbol and date) or has the bars of one symbol; what is not
    given is guessed and told. Every rejected row is listed with its line and reason.
    """
    from riskwave._csv import read_prices_csv

    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="FILE.csv") from error
    report = read_prices_csv(
        data,
        symbol=symbol,
        names=parse_names(name),
        date_column=date_column,
        symbol_column=symbol_column,
        price_column=price_column,
        delimiter=delimiter,
        decimal=cast("Literal['.', ','] | None", _choice(decimal, (".", ","), "--decimal")),
        date_order=cast(
            "Literal['ymd', 'dmy', 'mdy'] | None", _choice(date_order, ("ymd", "dmy", "mdy"), "--date-order")
        ),
    )
    message(describe_guess(report))
    if report.rejected:
        write_rejected(common.output, report)
        message(f"{len(report.rejected):,} rows rejected, nothing stored")
        raise typer.Exit(EXIT_INVALID)
    with common.connect() as client:
        result = client.prices.put(report.series, source=source, validate_only=dry_run)
    rows = [
        {"symbol": one.symbol, "inserted": one.inserted, "changed": one.changed, "unchanged": one.unchanged}
        for one in result.counts
    ]
    document = {**result.to_dict(), "source": source, "stored": not dry_run, "missing_cells": report.missing_cells}
    write(common.output, kind="import_report", document=document, rows=rows, grids=[result.grid()])
    message("checked, nothing stored" if dry_run else f"stored under the source {source}")


def _choice(given: str | None, allowed: tuple[str, ...], option: str) -> str | None:
    if given is not None and given not in allowed:
        raise typer.BadParameter(f"{given!r} is none of {' '.join(allowed)}", param_hint=option)
    return given


def describe_guess(report: CsvReport) -> str:
    """Return in a line how the file was read."""
    guess = report.guess
    symbols = ", ".join(one.symbol for one in report.series)
    ignored = f"; not read: {', '.join(guess.ignored)}" if guess.ignored else ""
    missing = f", {report.missing_cells:,} cells without a price" if report.missing_cells else ""
    return (
        f"{guess.layout} file, dates {guess.date_order} in {guess.date_column!r}, delimiter {guess.delimiter!r}, "
        f"decimal {guess.decimal!r}{ignored}\n{report.accepted_rows:,} prices of {symbols or 'no symbol'}{missing}"
    )


def write_rejected(output: Output, report: CsvReport) -> None:
    """Write every row that cannot be stored, with its line and reason."""
    from riskwave._results import Grid

    rows: list[dict[str, Any]] = [
        {"line": one.line, "column": one.column, "value": one.value, "reason": one.reason} for one in report.rejected
    ]
    if output is Output.json:
        write_json({"stored": False, "rejected": rows, "accepted_rows": report.accepted_rows}, kind="import_report")
    elif output is Output.csv:
        write_csv(rows)
    else:
        cells = tuple(tuple(str(value) for value in row.values()) for row in rows)
        columns = ("line", "column", "value", "reason")
        write_grid(Grid(f"{len(rows):,} rejected rows", columns, cells, frozenset({0})))

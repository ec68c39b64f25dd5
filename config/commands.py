"""``riskwave config show`` and ``riskwave config path``."""

import csv
import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from riskwave.config.api_keys import FILE_NAME as KEYS_FILE_NAME
from riskwave.config.errors import ConfigError
from riskwave.config.loading import Loaded, config_directory, load, search_places
from riskwave.config.options import EXIT_CONFIG
from riskwave.config.show import rows

app = typer.Typer(help="Show the settings and where they come from.", add_completion=False, no_args_is_help=True)


class Output(StrEnum):
    """How rows are written to stdout."""

    table = "table"
    json = "json"
    csv = "csv"


OutputOption = Annotated[Output, typer.Option("--output", help="How the answer is written.")]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="YAML file with settings.", envvar="RISKWAVE_CONFIG", show_default=False)
]
ProfileOption = Annotated[
    str | None, typer.Option("--profile", help="development, production or test.", show_default=False)
]


def load_or_exit(file: Path | None, profile: str | None) -> Loaded:
    """Load the settings; what is wrong goes to stderr, and the program ends with `EXIT_CONFIG`."""
    try:
        loaded = load(file, flags={"profile": profile})
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(f"configuration: {problem}", err=True)
        raise typer.Exit(EXIT_CONFIG) from None
    for note in loaded.provenance.notes:
        typer.echo(f"note: {note}", err=True)
    return loaded


def write(columns: tuple[str, ...], lines: list[tuple[str, ...]], output: Output) -> None:
    """Write rows to stdout."""
    if output is Output.json:
        typer.echo(json.dumps([dict(zip(columns, line, strict=True)) for line in lines], indent=2, ensure_ascii=False))
    elif output is Output.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([columns, *lines])
    else:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column, overflow="fold")
        for line in lines:
            table.add_row(*line)
        # A pipe has no width: fold at the terminal's edge only.
        width = None if sys.stdout.isatty() else 1000
        Console(markup=False, highlight=False, width=width).print(table)


@app.command()
def show(
    *,
    config: ConfigOption = None,
    profile: ProfileOption = None,
    descriptions: Annotated[bool, typer.Option("--descriptions", help="Add what each setting means.")] = False,
    output: OutputOption = Output.table,
) -> None:
    """Show every setting, its value and where the value came from. Passwords are hidden."""
    loaded = load_or_exit(config, profile)
    columns: tuple[str, ...] = ("setting", "value", "origin")
    lines: list[tuple[str, ...]] = [(row.name, row.value, row.origin) for row in rows(loaded)]
    if descriptions:
        columns = (*columns, "meaning")
        lines = [(*line, row.description) for line, row in zip(lines, rows(loaded), strict=True)]
    write(columns, lines, output)


@app.command()
def path(*, config: ConfigOption = None, profile: ProfileOption = None, output: OutputOption = Output.table) -> None:
    """Show which files are read, where they are looked for, and where data and logs go."""
    loaded = load_or_exit(config, profile)
    used, settings = loaded.provenance.file, loaded.settings
    keys = settings.market.api_keys_file or config_directory() / KEYS_FILE_NAME
    lines: list[tuple[str, ...]] = [
        (f"settings, place {n}", str(place), "found" if place.is_file() else "")
        for n, place in enumerate(search_places(), 1)
    ]
    lines = [
        ("settings in use", str(used) if used else "", "" if used else "no file; defaults, environment and flags"),
        *lines,
        ("store", next(row.value for row in rows(loaded) if row.name == "store.url"), ""),
        ("vendors' keys", str(keys), "found" if keys.is_file() else "not there; only vendors need it"),
        ("log files", str(settings.logging.directory or ""), "" if settings.logging.directory else "console only"),
    ]
    write(("what", "path", "state"), lines, output)

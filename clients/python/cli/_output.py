"""How data is written to stdout: aligned tables for people, JSON and CSV for programs."""

from __future__ import annotations

import csv
import json
import math
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer

from riskwave.cli._fitting import SPACE, fit, wraps
from riskwave.cli._options import Output

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console, RenderableType

    from riskwave._results import Grid

SCHEMA_VERSION = 1
"""Grows when a field of the JSON output changes its meaning or goes away."""
_WIDTH_UNKNOWN = 120


def write_json(document: Any, *, kind: str) -> None:
    """Write a document as JSON, numbers with all their digits; NaN and infinity become null, for JSON has none.

    An object gets its fields beside ``schema_version`` and ``kind``, a list becomes ``items``.
    """
    head = {"schema_version": SCHEMA_VERSION, "kind": kind}
    fields = document if isinstance(document, dict) else {"items": document}
    typer.echo(json.dumps({**head, **_finite(fields)}, ensure_ascii=False, allow_nan=False))


def write_json_line(document: Mapping[str, Any], *, kind: str) -> None:
    """Write one item of a stream as a line of JSON, at once."""
    write_json(dict(document), kind=kind)
    sys.stdout.flush()


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


def write_csv(rows: Iterable[Mapping[str, Any]], *, columns: Sequence[str] | None = None) -> None:
    """Write rows as CSV with a header, numbers with all their digits; NaN and None are empty."""
    writer = None
    for row in rows:
        if writer is None:
            names = list(columns or row)
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(names)
        writer.writerow([_cell(row[name]) for name in names])
    if writer is None and columns:
        csv.writer(sys.stdout, lineterminator="\n").writerow(columns)


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(float(value))
    return "" if value is None else value


def moment(time: Any) -> str:
    """Return the time of a bar as tables and CSV have it: a date where the bar is a day's, else to the second, UTC.

    Examples
    --------
    >>> moment("2026-01-02T00:00:00.000000000"), moment("2026-01-02 14:30:00")
    ('2026-01-02', '2026-01-02T14:30:00')
    """
    return str(time)[:19].replace(" ", "T").removesuffix("T00:00:00")


def console() -> Console:
    """Return where tables go: stdout, as wide as the terminal, or wide enough when there is none."""
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDTH_UNKNOWN
    return Console(width=width, highlight=False, soft_wrap=False)


def message(text: str) -> None:
    """Write a line for people to stderr."""
    typer.echo(text, err=True)


def write_grid(grid: Grid, *, notes: bool = True) -> None:
    """Write a table as wide as the terminal allows, with its notes below."""
    from rich.text import Text

    screen = console()
    aligned = replace(grid, rows=_align_points(grid))
    for i, part in enumerate(fit(aligned, screen.width)):
        if i:
            screen.print()
        screen.print(_draw(part, "" if i else grid.title))
    for note in grid.notes if notes else ():
        screen.print(Text(note, style="yellow" if note.startswith("warning") else "dim"))


def _draw(grid: Grid, title: str) -> RenderableType:
    from rich.box import Box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    line_below_heading = Box("    \n    \n ─  \n    \n    \n    \n    \n    \n")
    table = Table(box=line_below_heading, pad_edge=False, show_edge=False, padding=(0, SPACE - 1, 0, 0))
    for i, name in enumerate(grid.columns):
        heading = Text(name, justify="right" if i in grid.numeric else "left")  # numbers come aligned by their points
        table.add_column(heading, no_wrap=not wraps(grid, i), overflow="fold")
    for row in grid.rows:
        table.add_row(*(Text(cell) for cell in row))
    return Group(Text(title, style="bold"), table) if title else table


def _align_points(grid: Grid) -> tuple[tuple[str, ...], ...]:
    columns = []
    for i, cells in enumerate(zip(*grid.rows, strict=True)):
        heading = max(map(len, grid.columns[i].split("\n")))
        columns.append(_align(cells, heading) if i in grid.numeric else cells)
    return tuple(zip(*columns, strict=True))


def _align(cells: tuple[str, ...], least: int) -> tuple[str, ...]:
    """Put the decimal points of a column under each other, in cells of one width."""
    decimals = [len(cell) - cell.find(".") if "." in cell else 0 for cell in cells]
    width = max(decimals, default=0)
    padded = [cell + " " * (width - own) if cell else "" for cell, own in zip(cells, decimals, strict=True)]
    widest = max(least, *map(len, padded))
    return tuple(cell.rjust(widest) if cell else "" for cell in padded)


def write(
    output: Output, *, kind: str, document: Any, rows: Iterable[Mapping[str, Any]], grids: Iterable[Grid]
) -> None:
    """Write a result in the wanted form.

    Parameters
    ----------
    output
        The form.
    kind
        What the JSON document is, such as portfolio_report.
    document
        The result as dicts and lists, for JSON.
    rows
        The result as rows, for CSV.
    grids
        The result as tables.
    """
    if output is Output.json:
        write_json(document, kind=kind)
    elif output is Output.csv:
        write_csv(rows)
    else:
        for i, grid in enumerate(grids):
            if i:
                typer.echo()
            write_grid(grid)

"""How watched prices are shown: a table that changes in its place, or a line each where nobody can redraw one."""

from __future__ import annotations

import math
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from riskwave._watching import RECONNECT_ATTEMPTS
from riskwave.cli._options import Output
from riskwave.cli._output import console, message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.table import Table

    from riskwave import PriceUpdate

_COLUMNS = ("symbol", "price", "change", "%", "time", "source")


def show_state(state: str) -> None:
    """Tell people on stderr when the connection is lost and back."""
    if state == "reconnecting":
        message(f"connection lost, reconnecting: {RECONNECT_ATTEMPTS} attempts at most")
    elif state == "connected":
        message("connected")


def price_row(update: PriceUpdate) -> dict[str, Any]:
    """Return an update as JSON and CSV have it."""
    return {
        "time": str(update.time),
        "symbol": update.symbol,
        "price": update.price,
        "change": update.change,
        "change_fraction": update.change_fraction,
        "source": update.source,
        "sequence": update.sequence,
    }


@contextmanager
def show_prices(output: Output) -> Iterator[Callable[[PriceUpdate], None]]:
    """Give what shows an update: in a live table where output is for people at a terminal, else as a line."""
    if output is not Output.table or not sys.stdout.isatty():
        yield _write_line
        return
    from rich.live import Live

    newest: dict[str, PriceUpdate] = {}
    with Live(_table(newest), console=console(), auto_refresh=False) as live:

        def show(update: PriceUpdate) -> None:
            newest[update.symbol] = update
            live.update(_table(newest), refresh=True)

        yield show


def _write_line(update: PriceUpdate) -> None:
    change = _signed(update.change, ",.4f")
    typer.echo(f"{str(update.time)[:19]}  {update.symbol:<14} {update.price:>12,.4f} {change:>10}")


def _signed(value: float, form: str) -> str:
    """Return a number with its sign, or a dash where there is none: the first bar has no change.

    Examples
    --------
    >>> _signed(0.5, ".1%"), _signed(float("nan"), ".1%")
    ('+50.0%', '-')
    """
    return "-" if math.isnan(value) else f"{value:+{form}}"


def _table(newest: dict[str, PriceUpdate]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name in {"price", "change", "%"} else "left", no_wrap=True)
    for symbol, one in sorted(newest.items()):
        style = "green" if one.change > 0 else "red" if one.change < 0 else ""
        table.add_row(
            symbol,
            f"{one.price:,.4f}",
            Text(_signed(one.change, ",.4f"), style),
            Text(_signed(one.change_fraction, ".2%"), style),
            str(one.time)[:19].replace("T", " ").removesuffix(" 00:00:00"),
            one.source + (" (provisional)" if one.provisional else ""),
        )
    return table

"""The root of the command line."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from riskwave.cli._failures import report
from riskwave.cli._lazy import LazyGroup

HELP = """Oscillators, portfolio risk and Monte Carlo from a compute server.

\b
Examples:
  riskwave up
  riskwave prices get WTI,BRENT --start 2020-01-01
  riskwave indicators compute RSI --symbols WTI --param timeperiod=7,14,28
  riskwave risk analyze --weights WTI=0.5,BRENT=0.3,NATURAL_GAS=0.2
  riskwave risk analyze --portfolio oil --start 2010-01-01 --output json
  riskwave simulate run --mean 0.0005 --volatility 0.01 --paths 1000000

Data goes to stdout, progress and messages to stderr. The server is the one of --address, of RISKWAVE_ADDRESS, or
localhost:50051.

\b
Exit codes:
  0 done                   6 invalid data             78 configuration
  1 unexpected             7 access denied           130 interrupted
  2 usage                  8 overloaded or too large
  3 not found              9 not possible as things are
  4 unavailable or too late
"""

app = typer.Typer(cls=LazyGroup, help=HELP, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"riskwave {version('riskwave')}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Only carries the options of the root; its help is above."""


def main() -> None:
    """Run the command line and end the process with an exit code."""
    try:
        with report():
            app(prog_name="riskwave")
    except SystemExit as end:
        # Click and Rich make 1 of a reader that has had enough, as `head` has: nothing went wrong.
        if isinstance(end.__context__, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        raise

"""A run while it converges: a bar on stderr, and what is there when the user stops it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Protocol, TypeVar

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from riskwave import SimulationProgress, Stream

R_co = TypeVar("R_co", covariant=True)
"""What is found."""

ProgressOption = Annotated[
    bool | None,
    typer.Option("--progress/--no-progress", help="Show it on stderr.", show_default="on a terminal"),
]


class Update(Protocol[R_co]):
    """An estimate on the way, or the last."""

    @property
    def result(self) -> R_co:
        """What was found so far."""

    @property
    def progress(self) -> SimulationProgress:
        """How far the run has come."""


U = TypeVar("U", bound=Update[object])
R = TypeVar("R")


def is_shown(wanted: bool | None) -> bool:
    """Return whether progress is shown: as wanted, or where somebody looks at stderr."""
    return sys.stderr.isatty() if wanted is None else wanted


def follow(
    start: Callable[[], Stream[U]], whole: Callable[[], R], latest: Callable[[U], tuple[R, str]], path_count: int
) -> tuple[R, bool]:
    """Show a run and return its result, or the last estimate of one that the user stopped, and whether it is the whole.

    Parameters
    ----------
    start
        Opens the stream of updates.
    whole
        Asks for the result at once, where the server has no such stream.
    latest
        Returns an update's result and what is said of it beside the bar.
    path_count
        Paths to do.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from riskwave import NotImplementedByServerError
    from riskwave._results import format_duration

    columns = (BarColumn(bar_width=24), MofNCompleteColumn(), TextColumn("paths"), TextColumn("{task.description}"))
    result: R | None = None
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar, start() as updates:
            task = bar.add_task("", total=path_count)
            for update in updates:
                result, said = latest(update)
                done = update.progress
                pace = f"{done.paths_per_second:,.0f} a second, {format_duration(round(done.time_left_s))} left"
                bar.update(task, completed=done.paths_done, description=f"{pace}, {said}")
    except KeyboardInterrupt:
        # Leaving the stream has stopped the work; what was received stays valid.
        if result is None:
            typer.echo("stopped before there was an estimate", err=True)
            raise
        return result, False
    except NotImplementedByServerError:
        return whole(), True
    assert result is not None, "a stream that ends without an error has sent its final estimate"
    return result, True


def end_stopped(done: int, path_count: int) -> None:
    """Say how far a run had come that the user stopped, and end as interrupted."""
    from riskwave.cli._failures import INTERRUPTED

    typer.echo(f"stopped after {done:,} of {path_count:,} paths", err=True)
    raise typer.Exit(INTERRUPTED)

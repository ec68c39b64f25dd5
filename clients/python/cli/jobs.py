"""``riskwave jobs``: work that outlives a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from riskwave.cli._options import Common, Output, common, takes
from riskwave.cli._output import message, write, write_json, write_json_line
from riskwave.cli._simulating import simulation

if TYPE_CHECKING:
    from riskwave import Job

app = typer.Typer(help="Work that outlives a call (not served yet).", add_completion=False, no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="JOB", help="The job's name, such as jobs/1f2e.")]


@app.command()
@takes(options=simulation, common=common)
def submit(options: dict[str, Any], common: Common) -> None:
    """Hand a simulation over to the server.

    It goes on when this command has ended.
    """
    from riskwave import JobSpec

    with common.connect() as client:
        job = client.jobs.submit(JobSpec.simulation(**options))
    _write(common.output, [job], kind="job", single=True)
    message(f"watch it with `riskwave jobs watch {job.name}`")


@app.command("list")
@takes(common=common)
def list_jobs(
    common: Common,
    state: Annotated[
        str | None, typer.Option(help="Only pending, running, cancelling, succeeded, failed or cancelled.")
    ] = None,
) -> None:
    """List jobs, the newest first."""
    with common.connect() as client:
        _write(common.output, list(client.jobs.list(state=state)), kind="jobs")


@app.command()
@takes(common=common)
def get(common: Common, name: NameArgument) -> None:
    """Return a job."""
    with common.connect() as client:
        _write(common.output, [client.jobs.get(name)], kind="job", single=True)


def _write(output: Output, jobs: list[Job], *, kind: str, single: bool = False) -> None:
    from riskwave._results import Grid, format_value

    rows = [
        {
            "name": job.name,
            "work": job.spec.work,
            "state": job.state,
            "done": job.progress.paths_done,
            "of": job.progress.paths_total,
            "created": format_value(job.create_time),
            "ended": format_value(job.end_time),
            "error": "" if job.error is None else job.error.message,
        }
        for job in jobs
    ]
    cells = tuple(tuple(format_value(value) for value in row.values()) for row in rows)
    columns = ("job", "work", "state", "paths done", "of", "created", "ended", "error")
    grid = Grid(f"{len(rows)} job{'' if len(rows) == 1 else 's'}", columns, cells, frozenset({3, 4}))
    document: Any = jobs[0].to_dict() if single else [job.to_dict() for job in jobs]
    write(output, kind=kind, document=document, rows=rows, grids=[grid])


@app.command()
@takes(common=common)
def watch(
    common: Common,
    name: NameArgument,
    after: Annotated[int, typer.Option(min=0, help="Only events after this one.")] = 0,
) -> None:
    """Write a job's events until it has ended.

    Ctrl-C ends the watching, not the job.
    """
    last: Job | None = None
    with common.connect() as client, client.jobs.watch(name, after_sequence=after) as events:
        for event in events:
            last = event.job
            progress = last.progress
            if common.output is Output.json:
                estimate = None if event.estimate is None else event.estimate.statistics.to_dict()
                write_json_line(
                    {"sequence": event.sequence, "job": last.to_dict(), "estimate": estimate}, kind="job_event"
                )
                continue
            mean = "" if event.estimate is None else f"  mean return {event.estimate.statistics.mean_return!r}"
            typer.echo(
                f"{event.sequence:>5}  {last.state:<10} {progress.paths_done:,} of {progress.paths_total:,}{mean}"
            )
    if last is not None and last.error is not None:
        raise last.error


@app.command()
@takes(common=common)
def result(common: Common, name: NameArgument) -> None:
    """Return what a job has found."""
    from riskwave import Simulation
    from riskwave.cli.simulate import write_simulation

    with common.connect() as client:
        found = client.jobs.result(name)
    if isinstance(found, Simulation):
        write_simulation(common.output, found)
    elif common.output is Output.json:
        write_json(found.to_dict(), kind="job_result")
    else:
        grid = found.grid()
        rows = (dict(zip(grid.columns, row, strict=True)) for row in grid.rows)
        write(common.output, kind="job_result", document={}, rows=rows, grids=[grid])


@app.command()
@takes(common=common)
def cancel(common: Common, name: NameArgument) -> None:
    """Ask a job to stop; what it has found so far stays."""
    with common.connect() as client:
        report = client.jobs.cancel(name)
    _write(common.output, [report.job], kind="job", single=True)
    message(
        f"{report.outcome}: {report.chunks_cancelled:,} pieces will not run, "
        f"{report.chunks_draining:,} are being finished"
    )


@app.command()
@takes(common=common)
def delete(common: Common, name: NameArgument) -> None:
    """Forget a job that has ended."""
    with common.connect() as client:
        client.jobs.delete(name)
    message(f"{name} is forgotten")

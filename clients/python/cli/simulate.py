"""``riskwave simulate``: what may happen next."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from riskwave.cli._failures import INTERRUPTED
from riskwave.cli._options import Common, Output, common, takes
from riskwave.cli._output import console, write, write_csv, write_grid, write_json
from riskwave.cli._pricing import derivative
from riskwave.cli._simulating import simulation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from riskwave import Client, Simulation, SimulationUpdate

app = typer.Typer(help="What may happen next.", add_completion=False, no_args_is_help=True)


@app.command()
@takes(options=simulation, common=common)
def run(
    options: dict[str, Any],
    common: Common,
    progress: Annotated[
        bool | None,
        typer.Option("--progress/--no-progress", help="Show it on stderr.", show_default="on a terminal"),
    ] = None,
) -> None:
    """Simulate a portfolio, each statistic with its error.

    Two runs with equal options and seed give equal digests, wherever they run. Ctrl-C stops one whose progress is shown
    and writes what is there.
    """
    shown = sys.stderr.isatty() if progress is None else progress
    done = True
    with common.connect() as client:
        if shown:
            result, done = _run_with_progress(client, options)
        else:
            result = client.simulation.run(**options)
    write_simulation(common.output, result)
    if not done:
        typer.echo(f"stopped after {result.num_simulations:,} of {options['paths']:,} paths", err=True)
        raise typer.Exit(INTERRUPTED)


@app.command()
@takes(options=simulation, common=common)
def estimate(options: dict[str, Any], common: Common) -> None:
    """Tell what a simulation would cost in time and memory, without running it."""
    with common.connect() as client:
        cost = client.simulation.estimate(**options)
    document = cost.to_dict()
    row = {name: value for name, value in document.items() if name != "meta"}
    write(common.output, kind="simulation_cost", document=document, rows=[row], grids=[cost.grid()])


def _run_with_progress(client: Client, options: dict[str, Any]) -> tuple[Simulation, bool]:
    """Return the result, or the last estimate of a run that the user stopped, and whether it is the whole."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from riskwave import NotImplementedByServerError

    columns = (
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("paths"),
        TextColumn("{task.description}"),
    )
    result: Simulation | None = None
    try:
        with (
            Progress(*columns, console=Console(stderr=True), transient=True) as bar,
            client.simulation.stream(**options) as updates,
        ):
            task = bar.add_task("", total=options["paths"])
            for update in updates:
                result = update.result
                bar.update(task, completed=update.progress.paths_done, description=_described(update))
    except KeyboardInterrupt:
        # Leaving the stream has stopped the work; what was received stays valid.
        if result is None:
            raise
        return result, False
    except NotImplementedByServerError:
        return client.simulation.run(**options), True
    assert result is not None, "a stream that ends without an error has sent its final estimate"
    return result, True


def _described(update: SimulationUpdate) -> str:
    """Return rate, time left and the mean of the estimate."""
    progress = update.progress
    mean = f"mean return {update.result.statistics.mean_return!r}"
    return f"{progress.paths_per_second:,.0f} a second, {progress.time_left_s:,.0f} s left, {mean}"


def write_simulation(output: Output, result: Simulation) -> None:
    """Write a simulation in the wanted form."""
    if output is Output.json:
        write_json(result.to_dict(), kind="simulation")
    elif output is Output.csv:
        write_csv(_path_rows(result) if result.distributions else _statistic_rows(result))
    else:
        write_grid(result.grid(), notes=False)
        _draw(result)
        write_notes(result)


def write_notes(result: Simulation) -> None:
    """Write warnings, prices, seed and digest below a table."""
    screen = console()
    for note in result.meta.notes():
        screen.print(note, style="yellow" if note.startswith("warning") else "dim", markup=False)


def _draw(result: Simulation) -> None:
    from riskwave.cli._charts import histogram, sparkline

    summary = result.summaries.get("returns")
    screen = console()
    if summary is not None and len(summary.histogram.counts):
        statistics = result.statistics
        marks = {
            "VaR 1 %": float(statistics.var_1),
            "VaR 5 %": float(statistics.var_5),
            "median": float(statistics.median_return),
        }
        width = max(min(screen.width - 46, 60), 12)
        bars = histogram(summary.histogram.edges, summary.histogram.counts, marks, width=width)
        screen.print(f"\nfinal return, all but the outermost 0.1 %\n{bars}", markup=False)
    fan = result.fan
    for i, probability in enumerate(fan.probabilities.tolist()):
        if probability in {0.05, 0.5, 0.95}:
            line = sparkline(fan.wealth[i], 40)
            screen.print(f"wealth at {probability * 100:3.0f} %  {line}  {fan.wealth[i, -1]:.3f}", markup=False)
    screen.print()


def _statistic_rows(result: Simulation) -> Iterator[Mapping[str, Any]]:
    columns = ("value", "standard_error", "low", "high", "confidence")
    for name, parts in result.statistics.to_dict().items():
        full = parts if isinstance(parts, dict) else {"value": parts}
        yield {"statistic": name, **{column: full.get(column) for column in columns}}
    for name, summary in result.summaries.items():
        if name != "returns":
            full = summary.mean.to_dict()
            yield {"statistic": f"mean_{name}", **{column: full[column] for column in columns}}


def _path_rows(result: Simulation) -> Iterator[Mapping[str, Any]]:
    names = list(result.distributions)
    columns = [values.tolist() for values in result.distributions.values()]
    for i, row in enumerate(zip(*columns, strict=True)):
        yield {"path": i, **dict(zip(names, row, strict=True))}


@app.command()
@takes(options=derivative, common=common)
def price(options: dict[str, Any], common: Common) -> None:
    """Price a derivative and its sensitivities, each with its error.

    Example: riskwave simulate price --payoff asian --spot 80 --rate 0.03 --param volatility=0.35
    --payoff-param strike=80 --greeks delta,vega
    """
    from rich.console import Console

    with common.connect() as client, Console(stderr=True).status(f"pricing, {options['paths']:,} paths"):
        result = client.simulation.price(**options)
    rows = [{"name": "price", **result.price.to_dict()}]
    rows += [{"name": one.label, **one.estimate.to_dict()} for one in result.greeks]
    write(common.output, kind="derivative_price", document=result.to_dict(), rows=rows, grids=[result.grid()])


@app.command()
@takes(common=common)
def models(common: Common) -> None:
    """List models and payoffs with their parameters."""
    from riskwave._results import Grid

    with common.connect() as client:
        catalogue = client.simulation.models()
    model_rows = tuple(
        (one.name, one.title, ", ".join(map(str, one.parameters)), _use(one.modes, one.payoffs))
        for one in catalogue.models
    )
    payoff_rows = tuple(
        (
            one.name,
            one.title,
            ", ".join(map(str, one.parameters)),
            ", ".join(model.name for model in catalogue.models if one.name in model.payoffs),
        )
        for one in catalogue.payoffs
    )
    grids = [Grid("models", ("model", "title", "parameters", "for"), model_rows)]
    if payoff_rows:
        grids.append(Grid("payoffs", ("payoff", "title", "parameters", "models"), payoff_rows))
    rows = [
        {"kind": kind, "name": row[0], "title": row[1], "parameters": row[2]}
        for kind, table in (("model", model_rows), ("payoff", payoff_rows))
        for row in table
    ]
    write(common.output, kind="catalogue", document=catalogue.to_dict(), rows=rows, grids=grids)


def _use(modes: Sequence[str], payoffs: Sequence[str]) -> str:
    """Return what a model is for: portfolios in its modes, prices, or both."""
    uses = [f"portfolios ({', '.join(modes)})"] if modes else []
    return ", ".join([*uses, *(["prices"] if payoffs else [])])

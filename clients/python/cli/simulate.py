"""``riskwave simulate``: what may happen next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from riskwave.cli._options import Common, Output, common, takes
from riskwave.cli._output import console, write, write_csv, write_grid, write_json
from riskwave.cli._pricing import derivative
from riskwave.cli._progress import ProgressOption, end_stopped, follow, is_shown
from riskwave.cli._simulating import simulation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from riskwave import DerivativePrice, DerivativePriceUpdate, ModelSpec, Simulation, SimulationUpdate

app = typer.Typer(help="What may happen next.", add_completion=False, no_args_is_help=True)


@app.command()
@takes(options=simulation, common=common)
def run(options: dict[str, Any], common: Common, progress: ProgressOption = None) -> None:
    """Simulate a portfolio, each statistic with its error.

    Two runs with equal options and seed give equal digests, wherever they run. Ctrl-C stops one whose progress is shown
    and writes what is there.
    """
    done = True
    with common.connect() as client:
        api = client.simulation
        if is_shown(progress):
            result, done = follow(
                lambda: api.stream(**options), lambda: api.run(**options), _latest_simulation, options["paths"]
            )
        else:
            result = api.run(**options)
    write_simulation(common.output, result)
    if not done:
        end_stopped(result.num_simulations, options["paths"])


def _latest_simulation(update: SimulationUpdate) -> tuple[Simulation, str]:
    return update.result, f"mean return {update.result.statistics.mean_return!r}"


@app.command()
@takes(options=simulation, common=common)
def estimate(options: dict[str, Any], common: Common) -> None:
    """Tell what a simulation would cost in time and memory, without running it."""
    with common.connect() as client:
        cost = client.simulation.estimate(**options)
    document = cost.to_dict()
    row = {name: value for name, value in document.items() if name != "meta"}
    write(common.output, kind="simulation_cost", document=document, rows=[row], grids=[cost.grid()])


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
def price(options: dict[str, Any], common: Common, progress: ProgressOption = None) -> None:
    """Price a derivative and its sensitivities, each with its error.

    Two prices with equal options and seed have equal digests, wherever they run. Ctrl-C stops one whose progress is
    shown and writes what is there.

    Example: riskwave simulate price --payoff asian --spot 80 --rate 0.03 --param volatility=0.35
    --payoff-param strike=80 --greeks delta,vega
    """
    done = True
    with common.connect() as client:
        api = client.simulation
        if is_shown(progress):
            result, done = follow(
                lambda: api.stream_price(**options), lambda: api.price(**options), _latest_price, options["paths"]
            )
        else:
            result = api.price(**options)
    rows = [{"name": "price", **result.price.to_dict()}]
    rows += [{"name": one.label, **one.estimate.to_dict()} for one in result.greeks]
    write(common.output, kind="derivative_price", document=result.to_dict(), rows=rows, grids=[result.grid()])
    if not done:
        end_stopped(result.path_count, options["paths"])


def _latest_price(update: DerivativePriceUpdate) -> tuple[DerivativePrice, str]:
    return update.result, f"price {update.result.price!r}"


@app.command()
@takes(common=common)
def models(common: Common) -> None:
    """List models and payoffs with their parameters."""
    from riskwave._results import Grid

    with common.connect() as client:
        catalogue = client.simulation.models()
    simulating = tuple(
        (one.name, one.title, _in_words(one, one.portfolio_parameters), ", ".join(one.modes))
        for one in catalogue.models
        if one.simulates_portfolios
    )
    pricing = tuple(
        (one.name, one.title, _in_words(one, one.price_parameters), ", ".join(one.payoffs))
        for one in catalogue.models
        if one.payoffs
    )
    paid = tuple(
        (
            one.name,
            one.title,
            ", ".join(map(str, one.parameters)),
            ", ".join(model.name for model in catalogue.models if one.name in model.payoffs),
        )
        for one in catalogue.payoffs
    )
    grids = [Grid("models of portfolios (simulate run)", ("model", "title", "parameters", "modes"), simulating)]
    if paid:
        grids.append(Grid("models of prices (simulate price)", ("model", "title", "parameters", "payoffs"), pricing))
        grids.append(Grid("payoffs (simulate price)", ("payoff", "title", "parameters", "models"), paid))
    rows = [
        {"kind": kind, "name": row[0], "title": row[1], "parameters": row[2]}
        for kind, table in (("portfolio model", simulating), ("price model", pricing), ("payoff", paid))
        for row in table
    ]
    write(common.output, kind="catalogue", document=catalogue.to_dict(), rows=rows, grids=grids)


def _in_words(model: ModelSpec, taken: tuple[str, ...]) -> str:
    """Return the parameters that a model takes for something; all where the server does not tell for what."""
    told = model.portfolio_parameters or model.price_parameters
    return ", ".join(map(str, model.parameters_for(taken) if told else model.parameters))

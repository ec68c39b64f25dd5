"""What the simulation page shows of one message of a running simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from dash import html

from riskwave import Estimate
from riskwave.dashboard.components.cards import metric_card, plain_card
from riskwave.dashboard.components.part import footer, graph, table, table_twin, warning
from riskwave.dashboard.components.reproduce import reproduce
from riskwave.dashboard.figures.simulation import fan_figure, histogram_figure, share_beyond
from riskwave.dashboard.formats import (
    MISSING,
    PERCENT,
    count,
    duration,
    error_digits,
    interval,
    number,
    percent,
    plus_minus,
    quantity,
)
from riskwave.dashboard.listings import provenance
from riskwave.dashboard.snippets import simulate_snippets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dash.development.base_component import Component

    from riskwave import Simulation, SimulationUpdate
    from riskwave.dashboard.formats import Unit

Updates = dict[str, dict[str, Any]]

_STATISTICS: tuple[tuple[str, str], ...] = (
    ("mean_return", "Mean return"),
    ("median_return", "Median return"),
    ("std_return", "Standard deviation"),
    ("var_5", f"VaR 95{PERCENT} (5{PERCENT} quantile)"),
    ("cvar_5", f"CVaR 95{PERCENT}"),
    ("var_1", f"VaR 99{PERCENT} (1{PERCENT} quantile)"),
    ("cvar_1", f"CVaR 99{PERCENT}"),
    ("probability_of_loss", "Probability of a loss"),
    ("min_return", "Smallest return"),
    ("max_return", "Largest return"),
)
_CARDS: tuple[tuple[str, str, str], ...] = (
    ("probability_of_loss", "Probability of a loss", "The share of paths that end below their start."),
    (
        "var_5",
        f"VaR 95{PERCENT}",
        f"The 5{PERCENT} quantile of the final return: one path of twenty ends at or below it.",
    ),
    ("cvar_5", f"CVaR 95{PERCENT}", f"The mean of the final returns at or below VaR 95{PERCENT}."),
    ("median_return", "Median return", "Half of the paths end above it."),
    ("mean_return", "Mean return", "The mean of the final returns."),
)
_SUMMARIES: Mapping[str, tuple[str, Unit]] = {
    "volatilities": ("Volatility a year", "fraction"),
    "max_drawdowns": ("Maximum drawdown", "fraction"),
    "sharpe_ratios": ("Sharpe ratio", "ratio"),
}


def progress_line(update: SimulationUpdate) -> Updates:
    """Return the progress bar and its line."""
    progress = update.progress
    share = progress.paths_done / progress.paths_total if progress.paths_total else 0.0
    if update.final:
        text = f"{count(update.result.num_simulations)} paths done in {duration(update.result.meta.compute_s)}."
    else:
        rate = f", {number(progress.paths_per_second, 0)} a second" if progress.paths_per_second > 0 else ""
        left = f", about {duration(progress.time_left_s)} left" if progress.time_left_s > 0 else ""
        text = f"{count(progress.paths_done)} of {count(progress.paths_total)} paths{rate}{left}"
    return {
        "simulation-progress": {"value": 100 if update.final else round(100 * share, 1), "animated": not update.final},
        "simulation-status": {"children": text},
    }


def result_updates(update: SimulationUpdate, arguments: Mapping[str, Any], *, address: str) -> Updates:
    """Return cards, charts and tables of an estimate; the final one brings the digest and how to reproduce it."""
    run = update.result
    notices = [warning(item.message) for item in run.meta.warnings]
    updates: Updates = {
        "simulation-cards": {"children": cards(run)},
        "simulation-fan-body": {"children": fan(run)},
        "simulation-histogram-body": {"children": histogram(run)},
        "simulation-table-body": {"children": [*notices, *numbers(run)]},
    }
    if update.final:
        seeded = {**arguments, "seed": run.meta.seed} if run.meta.seed is not None else dict(arguments)
        command, code = simulate_snippets(seeded, address=address)
        updates["simulation-reproduce-body"] = {"children": reproduce(command, code, digest=run.meta.digest)}
    return updates


def cards(run: Simulation) -> list[Component]:
    """Return the cards of the numbers that are asked for first, and the seed."""
    made = [
        metric_card(name, title, getattr(run.statistics, name), unit="fraction", definition=definition)
        for name, title, definition in _CARDS
    ]
    seed = str(run.meta.seed) if run.meta.seed is not None else MISSING
    return [
        *made,
        plain_card(
            "Seed",
            seed,
            f"{count(run.num_simulations)} paths, {count(run.time_horizon_days)} days",
            card_id="simulation-seed-used",
        ),
    ]


def fan(run: Simulation) -> list[Component]:
    """Return the fan chart with its table."""
    bands = run.fan
    if not bands.days.size:
        return [html.P("The fan comes with the first paths.", className="rw-empty")]
    median = run.statistics.median_return.value
    figure = fan_figure(bands.days, bands.probabilities.tolist(), bands.wealth)
    marks = dict.fromkeys(int(mark) for mark in np.linspace(0, bands.days.size - 1, 13))
    rows = [[count(int(bands.days[mark])), *(number(float(line[mark]), 3) for line in bands.wealth)] for mark in marks]
    headings = ["Day", *(f"{probability:.0%}" for probability in bands.probabilities)]
    label = f"Quantile bands of the wealth over {run.time_horizon_days} days; the median ends at {number(1 + median)}."
    origin = f"From the first {count(bands.path_count)} of {count(run.num_simulations)} paths"
    if bands.path_count == run.num_simulations:
        origin = f"From all {count(bands.path_count)} paths"
    return [
        graph(figure, label=label, graph_id="simulation-fan-graph"),
        table_twin(headings, rows, caption="Quantiles of the wealth"),
        footer([origin, *provenance(run.meta)]),
    ]


def histogram(run: Simulation) -> list[Component]:
    """Return the histogram with the lines of VaR, CVaR and the median."""
    lines = {
        "VaR 95 %": run.statistics.var_5.value,
        "CVaR 95 %": run.statistics.cvar_5.value,
        "Median": run.statistics.median_return.value,
    }
    bins = run.summaries["returns"].histogram
    if not bins.counts.size:
        return [html.P("The histogram comes with the first paths.", className="rw-empty")]
    figure = histogram_figure(bins.edges, bins.counts, lines=lines)
    label = (
        "Distribution of the final return; "
        + ", ".join(f"{name} {percent(value)}" for name, value in lines.items())
        + "."
    )
    hidden = share_beyond(bins.counts)
    tail = f"{percent(hidden)} of them lie right of what is shown: zoom out to see them" if hidden > 0 else ""
    return [
        graph(figure, label=label, graph_id="simulation-histogram-graph"),
        footer([f"{count(run.num_simulations)} paths", tail]),
    ]


def numbers(run: Simulation) -> list[Component]:
    """Return the table of all statistics with their errors."""
    rows = [_row(title, getattr(run.statistics, name), "fraction") for name, title in _STATISTICS]
    for name, (title, unit) in _SUMMARIES.items():
        if name in run.summaries:
            rows.append(_row(f"{title}, mean over the paths", run.summaries[name].mean, unit))
    columns = ["Statistic", "Estimate", "Standard error", f"{run.statistics.mean_return.confidence:.0%} interval"]
    return [table(columns, rows, caption="Statistics of the simulation")]


def _row(title: str, value: float, unit: Unit) -> list[str]:
    # The extremes are plain numbers: no error is defined for them.
    estimate = value if isinstance(value, Estimate) else Estimate(value)
    error = plus_minus(estimate.standard_error, unit)
    shown = quantity(estimate.value, unit, error_digits(estimate.standard_error, unit))
    return [title, shown, error or MISSING, interval(estimate, unit) or MISSING]

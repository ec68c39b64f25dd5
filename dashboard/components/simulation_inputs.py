"""Where a reader says what to simulate, runs it and cancels it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import dcc, html

from riskwave.dashboard import holdings
from riskwave.dashboard.components.aria import aria
from riskwave.dashboard.simulation_form import PATHS_DEFAULT

if TYPE_CHECKING:
    from dash.development.base_component import Component

_TITLE_ID = "simulation-form-title"
_SEED_INFO = "Empty lets the server draw one, which is then shown."


def simulation_inputs() -> Component:
    """Return the box with the inputs, the cost, the buttons and the progress."""
    paths = _number("simulation-paths", "Paths", PATHS_DEFAULT, decimal=False, step=10_000, thousandSeparator=",")
    horizon = _number("simulation-horizon", "Horizon (days)", 252, decimal=False)
    body = [
        *_asset_inputs(),
        dmc.Select(
            id="simulation-model", label="Model", value="normal", data=["normal"], allowDeselect=False, size="xs"
        ),
        html.Div([paths, horizon], className="rw-row rw-fields"),
        _number("simulation-seed", "Seed", 7, decimal=False, description=_SEED_INFO),
        html.Div(id="simulation-estimate", role="status"),
        html.Div(
            [
                dmc.Button("Run", id="simulation-run", size="sm"),
                dmc.Button("Cancel", id="simulation-cancel", size="sm", variant="default", disabled=True),
            ],
            className="rw-row",
        ),
        dmc.Progress(id="simulation-progress", value=0, size="sm", **aria(label="Progress of the simulation")),
        html.Div("", id="simulation-status", className="rw-note", role="status"),
    ]
    head = html.Div(html.H2("Simulation", id=_TITLE_ID), className="rw-part-head")
    sinks = [dcc.Store(id="simulation-started"), dcc.Store(id="simulation-cancelled")]
    fields = html.Div(body, className="rw-tight")
    return html.Section([head, fields, *sinks], className="rw-part", **aria(labelledby=_TITLE_ID))


def _asset_inputs() -> list[Component]:
    kind = dmc.SegmentedControl(
        id="simulation-assets",
        value="portfolio",
        data=[{"value": "portfolio", "label": "My portfolio"}, {"value": "law", "label": "Mean and volatility"}],
        fullWidth=True,
        size="xs",
        **aria(label="What is simulated"),
    )
    start = dmc.TextInput(
        id="simulation-start",
        label="History from",
        value=holdings.default_start(),
        placeholder="YYYY-MM-DD",
        size="xs",
        debounce=True,
    )
    mine = [html.Div(id="simulation-holdings", className="rw-note"), start]
    law = [
        _number("simulation-mean", "Mean return a day", 0.0005, step=0.0001),
        _number("simulation-volatility", "Volatility a day", 0.01, step=0.001),
    ]
    hidden = {"display": "none"}
    return [
        kind,
        html.Div(mine, id="simulation-portfolio-fields", className="rw-tight"),
        html.Div(law, id="simulation-law-fields", className="rw-row rw-fields", style=hidden),
    ]


def _number(input_id: str, label: str, value: float, *, decimal: bool = True, **options: Any) -> Component:
    made: Component = dmc.NumberInput(
        id=input_id,
        label=label,
        value=value,
        allowDecimal=decimal,
        clampBehavior="none",
        # Taken when the input is left, which clicking Run does: waiting for a pause would run the value before.
        debounce=True,
        size="xs",
        **options,
    )
    return made

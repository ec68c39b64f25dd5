"""Simulation: what may happen next, with numbers that converge while they are watched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dash_mantine_components as dmc
from dash import Dash, Input, Output, State, dcc, html

from riskwave.dashboard import holdings
from riskwave.dashboard.clientside import clientside
from riskwave.dashboard.components.aria import aria
from riskwave.dashboard.components.part import error_state, part, problem_store
from riskwave.dashboard.formats import count, duration, size
from riskwave.dashboard.pages import Page, add_page
from riskwave.dashboard.problems import guarded
from riskwave.dashboard.simulation_form import FIELDS, PATHS_DEFAULT, form_of, simulation_arguments
from riskwave.dashboard.simulation_stream import add_routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dash.development.base_component import Component

    from riskwave import SimulationCost
    from riskwave.dashboard.gateway import Gateway

_STILL_WORKS = "The form stays; markets and the portfolio still work."
_FAN_INFO = "Bands between quantiles of the simulated wealth on each day; the line is the median."
_HISTOGRAM_INFO = (
    "How the simulated final returns are distributed, with the 5 % quantile (VaR 95 %), the mean of the returns at or "
    "below it (CVaR 95 %) and the median."
)
_TABLE_INFO = "Each estimate with one standard error and its confidence interval; more paths make both smaller."
_REPRODUCE_INFO = "The same request gives the same bits: the seed and the digest prove it."


def layout(query: Mapping[str, str]) -> Component:
    """Return the page; the portfolio comes from the browser, results from the stream of a run."""
    _ = query
    hint = html.P("Run a simulation to see this.", className="rw-empty")
    halves = [
        part("simulation-fan", "Wealth along time", info=_FAN_INFO, children=hint),
        part("simulation-histogram", "Return at the horizon", info=_HISTOGRAM_INFO, children=hint),
    ]
    results = [
        html.Div(id="simulation-cards", className="rw-cards"),
        html.Div(halves, className="rw-halves"),
        part("simulation-table", "Numbers and their errors", info=_TABLE_INFO, children=hint),
        part("simulation-reproduce", "Reproduce", info=_REPRODUCE_INFO, children=hint),
    ]
    stores = [problem_store("simulation"), problem_store("simulation-lists")]
    return html.Div([*stores, _form(), html.Div(results, className="rw-stack")], className="rw-columns")


def _form() -> Component:
    fields = html.Div(
        [
            dmc.SegmentedControl(
                id="simulation-assets",
                value="portfolio",
                data=[
                    {"value": "portfolio", "label": "My portfolio"},
                    {"value": "law", "label": "Mean and volatility"},
                ],
                fullWidth=True,
                size="xs",
                **aria(label="What is simulated"),
            ),
            html.Div(
                [
                    html.Div(id="simulation-holdings", className="rw-note"),
                    dmc.TextInput(
                        id="simulation-start",
                        label="History from",
                        value=holdings.default_start(),
                        placeholder="YYYY-MM-DD",
                        size="xs",
                        debounce=True,
                    ),
                ],
                id="simulation-portfolio-fields",
                className="rw-tight",
            ),
            html.Div(
                [
                    _number("simulation-mean", "Mean return a day", 0.0005, step=0.0001),
                    _number("simulation-volatility", "Volatility a day", 0.01, step=0.001),
                ],
                id="simulation-law-fields",
                className="rw-row",
                style={"display": "none"},
            ),
            dmc.Select(
                id="simulation-model", label="Model", value="normal", data=["normal"], allowDeselect=False, size="xs"
            ),
            html.Div(
                [
                    _number(
                        "simulation-paths", "Paths", PATHS_DEFAULT, decimal=False, step=10_000, thousandSeparator=","
                    ),
                    _number("simulation-horizon", "Horizon (days)", 252, decimal=False),
                ],
                className="rw-row",
            ),
            _number(
                "simulation-seed",
                "Seed",
                7,
                decimal=False,
                description="Empty lets the server draw one, which is then shown.",
            ),
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
        ],
        className="rw-tight",
    )
    head = html.Div(html.H2("Simulation", id="simulation-form-title"), className="rw-part-head")
    sinks = [dcc.Store(id="simulation-started"), dcc.Store(id="simulation-cancelled")]
    return html.Section([head, fields, *sinks], className="rw-part", **aria(labelledby="simulation-form-title"))


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
        style={"flex": "1 1 110px"},
        **options,
    )
    return made


def register(app: Dash, gateway: Gateway) -> None:
    """Register the page's callbacks."""
    raw = {name: State(component, prop) for name, (component, prop) in FIELDS.items()}
    clientside(
        app,
        "simulation.run",
        Output("simulation-started", "data"),
        Input("simulation-run", "n_clicks"),
        *raw.values(),
        prevent_initial_call=True,
    )
    clientside(
        app,
        "simulation.cancel",
        Output("simulation-cancelled", "data"),
        Input("simulation-cancel", "n_clicks"),
        prevent_initial_call=True,
    )
    _register_form(app, gateway)
    _register_estimate(app, gateway)


def _register_form(app: Dash, gateway: Gateway) -> None:
    @app.callback(
        Output("simulation-portfolio-fields", "style"),
        Output("simulation-law-fields", "style"),
        Input("simulation-assets", "value"),
    )
    async def show_fields(assets: str) -> tuple[dict[str, str], dict[str, str]]:
        shown: dict[str, str] = {}
        hidden = {"display": "none"}
        return (shown, hidden) if assets == "portfolio" else (hidden, shown)

    @app.callback(
        Output("simulation-holdings", "children"), Input("portfolio", "modified_timestamp"), State("portfolio", "data")
    )
    async def show_holdings(_time: int | None, data: Any) -> list[Any]:
        positions = holdings.read(data)
        if not positions:
            link = dcc.Link("portfolio page", href="/portfolio")
            return [
                "No portfolio is kept in this browser: make one on the ",
                link,
                ", or simulate a mean and volatility.",
            ]
        return [", ".join(f"{symbol} {holdings.as_percent(weight):g} %" for symbol, weight in positions.items())]

    @app.callback(Output("simulation-model", "data"), Input("simulation-model", "id"))
    @guarded(
        "simulation-lists",
        title="The list of models is unavailable",
        still_works="The normal model can still be asked for.",
        fallback=lambda _problem: ["normal"],
    )
    async def fill_models(_id: str) -> list[dict[str, str]]:
        return [
            {"value": name, "label": title}
            for name, title in ((model.name, model.title) for model in await gateway.portfolio_models())
        ]


def _register_estimate(app: Dash, gateway: Gateway) -> None:
    @app.callback(
        Output("simulation-estimate", "children"),
        *(Input(component, prop) for component, prop in FIELDS.values() if component != "portfolio"),
        Input("portfolio", "modified_timestamp"),
        State("portfolio", "data"),
    )
    # Told in place and without a toast: the reader is still typing.
    @guarded("simulation", title="This cannot be run", still_works=_STILL_WORKS, fallback=error_state, quiet=True)
    async def show_estimate(*values: Any) -> list[Component]:
        form = form_of([*values[:-2], values[-1]])
        if form["assets"] == "portfolio" and not holdings.read(form["portfolio"]):
            return []
        return [
            html.P(
                cost_line(await gateway.client.simulation.estimate(**simulation_arguments(form))), className="rw-note"
            )
        ]


def cost_line(cost: SimulationCost) -> str:
    """Return what a simulation would cost, in a sentence."""
    where = "the cluster" if cost.placement == "cluster" else "the server's own threads"
    return (
        f"About {duration(cost.duration_s)}, {size(cost.memory_bytes)} of memory, "
        f"{count(cost.path_step_count)} path-steps on {where}."
    )


PAGE = add_page(
    Page(
        path="/simulation",
        title="Simulation",
        summary="What may happen next",
        order=3,
        layout=layout,
        register=register,
        routes=add_routes,
    )
)

"""Simulation: what may happen next, with numbers that converge while they are watched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dash import Dash, Input, Output, State, dcc, html

from riskwave.dashboard import holdings
from riskwave.dashboard.clientside import clientside
from riskwave.dashboard.components.part import error_state, part, problem_store
from riskwave.dashboard.components.simulation_inputs import simulation_inputs
from riskwave.dashboard.formats import PERCENT, count, duration, size
from riskwave.dashboard.pages import Page, add_page
from riskwave.dashboard.problems import guarded
from riskwave.dashboard.simulation_form import FIELDS, form_of, simulation_arguments
from riskwave.dashboard.simulation_stream import add_routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dash.development.base_component import Component

    from riskwave import SimulationCost
    from riskwave.dashboard.gateway import Gateway

_STILL_WORKS = "The form stays; markets and the portfolio still work."
_FAN_INFO = "Bands between quantiles of the simulated wealth on each day; the line is the median."
_HISTOGRAM_INFO = (
    f"How the simulated final returns are distributed, with the 5{PERCENT} quantile (VaR 95{PERCENT}), the mean of the "
    f"returns at or below it (CVaR 95{PERCENT}) and the median."
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
    return html.Div([*stores, simulation_inputs(), html.Div(results, className="rw-stack")], className="rw-columns")


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
        return [", ".join(f"{symbol} {holdings.as_percent(weight):g}{PERCENT}" for symbol, weight in positions.items())]

    @app.callback(Output("simulation-model", "data"), Input("simulation-model", "id"))
    @guarded(
        gateway.timeout_s,
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
    @guarded(
        gateway.timeout_s,
        "simulation",
        title="This cannot be run",
        still_works=_STILL_WORKS,
        fallback=error_state,
        quiet=True,
    )
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
